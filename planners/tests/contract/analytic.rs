//! Problems whose best cost is known.

use planners::{Budget, CemConfig, Icem, IcemConfig, Method, Planner, PlannerConfig, SearchSpace};

use crate::{
    all_planners,
    models::{Model, PointMass, Sine, TwoWays},
};

/// Mean cost of a method's first decisions over seeds.
fn mean_cost(method: &Method, model: &mut Model<Sine>, space: &SearchSpace) -> f32 {
    let config = PlannerConfig {
        space: space.clone(),
        method: method.clone(),
        refinement: None,
    };
    let costs = (0..20).map(|seed| {
        let mut planner = config.build(seed).unwrap();
        planner.plan(model, Budget::Configured).unwrap().cost
    });
    costs.sum::<f32>() / 20.0
}

#[test]
fn every_planner_lowers_a_quadratic() {
    let space = SearchSpace::new(15, 2, 5);
    // Standing still costs the sum of the squared target: 30 * 0.8^2 / 2 = 9.6.
    for (name, mut planner) in all_planners(&space, 1) {
        let mut model = Model(Sine::new(0.8));
        let plan = planner.plan(&mut model, Budget::Rounds(30)).unwrap();
        assert!(plan.cost < 2.4, "{name}: {}", plan.cost);
    }
}

#[test]
fn gradients_reach_the_minimum_of_a_quadratic() {
    let space = SearchSpace::new(15, 2, 5);
    for (name, mut planner) in all_planners(&space, 1) {
        if !name.contains("gradient") {
            continue;
        }
        let mut model = Model(Sine::new(0.8));
        let plan = planner.plan(&mut model, Budget::Rounds(60)).unwrap();
        assert!(plan.cost < 1e-3, "{name}: {}", plan.cost);
    }
}

#[test]
fn a_target_beyond_the_bounds_is_approached_up_to_them() {
    let space = SearchSpace {
        lower: vec![-0.25, -1.0],
        upper: vec![0.25, 1.0],
        ..SearchSpace::new(10, 2, 5)
    };
    let sine = Sine::new(0.6);
    let least: f32 = (0..20)
        .step_by(2)
        .map(|index| (sine.target(index, 20).abs() - 0.25).max(0.0).powi(2))
        .sum();
    let config = PlannerConfig {
        space,
        method: "gradient".parse().unwrap(),
        refinement: None,
    };
    let mut planner = config.build(3).unwrap();
    let plan = planner.plan(&mut Model(sine), Budget::Rounds(80)).unwrap();
    assert!(plan.cost >= least - 1e-4);
    assert!(plan.cost < least + 1e-2, "{} against {least}", plan.cost);
}

#[test]
fn every_planner_brings_a_point_mass_to_rest_at_the_goal() {
    let space = SearchSpace::new(20, 2, 5);
    for (name, mut planner) in all_planners(&space, 7) {
        let mut mass = PointMass {
            position: [1.0, -0.7],
            velocity: [0.0, 0.5],
        };
        for _ in 0..12 {
            let mut model = Model(mass);
            let plan = planner.plan(&mut model, Budget::Configured).unwrap();
            for action in plan.actions.chunks_exact(2).take(space.stride) {
                mass.step(action);
            }
            planner.shift(space.stride);
        }
        assert!(mass.distance() < 0.12, "{name} ends at {mass:?}");
    }
}

#[test]
fn no_planner_averages_two_ways() {
    let space = SearchSpace::new(10, 1, 5);
    // The middle of the two ways costs 2.5.
    for (name, mut planner) in all_planners(&space, 5) {
        let plan = planner
            .plan(&mut Model(TwoWays), Budget::Rounds(12))
            .unwrap();
        assert!(plan.cost < TwoWays::OTHER + 0.25, "{name}: {}", plan.cost);
    }
}

#[test]
fn icem_beats_cem_at_an_equal_budget() {
    let space = SearchSpace::new(30, 2, 5);
    let mut model = Model(Sine::new(0.8));
    let icem = mean_cost(&Method::Icem(IcemConfig::default()), &mut model, &space);
    let cem = mean_cost(&Method::Cem(CemConfig::default()), &mut model, &space);
    assert!(icem < 0.7 * cem, "iCEM {icem}, CEM {cem}");
}

#[test]
fn each_improvement_of_icem_can_be_switched_off() {
    let space = SearchSpace::new(12, 2, 4);
    let full = IcemConfig::default();
    let ablations = [
        IcemConfig {
            noise_beta: 0.0,
            ..full.clone()
        },
        IcemConfig {
            keep_fraction: 0.0,
            ..full.clone()
        },
        IcemConfig {
            shift_elites: false,
            ..full.clone()
        },
        IcemConfig {
            decay: 1.0,
            ..full.clone()
        },
        IcemConfig {
            mean_in_last_round: false,
            ..full.clone()
        },
        IcemConfig {
            execute_best: false,
            ..full.clone()
        },
        IcemConfig {
            warm_start: false,
            ..full.clone()
        },
    ];
    let second_decision = |config: IcemConfig| {
        let mut planner = Icem::new(space.clone(), config, 2).unwrap();
        let mut model = Model(Sine::new(0.8));
        planner.plan(&mut model, Budget::Configured).unwrap();
        planner.shift(4);
        model.0.offset += 8;
        let plan = planner.plan(&mut model, Budget::Configured).unwrap();
        (plan.clone(), planner.population().actions.to_vec())
    };
    let (reference, reference_population) = second_decision(full);
    for config in ablations {
        let (plan, population) = second_decision(config.clone());
        assert!(
            plan.actions != reference.actions || population != reference_population,
            "{config:?} changes nothing"
        );
        assert!(plan.cost < 6.0, "{config:?}: {}", plan.cost);
    }
}

#[test]
fn a_warm_start_makes_the_next_decision_better() {
    let space = SearchSpace::new(20, 2, 5);
    let total = |warm_start: bool| -> f32 {
        let config = IcemConfig {
            population: 32,
            rounds: 2,
            warm_start,
            shift_elites: warm_start,
            ..IcemConfig::default()
        };
        (0..20)
            .map(|seed| {
                let mut planner = Icem::new(space.clone(), config.clone(), seed).unwrap();
                let mut model = Model(Sine::new(0.8));
                let mut costs = 0.0;
                for _ in 0..8 {
                    costs += planner.plan(&mut model, Budget::Configured).unwrap().cost;
                    planner.shift(5);
                    model.0.offset += 10;
                }
                costs
            })
            .sum()
    };
    let (warm, cold) = (total(true), total(false));
    assert!(warm < 0.7 * cold, "warm {warm}, cold {cold}");
}

#[test]
fn refinement_lowers_the_cost_of_what_sampling_found() {
    let space = SearchSpace::new(20, 2, 5);
    for name in ["cem", "icem", "mppi", "predictive"] {
        let cost = |refinement| {
            let config = PlannerConfig {
                space: space.clone(),
                method: name.parse().unwrap(),
                refinement,
            };
            let mut planner = config.build(4).unwrap();
            let mut model = Model(Sine::new(0.8));
            planner.plan(&mut model, Budget::Configured).unwrap().cost
        };
        let (plain, refined) = (cost(None), cost(Some(Default::default())));
        assert!(refined < 0.5 * plain, "{name}: {plain} -> {refined}");
    }
}
