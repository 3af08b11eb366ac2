//! Success means one thing: the benchmark's predicate and the one that labels training data agree on every pose, and it is
//! about the object, not about the robot, where a task moves an object.

use crate::support::{task, tasks};
use agent::benchmark::{Tier, pairs};
use agent::collection::pose_layout;
use proptest::prelude::*;
use sim::variation::Variant;

proptest! {
    #[test]
    fn simulation_and_world_model_agree(
        pose in prop::collection::vec(-0.05f32..0.05, 6),
        yaws in (-3.2f32..3.2, -0.6f32..0.6),
        // Not so near to the tolerance that the two would round differently.
        conditions in prop::collection::vec((prop::bool::ANY, prop::sample::select(vec![0.0f32, 0.3, 0.45, 0.55, 0.9])), 4),
    ) {
        for task in tasks() {
            let (shape, layout) = (task.pose_shape(), pose_layout(&task));
            prop_assert_eq!(shape.dim(), layout.dim());
            let vector = |yaw: f32, offset: f32, is_goal: bool| {
                let mut v: Vec<f32> = pose.iter().take(shape.position_dims).map(|x| x * offset).collect();
                if shape.has_yaw {
                    v.extend([yaw.cos(), yaw.sin()]);
                }
                let given = conditions.iter().take(shape.condition_weights.len());
                v.extend(given.map(|&(holds, error)| match (holds, is_goal) {
                    (true, true) => 1.0,
                    (false, true) => 0.0,
                    (true, false) => 1.0 - error,
                    (false, false) => error,
                }));
                // Clearances are no part of it.
                v.extend(vec![if is_goal { 1.0 } else { 0.0 }; shape.clearance_weights.len()]);
                v.extend(vec![0.1; shape.effector_dims]);
                v
            };
            let (here, there) = (vector(yaws.0, 1.0, false), vector(yaws.0 + yaws.1, 0.3, true));
            prop_assert_eq!(shape.achieved(&here, &there), layout.achieved(&here, &there));
            prop_assert_eq!(shape.position_counts(&there), layout.position_counts(&there));
            prop_assert!(shape.achieved(&there, &there));
        }
    }
}

#[test]
fn a_goal_beside_a_pole_is_reached_from_anywhere() {
    let task = task("drive");
    let layout = pose_layout(&task);
    // Position, no pole touched, clearance.
    let pose = |clear: f32, clearance: f32| [0.1, 0.2, clear, clearance];
    for (here, expected) in [(pose(1.0, 0.0), true), (pose(0.0, 1.0), false)] {
        for wanted in [0.0, 1.0] {
            let goal = pose(1.0, wanted);
            assert_eq!(task.pose_shape().achieved(&here, &goal), expected);
            assert_eq!(layout.achieved(&here, &goal), expected);
        }
    }
}

#[test]
fn a_bottle_stands_in_its_place_or_lies_anywhere() {
    let task = task("bottle");
    let shape = task.pose_shape();
    // Position, upright, not lying, pusher.
    let pose = |x: f32, upright: f32, not_lying: f32| vec![x, 0.0, upright, not_lying, 0.3, 0.3];
    let (standing, lying) = (pose(0.0, 1.0, 1.0), pose(0.0, 0.0, 0.25));
    assert!(shape.achieved(&pose(0.019, 1.0, 1.0), &standing));
    assert!(!shape.achieved(&pose(0.021, 1.0, 1.0), &standing));
    assert!(shape.achieved(&pose(0.3, 0.0, 0.25), &lying), "anywhere");
    assert!(!shape.achieved(&pose(0.0, 0.0, 0.25), &standing));
    assert!(!shape.achieved(&pose(0.0, 1.0, 1.0), &lying));
    // Tilted by 20 degrees, about to fall: neither.
    let tilted = pose(0.0, 0.0, 0.83);
    assert!(!shape.achieved(&tilted, &standing) && !shape.achieved(&tilted, &lying));
}

#[test]
fn a_cube_is_released_or_held_as_the_goal_says() {
    let task = task("pick");
    let shape = task.pose_shape();
    let pose = |x: f32, held: f32| vec![x, 0.0, 0.1, held, 0.0, 0.0, 0.3];
    for held in [0.0, 1.0] {
        assert!(shape.achieved(&pose(0.039, held), &pose(0.0, held)));
        assert!(!shape.achieved(&pose(0.041, held), &pose(0.0, held)));
        assert!(!shape.achieved(&pose(0.0, 1.0 - held), &pose(0.0, held)));
    }
}

#[test]
fn goals_are_of_both_kinds_where_a_task_asks_for_that() {
    for (name, tier) in [
        ("bottle", Tier::Near),
        ("pick", Tier::Near),
        ("drive", Tier::Near),
    ] {
        let task = task(name);
        let variant = Variant::of(&task, None).unwrap();
        let pairs = pairs::draw(&task, &variant, tier, 6, 17).unwrap();
        for (index, pair) in pairs.iter().enumerate() {
            let wanted = f32::from(u8::from(name == "drive" || index % 2 == 0));
            for value in task.pose_shape().conditions(&pair.goal.pose) {
                assert!(
                    (value - wanted).abs() < 0.5,
                    "{name}, pair {index}: {value}"
                );
            }
        }
    }
}

#[test]
fn tolerances_are_those_of_the_task() {
    let task = task("push");
    let shape = task.pose_shape();
    let goal = [0.1, -0.1, 1.0, 0.0, 0.3, 0.3];
    let at = |dx: f32, yaw_deg: f32, pusher: f32| {
        let yaw = yaw_deg.to_radians();
        [0.1 + dx, -0.1, yaw.cos(), yaw.sin(), pusher, pusher]
    };
    assert!(shape.achieved(&at(0.0199, 0.0, 0.0), &goal));
    assert!(!shape.achieved(&at(0.0201, 0.0, 0.0), &goal));
    assert!(shape.achieved(&at(0.0, 19.9, 0.0), &goal));
    assert!(!shape.achieved(&at(0.0, -20.1, 0.0), &goal));
    assert!(
        shape.achieved(&at(0.0, 0.0, -5.0), &goal),
        "where the pusher ends does not matter"
    );
}

#[test]
fn yaw_wraps_around() {
    let shape = task("push").pose_shape().clone();
    let pose = |deg: f32| {
        [
            0.0,
            0.0,
            deg.to_radians().cos(),
            deg.to_radians().sin(),
            0.0,
            0.0,
        ]
    };
    for (a, b, expected) in [
        (179.0, -179.0, 2.0),
        (-90.0, 90.0, 180.0),
        (350.0, 5.0, 15.0),
        (30.0, 30.0, 0.0),
    ] {
        let found = shape.yaw_error_rad(&pose(a), &pose(b)).to_degrees();
        assert!((found - expected).abs() < 0.01, "{a} to {b}: {found}");
    }
}
