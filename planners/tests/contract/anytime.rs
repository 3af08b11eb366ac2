//! The anytime interface: budgets, injected candidates, shifts, epochs and what a plan carries.

use std::time::{Duration, Instant};

use planners::{
    Budget, Icem, IcemConfig, Method, PlanError, Planner, PlannerConfig, SearchSpace, Termination,
};

use crate::{
    all_planners,
    models::{Adversary, Model, PointMass, Sine, Vice},
};

fn space() -> SearchSpace {
    SearchSpace::new(10, 2, 5)
}

fn sine() -> Model<Sine> {
    Model(Sine::new(0.8))
}

#[test]
fn cost_never_rises_as_a_decision_is_refined() {
    for (name, mut planner) in all_planners(&space(), 1) {
        if name.starts_with("cem") {
            continue; // CEM executes the mean, which may be worse than one before.
        }
        planner.begin(3);
        let mut last = f32::INFINITY;
        for _ in 0..6 {
            planner.refine(&mut sine(), Budget::Rounds(1)).unwrap();
            let plan = planner.best().unwrap();
            assert!(plan.cost <= last, "{name}: {last} -> {}", plan.cost);
            last = plan.cost;
        }
    }
}

#[test]
fn a_plan_carries_its_epoch_its_number_and_its_statistics() {
    for (name, mut planner) in all_planners(&space(), 1) {
        let before = Instant::now();
        for sequence in 1..=3 {
            planner.begin(40 + sequence);
            planner.refine(&mut sine(), Budget::Configured).unwrap();
            let plan = planner.best().unwrap();
            assert_eq!((plan.epoch, plan.sequence), (40 + sequence, sequence));
            assert!(plan.created >= before && plan.age() < Duration::from_secs(600));
            assert_eq!(plan.statistics, *planner.statistics(), "{name}");
            assert_eq!(plan.statistics.finite_fraction, 1.0);
            assert!(plan.statistics.elite_cost.is_finite());
            assert!(plan.statistics.termination.is_some());
            planner.shift(5);
        }
    }
}

#[test]
fn model_steps_stay_within_their_budget_and_are_counted_right() {
    /// Counts what it is asked.
    struct Counting(Model<Sine>, u64);
    impl planners::RolloutModel for Counting {
        fn evaluate(
            &mut self,
            actions: &[f32],
            shape: planners::CandidateShape,
            costs: &mut [f32],
        ) -> Result<(), planners::RolloutError> {
            self.1 += shape.model_steps();
            self.0.evaluate(actions, shape, costs)
        }
        fn as_differentiable(&mut self) -> Option<&mut dyn planners::DifferentiableModel> {
            Some(self)
        }
    }
    impl planners::DifferentiableModel for Counting {
        fn evaluate_with_gradient(
            &mut self,
            actions: &[f32],
            shape: planners::CandidateShape,
            costs: &mut [f32],
            gradients: &mut [f32],
        ) -> Result<(), planners::RolloutError> {
            self.1 += shape.model_steps();
            let model = &mut self.0;
            model.evaluate_with_gradient(actions, shape, costs, gradients)
        }
    }
    for (name, mut planner) in all_planners(&space(), 1) {
        for budget in [1500, 2900, 9200] {
            let mut model = Counting(sine(), 0);
            planner.begin(0);
            planner
                .refine(&mut model, Budget::ModelSteps(budget))
                .unwrap();
            let counted = planner.statistics().model_steps;
            assert_eq!(counted, model.1, "{name}");
            assert!(counted <= budget, "{name}: {counted} of {budget}");
            assert!(counted * 10 >= budget * 4, "{name}: {counted} of {budget}");
        }
    }
}

#[test]
fn a_budget_that_allows_no_round_is_an_error_that_names_it() {
    let mut planner = Icem::new(space(), IcemConfig::default(), 1).unwrap();
    let mut message = |budget| planner.plan(&mut sine(), budget).unwrap_err().to_string();
    assert_eq!(
        message(Budget::ModelSteps(639)),
        "a budget of 639 model steps is too small for one round, which takes 640"
    );
    assert_eq!(
        message(Budget::Rounds(0)),
        "a budget of 0 rounds allows no search, expected at least 1"
    );
    for milliseconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(message(Budget::Milliseconds(milliseconds)).contains(&milliseconds.to_string()));
    }
    let past = Instant::now();
    assert!(message(Budget::Deadline(past)).contains("the deadline passed"));
}

