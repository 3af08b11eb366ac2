#![allow(clippy::unwrap_used)]

use super::*;

fn thresholds() -> Calibration {
    Calibration {
        cost: "pose".to_owned(),
        quantile: 0.98,
        disagreement: 0.2,
        surprise: 0.1,
        miss: 0.5,
        closeness: 0.5,
        patience: 3,
    }
}

fn arbiter(config: ArbiterConfig) -> Arbiter {
    Arbiter::new(&config, Some(&thresholds()), CostKind::Pose, 1).unwrap()
}

const USUAL: Signs = Signs {
    disagreement: 0.1,
    surprise: Some(0.05),
    stalled: 0,
    miss: 0.2,
    closeness: 0.3,
};

#[test]
fn each_sign_calls_for_a_plan_and_is_named() {
    let cases = [
        (USUAL, Actor::System1, Reason::AsUsual),
        (
            Signs {
                disagreement: 0.3,
                ..USUAL
            },
            Actor::System2,
            Reason::Disagreement,
        ),
        (
            Signs {
                surprise: Some(0.2),
                ..USUAL
            },
            Actor::System2,
            Reason::Surprise,
        ),
        (
            Signs {
                stalled: 4,
                ..USUAL
            },
            Actor::System2,
            Reason::Stalled,
        ),
        (Signs { miss: 0.6, ..USUAL }, Actor::System2, Reason::Miss),
        (
            Signs {
                closeness: 0.6,
                ..USUAL
            },
            Actor::System2,
            Reason::TooClose,
        ),
    ];
    for (signs, actor, reason) in cases {
        let judged = arbiter(ArbiterConfig::default()).judge(&signs, 0.25);
        assert_eq!(judged, (actor, reason));
    }
}

#[test]
fn a_planner_that_has_taken_over_stays_until_all_is_well() {
    let mut arbiter = arbiter(ArbiterConfig {
        commitment: 2,
        ..ArbiterConfig::default()
    });
    let unsure = Signs {
        disagreement: 0.3,
        ..USUAL
    };
    let nearly = Signs {
        disagreement: 0.18,
        ..USUAL
    };
    let mut reasons = [USUAL, unsure, USUAL, USUAL].map(|s| arbiter.judge(&s, 0.25).1);
    assert_eq!(
        reasons,
        [
            Reason::AsUsual,
            Reason::Disagreement,
            Reason::Commitment,
            Reason::AsUsual
        ]
    );
    reasons = [nearly, unsure, nearly, nearly].map(|s| arbiter.judge(&s, 0.25).1);
    assert_eq!(
        reasons,
        [
            Reason::AsUsual,
            Reason::Disagreement,
            Reason::Disagreement,
            Reason::Disagreement
        ]
    );
}

#[test]
fn thinking_that_brought_nothing_is_not_repeated_at_once() {
    let mut arbiter = arbiter(ArbiterConfig::default());
    let missing = Signs { miss: 0.9, ..USUAL };
    // Decisions until the next plan, which is imagined to save this share.
    let mut rests = |saved: f32| {
        let mut rest = 0;
        while arbiter.judge(&missing, 0.25).0 == Actor::System1 {
            rest += 1;
        }
        arbiter.thought(saved, USUAL.closeness);
        rest
    };
    let futile = [0.0, 0.4, -0.3, 0.0].map(&mut rests);
    assert_eq!(futile, [0, 1, 2, 4]);
    assert_eq!([0.6, 0.0, 0.0].map(&mut rests), [4, 0, 1]);
    // The last plan is followed by two decisions of rest, whether there are signs or not.
    let judged = [USUAL, missing, missing].map(|s| arbiter.judge(&s, 0.25).1);
    assert_eq!(judged, [Reason::AsUsual, Reason::Futile, Reason::Miss]);
    arbiter.thought(0.0, USUAL.closeness);
    arbiter.new_goal();
    assert_eq!(
        arbiter.judge(&missing, 0.25),
        (Actor::System2, Reason::Miss)
    );
}

