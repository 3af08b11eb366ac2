//! The size of an object is a factor of variation: its colliders and where it stands follow, and viewers are told.

use crate::support::task;
use sim::Env;
use sim::variation::Variant;
use std::sync::Arc;

#[test]
fn a_larger_object_stands_on_the_ground_and_says_so() {
    for (name, body, height) in [
        ("rotate", "cube", 0.03),
        ("bottle", "bottle", 0.067),
        ("pick", "cube", 0.02),
    ] {
        let task = task(name);
        let index = task
            .appearance()
            .bodies
            .iter()
            .position(|b| b == body)
            .unwrap();
        for size in [0.8, 1.0, 1.25] {
            let variant = Variant::of(&task, None)
                .unwrap()
                .shifted(&task, "size", size)
                .unwrap();
            let mut env = Env::new(Arc::clone(&task), variant).unwrap();
            env.reset(3).unwrap();
            assert_eq!(env.scales()[index], size);
            assert!(
                env.scales()
                    .iter()
                    .enumerate()
                    .all(|(i, &s)| i == index || s == 1.0)
            );
            for when in ["placed", "at rest"] {
                let z = env.placements()[index].position[2];
                assert!(
                    (z - size * height).abs() < 1.5e-3,
                    "{name} {when}, size {size}: at {z} m"
                );
                (0..20).for_each(|_| env.step(&vec![0.0; task.action_dim()]).unwrap());
            }
        }
    }
}

#[test]
fn a_change_of_size_while_the_world_runs_counts_at_once() {
    let task = task("rotate");
    let mut env = Env::new(Arc::clone(&task), Variant::of(&task, None).unwrap()).unwrap();
    env.set_factor("size", 1.3).unwrap();
    (0..40).for_each(|_| env.step(&[0.0, 0.0]).unwrap());
    let z = env.object_position()[2];
    assert!((z - 1.3 * 0.03).abs() < 1.5e-3, "at {z} m");
}