#[test]
fn a_deadline_is_kept_and_a_passed_one_leaves_the_plan_standing() {
    for (name, mut planner) in all_planners(&space(), 1) {
        let deadline = Instant::now() + Duration::from_millis(60);
        planner.begin(0);
        let termination = planner
            .refine(&mut sine(), Budget::Deadline(deadline))
            .unwrap();
        let converged = termination == Termination::Converged;
        assert!(converged || termination == Termination::Deadline, "{name}");
        // A shared machine may pause the test for long.
        assert!(deadline.elapsed() < Duration::from_secs(2), "{name}");
        assert!(planner.statistics().rounds > 2, "{name}");
        planner.begin(1);
        let passed = Instant::now();
        planner
            .refine(&mut sine(), Budget::Deadline(passed))
            .unwrap();
        assert_eq!(planner.best().unwrap().epoch, 0, "{name}");
    }
}

#[test]
fn an_injected_answer_is_found_at_once() {
    let space = space();
    let target = Sine::new(0.8);
    let answer: Vec<f32> = (0..20).map(|index| target.target(index, 20)).collect();
    for (name, mut planner) in all_planners(&space, 1) {
        if name.starts_with("cem") {
            continue; // CEM executes the mean, whatever its elites are.
        }
        planner.begin(0);
        planner.inject(&answer).unwrap();
        planner.refine(&mut sine(), Budget::Rounds(1)).unwrap();
        assert!(planner.best().unwrap().cost < 1e-9, "{name}");
    }
}

#[test]
fn injections_are_checked() {
    for (name, mut planner) in all_planners(&space(), 1) {
        assert!(matches!(
            planner.inject(&[0.0; 19]),
            Err(PlanError::InjectedLength {
                length: 19,
                sequence_len: 20
            })
        ));
        let mut bad = [0.0; 20];
        bad[3] = f32::NAN;
        let error = planner.inject(&bad).unwrap_err().to_string();
        assert_eq!(error, "injected action 3 is NaN, expected a finite number");
        let capacity = planner.injection_capacity();
        planner.inject(&vec![5.0; capacity * 20]).unwrap();
        let error = planner.inject(&[0.0; 20]).unwrap_err().to_string();
        assert!(error.contains(&capacity.to_string()), "{name}: {error}");
        // The waiting ones are brought into the bounds, which the model asserts.
        planner.plan(&mut sine(), Budget::Configured).unwrap();
    }
}

#[test]
fn a_shift_moves_the_plan_on() {
    for (name, mut planner) in all_planners(&space(), 1) {
        let before = planner
            .plan(&mut sine(), Budget::Configured)
            .unwrap()
            .actions
            .clone();
        planner.shift(3);
        let after = &planner.best().unwrap().actions;
        assert_eq!(after[..14], before[6..], "{name}");
        assert_eq!(
            after[14..16],
            before[18..],
            "{name} repeats its last action"
        );
        planner.shift(usize::MAX);
        let after = &planner.best().unwrap().actions;
        assert_eq!(after[..2], before[18..], "{name}");
    }
}

#[test]
fn the_shifted_plan_is_a_candidate_of_the_next_decision() {
    let space = SearchSpace::new(12, 2, 4);
    for (name, mut planner) in all_planners(&space, 1) {
        if name.starts_with("cem") {
            continue; // CEM executes the mean.
        }
        let mut mass = PointMass {
            position: [0.5, 0.5],
            velocity: [0.0, 0.0],
        };
        planner.plan(&mut Model(mass), Budget::Rounds(8)).unwrap();
        let first = planner.best().unwrap().actions.clone();
        for action in first.chunks_exact(2).take(4) {
            mass.step(action);
        }
        planner.shift(4);
        let shifted = planner.best().unwrap().actions.clone();
        let mut cost = [0.0];
        let mut model = Model(mass);
        planners::RolloutModel::evaluate(
            &mut model,
            &shifted,
            planners::CandidateShape {
                candidates: 1,
                horizon: 12,
                action_dim: 2,
            },
            &mut cost,
        )
        .unwrap();
        let plan = planner.plan(&mut model, Budget::Rounds(1)).unwrap();
        assert!(
            plan.cost <= cost[0],
            "{name}: {} above {}",
            plan.cost,
            cost[0]
        );
    }
}

