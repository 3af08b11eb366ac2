//! Success means one thing: the benchmark's predicate and the one that labels training data agree on every pose, and it is
//! about the object, not about the robot, where a task moves an object.

use crate::support::{task, tasks};
use agent::collection::pose_layout;
use proptest::prelude::*;

proptest! {
    #[test]
    fn simulation_and_world_model_agree(
        pose in prop::collection::vec(-0.05f32..0.05, 6),
        yaws in (-3.2f32..3.2, -0.6f32..0.6),
    ) {
        for task in tasks() {
            let (shape, layout) = (task.pose_shape(), pose_layout(&task));
            prop_assert_eq!(shape.dim(), layout.dim());
            let vector = |yaw: f32, offset: f32| {
                let mut v: Vec<f32> = pose.iter().take(shape.position_dims).map(|x| x * offset).collect();
                if shape.has_yaw {
                    v.extend([yaw.cos(), yaw.sin()]);
                }
                v.extend(vec![0.1; shape.effector_dims]);
                v
            };
            let (here, there) = (vector(yaws.0, 1.0), vector(yaws.0 + yaws.1, 0.3));
            prop_assert_eq!(shape.achieved(&here, &there), layout.achieved(&here, &there));
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
