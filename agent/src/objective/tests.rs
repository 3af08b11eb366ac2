//! Costs are what they say, and their derivatives agree with differences.

use super::*;

/// A planar object with an orientation, pushed by an effector.
fn planar() -> PoseShape {
    PoseShape {
        position_dims: 2,
        has_yaw: true,
        condition_weights: Vec::new(),
        clearance_weights: Vec::new(),
        position_counts_when: None,
        effector_dims: 2,
        position_tolerance_m: 0.02,
        yaw_tolerance_rad: 0.35,
    }
}

/// The same with two conditions, of which the first makes the position count.
fn conditional() -> PoseShape {
    PoseShape {
        condition_weights: vec![1.0, 6.0],
        position_counts_when: Some(0),
        ..planar()
    }
}

/// A robot that keeps away from something.
fn cautious() -> PoseShape {
    PoseShape {
        has_yaw: false,
        condition_weights: vec![0.0],
        clearance_weights: vec![40.0],
        ..planar()
    }
}

const OWN: f32 = 3.0;
const LATER: f32 = 7.0;

/// Central differences of a weighted block and what comes later.
fn differences(cost: &LatentCost, values: &[f32]) -> Vec<f32> {
    let step = 1.0e-4;
    (0..values.len())
        .map(|i| {
            let moved = |by: f32| {
                let mut values = values.to_vec();
                values[i] += by;
                let stage = cost.stage(&values);
                OWN * stage.cost + stage.remaining * LATER
            };
            (moved(step) - moved(-step)) / (2.0 * step)
        })
        .collect()
}

