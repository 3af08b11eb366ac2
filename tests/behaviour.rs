//! Exploration does what its name says, on every task: contact seeking moves objects, doors are passed, actions stay within
//! bounds, and starts are admissible.

use crate::support::{env, task, tasks};
use sim::{Behaviour, BehaviourKind};

#[test]
fn actions_stay_within_bounds_and_repeat_with_their_seed() {
    for task in tasks() {
        for kind in BehaviourKind::ALL {
            let run = |seed| {
                let mut env = env(&task, seed);
                let mut behaviour = Behaviour::new(kind, task.action_dim(), seed);
                let mut actions = Vec::new();
                for _ in 0..40 {
                    let action = behaviour.act(&env).unwrap();
                    assert!(
                        action.iter().all(|a| a.abs() <= 1.0),
                        "{kind:?}: {action:?}"
                    );
                    env.step(&action).unwrap();
                    actions.extend(action);
                }
                actions
            };
            assert_eq!(run(1), run(1), "{kind:?}");
            assert_ne!(run(1), run(2), "{kind:?}");
        }
    }
}

#[test]
fn seeking_moves_the_block() {
    let task = task("push");
    let moved = (0..40)
        .filter(|&seed| {
            let mut env = env(&task, seed);
            let start = env.pose();
            let mut behaviour = Behaviour::new(BehaviourKind::Seeking, task.action_dim(), seed);
            for _ in 0..50 {
                let action = behaviour.act(&env).unwrap();
                env.step(&action).unwrap();
            }
            task.pose_shape().position_error_m(&env.pose(), &start) > 0.02
        })
        .count();
    assert!(moved >= 20, "the block moved in {moved} of 40 episodes");
}

#[test]
fn seeking_passes_the_door_and_nothing_passes_the_wall() {
    let task = task("two-room");
    let mut crossings = 0;
    for seed in 0..40 {
        let mut env = env(&task, seed);
        let mut behaviour = Behaviour::new(BehaviourKind::Seeking, task.action_dim(), seed);
        let door = env.observation()[4];
        let mut before = env.pose();
        for _ in 0..100 {
            let action = behaviour.act(&env).unwrap();
            env.step(&action).unwrap();
            let now = env.pose();
            assert!(
                now.iter().all(|x| x.abs() < 0.5),
                "left the rooms at {now:?}"
            );
            if before[0].signum() != now[0].signum() {
                crossings += 1;
                assert!(
                    (now[1] - door).abs() < 0.08,
                    "crossed at y = {}, the door is at {door}",
                    now[1]
                );
            }
            before = now;
        }
    }
    assert!(crossings >= 10, "{crossings} crossings in 40 episodes");
}

#[test]
fn starts_are_admissible_and_differ() {
    for task in tasks() {
        let starts: Vec<Vec<f32>> = (0..50).map(|seed| env(&task, seed).observation()).collect();
        for (i, a) in starts.iter().enumerate() {
            assert!(a.iter().all(|x| x.is_finite()));
            assert!(
                starts[..i].iter().all(|b| a != b),
                "{}: seed {i} repeats a start",
                task.name()
            );
        }
        assert_eq!(
            env(&task, 7).snapshot().unwrap(),
            env(&task, 7).snapshot().unwrap()
        );
    }
}

#[test]
fn a_blocked_servo_does_not_wind_up() {
    let task = task("reach");
    let names = task.observation_names();
    let index = |name: &str| names.iter().position(|n| n == name).unwrap();
    let mut blocked = 0;
    for seed in 0..10 {
        let mut env = env(&task, seed);
        let mut furthest: f32 = 0.0;
        for _ in 0..60 {
            let before = env.observation();
            // Forward and down, into the floor.
            env.step(&[0.0, 1.0, 1.0, 1.0, 0.0]).unwrap();
            for joint in ["shoulder_lift", "elbow_flex", "wrist_flex"] {
                let target = env.observation()[index(&format!("{joint}.target"))];
                let lead = (target - before[index(&format!("{joint}.position"))]).abs();
                assert!(lead <= 0.2 + 1.0e-5, "{joint} leads by {lead} rad");
                furthest = furthest.max(lead);
            }
        }
        blocked += u32::from(furthest > 0.19);
    }
    assert!(blocked >= 5, "the floor blocked {blocked} of 10 arms");
}