#[test]
fn the_previous_plan_stands_when_too_few_candidates_are_finite() {
    for (name, mut planner) in all_planners(&space(), 1) {
        let mut broken = Adversary {
            vice: Vice::AllNan,
            calls: 0,
        };
        let error = planner.plan(&mut broken, Budget::Configured).unwrap_err();
        assert!(
            matches!(error, PlanError::TooFewFinite { finite: 0, .. }),
            "{name}: {error}"
        );
        assert!(planner.best().is_none());

        planner.begin(1);
        planner.refine(&mut sine(), Budget::Configured).unwrap();
        let plan = planner.best().unwrap().clone();
        planner.begin(2);
        let termination = planner.refine(&mut broken, Budget::Configured).unwrap();
        assert_eq!(termination, Termination::TooFewFinite, "{name}");
        assert_eq!(*planner.best().unwrap(), plan, "{name}");
        assert_eq!(planner.statistics().finite_fraction, 0.0, "{name}");
    }
}

#[test]
fn the_population_can_be_looked_at() {
    for (name, mut planner) in all_planners(&space(), 1) {
        assert_eq!(planner.population().shape.candidates, 0, "{name}");
        planner.plan(&mut sine(), Budget::Configured).unwrap();
        let population = planner.population();
        assert_eq!(population.costs.len(), population.shape.candidates);
        assert_eq!(population.actions.len(), population.shape.actions_len());
        assert!(!population.elites.is_empty(), "{name}");
        assert!(population.sequence(usize::MAX).is_none());
        let least = population
            .costs
            .iter()
            .copied()
            .fold(f32::INFINITY, f32::min);
        assert_eq!(population.costs[population.elites[0]], least, "{name}");
        assert!(
            population
                .elites
                .is_sorted_by_key(|&elite| population.costs[elite])
        );
    }
}

#[test]
fn a_gradient_planner_says_that_it_needs_gradients() {
    struct Blind;
    impl planners::RolloutModel for Blind {
        fn evaluate(
            &mut self,
            _actions: &[f32],
            _shape: planners::CandidateShape,
            costs: &mut [f32],
        ) -> Result<(), planners::RolloutError> {
            costs.fill(1.0);
            Ok(())
        }
    }
    for (name, mut planner) in all_planners(&space(), 1) {
        let result = planner.plan(&mut Blind, Budget::Configured);
        let needs = name.contains("gradient") || name.contains("refinement");
        let refused = matches!(result, Err(PlanError::NotDifferentiable));
        assert_eq!(refused, needs, "{name}");
    }
}

#[test]
fn configurations_are_read_from_text_and_checked() {
    let read = |text: &str| serde_json::from_str::<PlannerConfig>(text);
    let config = read(
        r#"{"space": {"horizon": 10, "action_dim": 2, "stride": 5},
            "method": {"planner": "icem", "population": 0}}"#,
    )
    .unwrap();
    assert_eq!(
        config.build(0).err().unwrap().to_string(),
        "population is 0, expected at least 4"
    );
    let unknown = read(
        r#"{"space": {"horizon": 10, "action_dim": 2, "stride": 5},
            "method": {"planner": "icem", "populations": 8}}"#,
    );
    assert!(unknown.unwrap_err().to_string().contains("populations"));
    for name in Method::NAMES.split(", ") {
        let config = PlannerConfig {
            space: space(),
            method: name.parse().unwrap(),
            refinement: Some(Default::default()),
        };
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(read(&text).unwrap(), config);
        assert!(text.contains(name));
    }
    let error = "cma".parse::<Method>().unwrap_err().to_string();
    assert!(error.starts_with("unknown planner `cma`"));
}
