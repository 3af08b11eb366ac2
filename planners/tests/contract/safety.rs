//! No model can make a planner panic, or return an action that is not finite or not in bounds.

use planners::{
    Budget, CemConfig, GradientConfig, IcemConfig, Method, MppiConfig, PlanError, PlannerConfig,
    PredictiveSamplingConfig, RefinementConfig, SearchSpace,
};
use proptest::prelude::*;

use crate::models::{Adversary, Vice};

fn any_space() -> impl Strategy<Value = SearchSpace> {
    (1_usize..9, 1_usize..4).prop_flat_map(|(horizon, action_dim)| {
        let bounds = prop::collection::vec((-1.0_f32..=1.0, -1.0_f32..=1.0), action_dim);
        (1..=horizon, bounds).prop_map(move |(stride, bounds)| SearchSpace {
            horizon,
            action_dim,
            stride,
            lower: bounds.iter().map(|(a, b)| a.min(*b)).collect(),
            upper: bounds.iter().map(|(a, b)| a.max(*b)).collect(),
        })
    })
}

fn any_icem() -> impl Strategy<Value = IcemConfig> {
    let sizes = (4_usize..40, 1_usize..5, 2_usize..12);
    let noise = (0.0_f32..5.0, 0.01_f32..20.0, 0.0_f32..3.0, 0.0_f32..0.99);
    let kept = (0.0_f32..=1.0, 1.0_f32..4.0);
    let switches = prop::array::uniform4(any::<bool>());
    (sizes, noise, kept, switches).prop_map(|(sizes, noise, kept, switches)| IcemConfig {
        population: sizes.0,
        rounds: sizes.1,
        elites: sizes.2.min(sizes.0),
        noise_beta: noise.0,
        initial_std: noise.1,
        std_floor: noise.2,
        momentum: noise.3,
        keep_fraction: kept.0,
        decay: kept.1,
        shift_elites: switches[0],
        mean_in_last_round: switches[1],
        execute_best: switches[2],
        warm_start: switches[3],
    })
}

fn any_method() -> impl Strategy<Value = Method> {
    prop_oneof![
        any_icem().prop_map(Method::Icem),
        any_icem().prop_map(|icem| Method::Cem(CemConfig {
            population: icem.population,
            elites: icem.elites,
            ..CemConfig::default()
        })),
        (4_usize..40, 1e-3_f32..2.0, 0.01_f32..10.0).prop_map(
            |(population, temperature, initial_std)| {
                Method::Mppi(MppiConfig {
                    population,
                    elites: population.min(8),
                    temperature,
                    initial_std,
                    ..MppiConfig::default()
                })
            }
        ),
        (4_usize..40, 0.01_f32..10.0).prop_map(|(population, std)| {
            Method::Predictive(PredictiveSamplingConfig {
                population,
                knots: 1,
                std,
                ..PredictiveSamplingConfig::default()
            })
        }),
        (1_usize..9, 1e-3_f32..2.0).prop_map(|(starts, learning_rate)| {
            Method::Gradient(GradientConfig {
                starts,
                learning_rate,
                ..GradientConfig::default()
            })
        }),
    ]
}

fn any_vice() -> impl Strategy<Value = Vice> {
    prop::sample::select(vec![
        Vice::AllNan,
        Vice::AllInfinite,
        Vice::MinusInfinity,
        Vice::Constant,
        Vice::Exploding,
        Vice::Random,
        Vice::MostlyNan,
        Vice::NanGradient,
        Vice::ExplodingGradient,
        Vice::Silent,
        Vice::Failing,
        Vice::GoodThenNan,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn plans_are_finite_and_within_bounds_whatever_the_model_does(
        space in any_space(),
        method in any_method(),
        refined in any::<bool>(),
        vices in prop::collection::vec(any_vice(), 3),
        seed in any::<u64>(),
        shift in 0_usize..12,
        injected in prop::collection::vec(-1e9_f32..1e9, 24),
    ) {
        let refinement = refined.then(|| RefinementConfig { top: 3, ..Default::default() });
        let config = PlannerConfig { space: space.clone(), method, refinement };
        let mut planner = config.build(seed).unwrap();
        for (index, vice) in vices.into_iter().enumerate() {
            let mut model = Adversary { vice, calls: 0 };
            let length = space.sequence_len();
            if planner.injection_capacity() > 0 && injected.len() >= length {
                planner.inject(&injected[..length]).unwrap();
            }
            planner.begin(index as u64);
            let result = planner.refine(&mut model, Budget::Configured);
            let explained = matches!(
                result,
                Ok(_) | Err(PlanError::Rollout(_) | PlanError::TooFewFinite { .. })
            );
            prop_assert!(explained, "{result:?}");
            if matches!(vice, Vice::Constant | Vice::Random | Vice::GoodThenNan | Vice::NanGradient) {
                prop_assert!(result.is_ok(), "{vice:?}: {result:?}");
                prop_assert_eq!(planner.best().unwrap().epoch, index as u64);
            }
            planner.shift(shift);
            if result.is_ok() {
                prop_assert!(planner.best().is_some());
            }
            if let Some(plan) = planner.best() {
                prop_assert!(plan.cost.is_finite());
                prop_assert_eq!(plan.actions.len(), length);
                for (cell, action) in plan.actions.iter().enumerate() {
                    let dimension = cell % space.action_dim;
                    let bounds = space.lower[dimension]..=space.upper[dimension];
                    prop_assert!(bounds.contains(action), "{action} is not within {bounds:?}");
                }
            }
        }
    }
}