#[test]
fn gradients_agree_with_differences() {
    let goal = [0.1, -0.2, 0.6, 0.8, 0.0, 0.0];
    let pose = LatentCost::Pose(PoseCost::new(planar(), &goal, &ObjectiveConfig::default()));
    let cost = |goal: &[f32]| {
        LatentCost::Pose(PoseCost::new(
            conditional(),
            goal,
            &ObjectiveConfig::default(),
        ))
    };
    let standing = cost(&[0.1, -0.2, 0.6, 0.8, 1.0, 1.0, 0.0, 0.0]);
    let lying = cost(&[0.1, -0.2, 0.6, 0.8, 0.0, 1.0, 0.0, 0.0]);
    let config = ObjectiveConfig::default();
    let away = LatentCost::Pose(PoseCost::new(
        cautious(),
        &[0.1, -0.2, 1.0, 0.4, 0.0, 0.0],
        &config,
    ));
    let reach = LatentCost::Reach {
        heads: Vec::new(),
        pessimism: 0.5,
    };
    let cases = [
        (&pose, vec![0.3, 0.1, -0.7, 0.5, 0.2, 0.4]),
        (&pose, vec![-0.2, 0.0, 0.9, -0.6, -0.1, 0.3]),
        // About to end: by position, by yaw, and over.
        (&pose, vec![0.115, -0.2, 0.62, 0.78, 0.2, -0.1]),
        (&pose, vec![0.101, -0.2, 0.8, 0.6, 0.2, -0.1]),
        (&pose, vec![0.102, -0.199, 0.61, 0.8, 0.2, -0.1]),
        (&standing, vec![0.3, 0.1, -0.7, 0.5, 0.9, 0.3, 0.2, 0.4]),
        // About to end: by the position, by the first condition, by the second.
        (
            &standing,
            vec![0.115, -0.2, 0.62, 0.78, 0.8, 0.9, 0.2, -0.1],
        ),
        (
            &standing,
            vec![0.101, -0.2, 0.62, 0.78, 0.6, 0.9, 0.2, -0.1],
        ),
        (
            &standing,
            vec![0.101, -0.2, 0.62, 0.78, 0.9, 0.6, 0.2, -0.1],
        ),
        // The position does not count.
        (&lying, vec![0.3, 0.1, -0.7, 0.5, 0.9, 0.8, 0.2, 0.4]),
        (&lying, vec![0.3, 0.1, -0.7, 0.5, 0.4, 0.9, 0.2, 0.4]),
        (&lying, vec![0.3, 0.1, -0.7, 0.5, 0.1, 0.7, 0.2, 0.4]),
        (&away, vec![0.3, 0.1, 0.9, 0.2, 0.2, 0.4]),
        (&away, vec![0.3, 0.1, 0.9, 1.2, 0.2, 0.4]),
        // About to end: by the position, by the condition.
        (&away, vec![0.115, -0.2, 0.9, 0.7, 0.2, -0.1]),
        (&away, vec![0.101, -0.2, 0.6, 0.7, 0.2, -0.1]),
        (&reach, vec![1.0, 2.5, 1.7]),
    ];
    for (cost, values) in cases {
        let mut gradient = vec![0.0; values.len()];
        cost.gradient(&values, OWN, LATER, &mut gradient);
        for (found, expected) in gradient.iter().zip(differences(cost, &values)) {
            assert!(
                (found - expected).abs() < 0.03 * (2.0 + expected.abs()),
                "{values:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn the_cost_falls_towards_the_goal() {
    let goal = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let cost = PoseCost::new(planar(), &goal, &ObjectiveConfig::default());
    let stage = |x: f32, yaw: f32, effector: f32| {
        cost.stage(&[x, 0.0, yaw.cos(), yaw.sin(), x + effector, 0.0])
    };
    let at = |x, yaw, effector| stage(x, yaw, effector).cost;
    assert!(
        (at(0.02, 0.0, 0.0) - 1.0).abs() < 1.0e-4,
        "one tolerance of position costs one"
    );
    assert!(
        (at(0.0, 0.35, 0.0) - 1.0).abs() < 1.0e-4,
        "one tolerance of yaw costs one"
    );
    assert!(at(0.01, 0.0, 0.0) < at(0.02, 0.0, 0.0) && at(0.0, 0.1, 0.0) < at(0.0, -0.2, 0.0));
    assert!(at(0.05, 0.0, 0.05) < at(0.05, 0.0, 0.1));
    assert_eq!(stage(0.009, 0.1, 0.3).remaining, 0.0);
    assert_eq!(stage(0.009, 0.4, 0.3).remaining, 1.0, "turned too far");
    assert_eq!(stage(0.021, 0.0, 0.3).remaining, 1.0, "too far away");
    assert!((stage(0.015, 0.0, 0.3).remaining - 0.5).abs() < 1.0e-3);
}

#[test]
fn a_missing_clearance_costs_and_ends_nothing() {
    let config = ObjectiveConfig::default();
    let goal = [0.0, 0.0, 1.0, 0.3, 0.0, 0.0];
    let stage = |config: &ObjectiveConfig, x: f32, clearance: f32| {
        PoseCost::new(cautious(), &goal, config).stage(&[x, 0.0, 1.0, clearance, x, 0.0])
    };
    let at = |clearance| stage(&config, 0.02, clearance);
    assert_eq!(at(1.0), at(1.1), "more than the margin is no better");
    assert_eq!(at(0.0).cost, at(1.0).cost + 40.0, "a touch");
    assert_eq!(at(0.5).cost, at(1.0).cost + 10.0, "one half of the margin");
    assert!(
        at(0.2).cost > at(0.5).cost,
        "the goal's own does not matter"
    );
    assert_eq!(
        stage(&config, 0.0, 0.0).remaining,
        0.0,
        "it is reached all the same"
    );
    let careless = ObjectiveConfig {
        clearance: 0.0,
        ..config.clone()
    };
    assert_eq!(stage(&careless, 0.02, 0.0), at(1.0));
}

#[test]
fn a_lost_condition_is_expensive_and_may_make_the_position_irrelevant() {
    let config = ObjectiveConfig::default();
    let cost = |goal: f32| {
        PoseCost::new(
            conditional(),
            &[0.0, 0.0, 1.0, 0.0, goal, 1.0, 0.0, 0.0],
            &config,
        )
    };
    let stage = |goal: f32, x: f32, first: f32, second: f32| {
        cost(goal).stage(&[x, 0.0, 1.0, 0.0, first, second, x, 0.0])
    };
    assert_eq!(
        stage(1.0, 0.0, 1.0, 1.0),
        Stage {
            cost: 0.0,
            remaining: 0.0
        }
    );
    assert!(
        (stage(1.0, 0.0, 0.5, 1.0).cost - 1.0).abs() < 1.0e-4,
        "one tolerance costs its weight"
    );
    assert!((stage(1.0, 0.0, 1.0, 0.5).cost - 6.0).abs() < 1.0e-4);
    assert_eq!(
        stage(1.0, 0.0, 1.0, 0.0).remaining,
        1.0,
        "lost: the goal is not reached"
    );
    assert_eq!(
        stage(0.0, 0.5, 0.0, 1.0),
        Stage {
            cost: 0.0,
            remaining: 0.0
        }
    );
    assert_eq!(stage(0.0, 0.0, 1.0, 1.0).remaining, 1.0, "it still stands");
}
