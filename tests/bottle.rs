//! A bottle pushed slowly behaves as the quasi-static law says: it tips over when it is pushed higher than `b / mu` (half-width of its
//! foot over the friction on the table), else it slides; tested outside a band of 10 % about that height.

use crate::support::assets;
use sim::variation::Variant;
use sim::{Env, Task};
use std::sync::Arc;

/// Of the scene: radius of the foot (m), friction of the table and of the bottle, height of the pusher's joint at zero (m).
const HALF_WIDTH: f32 = 0.03;
const TABLE: f32 = 0.5;
const BOTTLE: f32 = 0.5;
const PUSHER: f32 = 0.05;
/// Where the pusher can go, metres above the table.
const HEIGHTS: std::ops::RangeInclusive<f32> = 0.02..=0.125;

/// The shipped task with the pusher just behind the bottle at a height, both at rest.
fn arranged(height: f32) -> Arc<Task> {
    let text = std::fs::read_to_string(assets().join("tasks/bottle.toml")).unwrap();
    let z = height - PUSHER;
    let edits = [
        ("x = [-0.15, 0.15]", "x = [0.0, 0.0]".to_owned()),
        ("y = [-0.15, 0.15]", "y = [0.0, 0.0]".to_owned()),
        (
            "low = [-0.25, -0.25, -0.03]",
            format!("low = [-0.05, 0.0, {z}]"),
        ),
        (
            "high = [0.25, 0.25, 0.11]",
            format!("high = [-0.05, 0.0, {z}]"),
        ),
        ("distance_m = 0.11", "distance_m = 0.001".to_owned()),
    ];
    let text = edits.iter().fold(text, |text, (from, to)| {
        assert!(
            text.contains(from),
            "the task file no longer contains {from:?}"
        );
        text.replacen(from, to, 1)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bottle.toml");
    std::fs::write(&path, text).unwrap();
    Arc::new(Task::from_file(&path, &assets().join("scenes")).unwrap())
}

/// Pushes slowly. Returns whether the bottle fell, and how far it is from where it stood, metres.
fn push(task: &Arc<Task>, friction: f32) -> (bool, f32) {
    let variant = Variant::of(task, None)
        .unwrap()
        .shifted(task, "friction", friction)
        .unwrap();
    let mut env = Env::new(Arc::clone(task), variant).unwrap();
    for _ in 0..120 {
        env.step(&[0.15, 0.0, 0.0]).unwrap();
    }
    let pose = env.pose();
    (pose[2] < 0.5, pose[0].hypot(pose[1]))
}

#[test]
fn it_tips_over_above_the_height_of_the_law_and_slides_below() {
    let mut checked = [0, 0];
    for friction in [0.4, 0.7, 1.0, 1.6, 2.4] {
        // Rapier takes the mean of two surfaces.
        let mu = (TABLE + friction * BOTTLE) / 2.0;
        let threshold = HALF_WIDTH / mu;
        for share in [0.6, 0.8, 0.9, 1.1, 1.25, 1.5] {
            let height = share * threshold;
            if !HEIGHTS.contains(&height) {
                continue;
            }
            let (fell, moved) = push(&arranged(height), friction);
            assert_eq!(
                fell,
                share > 1.0,
                "pushed {height} m high at friction {mu}: b / mu = {threshold}"
            );
            assert!(
                moved > 0.05,
                "pushed {height} m high at friction {mu}: it moved by {moved} m only"
            );
            checked[usize::from(fell)] += 1;
        }
    }
    assert!(
        checked.iter().all(|&n| n >= 10),
        "{checked:?} slid and fell"
    );
}