#[test]
fn a_plan_that_keeps_clear_is_of_use_where_system_1_passes_too_close() {
    let close = Signs {
        closeness: 0.9,
        ..USUAL
    };
    let missing = Signs { miss: 0.9, ..USUAL };
    let after = |signs: &Signs, closeness: f32| {
        let mut arbiter = arbiter(ArbiterConfig::default());
        assert_eq!(arbiter.judge(signs, 0.25).0, Actor::System2);
        arbiter.thought(0.0, closeness);
        arbiter.judge(signs, 0.25).1
    };
    assert_eq!(after(&close, 0.4), Reason::TooClose);
    assert_eq!(after(&close, 0.8), Reason::Futile);
    assert_eq!(after(&missing, 0.4), Reason::Futile);
}

#[test]
fn planning_ends_with_its_budget_and_comes_back() {
    let mut arbiter = arbiter(ArbiterConfig {
        budget_ms_per_s: Some(20.0),
        ..ArbiterConfig::default()
    });
    let unsure = Signs { miss: 0.9, ..USUAL };
    assert_eq!(arbiter.judge(&unsure, 0.0).0, Actor::System2);
    arbiter.spent(25.0);
    assert_eq!(
        arbiter.judge(&unsure, 0.1),
        (Actor::System1, Reason::Budget)
    );
    assert_eq!(arbiter.judge(&unsure, 0.2).0, Actor::System2);
}

#[test]
fn baselines_plan_at_their_rate() {
    for rule in [Rule::Random, Rule::Periodic] {
        let mut arbiter = arbiter(ArbiterConfig {
            rule,
            rate: 0.25,
            ..ArbiterConfig::default()
        });
        let planned = (0..400)
            .filter(|_| arbiter.judge(&USUAL, 0.25).0 == Actor::System2)
            .count();
        assert!((80..=120).contains(&planned), "{rule:?}: {planned} of 400");
    }
}

#[test]
fn short_episodes_are_planned_at_the_rate_too() {
    for rule in [Rule::Random, Rule::Periodic] {
        let config = ArbiterConfig {
            rule,
            rate: 0.2,
            ..ArbiterConfig::default()
        };
        let episodes = (0..400).map(|seed| {
            let mut arbiter =
                Arbiter::new(&config, Some(&thresholds()), CostKind::Pose, seed).unwrap();
            let decisions = (0..3).map(|_| arbiter.judge(&USUAL, 0.25).0);
            decisions.filter(|actor| *actor == Actor::System2).count()
        });
        let planned: usize = episodes.sum();
        assert!(
            (190..=290).contains(&planned),
            "{rule:?}: {planned} of 1200"
        );
    }
}

#[test]
fn progress_is_a_goal_that_comes_nearer() {
    let mut arbiter = arbiter(ArbiterConfig::default());
    let stalled = [5.0, 4.0, 3.99, 4.5, 3.0].map(|distance| arbiter.progress(distance));
    assert_eq!(stalled, [0, 0, 1, 2, 0]);
    arbiter.new_goal();
    assert_eq!(arbiter.progress(9.0), 0);
}

#[test]
fn settings_that_contradict_are_refused() {
    let refused = |config: ArbiterConfig, own: Option<&Calibration>| {
        Arbiter::new(&config, own, CostKind::Pose, 0)
            .unwrap_err()
            .to_string()
    };
    let error = refused(ArbiterConfig::default(), None);
    assert!(error.contains("thresholds"), "{error}");
    let none = ArbiterConfig {
        ways: 0,
        ..ArbiterConfig::default()
    };
    let error = refused(none, Some(&thresholds()));
    assert!(error.contains("`ways` is 0"), "{error}");
    let hysteresis = ArbiterConfig {
        hysteresis: 1.5,
        ..ArbiterConfig::default()
    };
    let error = refused(hysteresis, Some(&thresholds()));
    assert!(
        error.contains("hysteresis") && error.contains("1.5"),
        "{error}"
    );
    let wrong = Calibration {
        surprise: f32::NAN,
        ..thresholds()
    };
    let error = refused(ArbiterConfig::default(), Some(&wrong));
    assert!(error.contains("calibration.surprise"), "{error}");
    let other = Calibration {
        cost: "reach".to_owned(),
        ..thresholds()
    };
    let error = refused(ArbiterConfig::default(), Some(&other));
    assert!(
        error.contains("'reach'") && error.contains("'pose'"),
        "{error}"
    );
    // The baselines go by no threshold.
    let random = ArbiterConfig {
        rule: Rule::Random,
        ..ArbiterConfig::default()
    };
    assert!(Arbiter::new(&random, Some(&other), CostKind::Pose, 0).is_ok());
}
