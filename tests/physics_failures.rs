//! Physics that blows up is an error of that world: never a NaN that travels, never the end of the program, and never a
//! disturbance of another world.

use crate::support::{action, env, task, tasks};
use rayon::prelude::*;
use sim::variation::Variant;
use sim::{Env, SimError, VecEnv};

/// Shoves of each scene.
const SHOVES: usize = 10_000;
/// Shoves in a row before the scene is reset.
const ROW: usize = 20;

/// A number in [-1, 1] from a counter.
fn noise(counter: u64) -> f32 {
    let mut x = counter
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 29;
    (x >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn assert_finite(env: &Env, after: &str) {
    let (observation, pose) = (env.observation(), env.pose());
    assert!(
        observation.iter().chain(&pose).all(|x| x.is_finite()),
        "{} after {after}: {observation:?}",
        env.task().name()
    );
}

#[test]
fn ten_thousand_shoves_leave_every_scene_finite() {
    for task in tasks() {
        let mut bodies: Vec<&str> = task.body_names().filter(|b| *b != "world").collect();
        bodies.sort_unstable();
        (0..SHOVES / ROW).into_par_iter().for_each(|row| {
            let mut env = env(&task, row as u64);
            for i in 0..ROW {
                let counter = ((row * ROW + i) * 4) as u64;
                let body = bodies[counter as usize / 4 % bodies.len()];
                // Up to 0.3 N s: throws a 0.2 kg block at 1.5 m/s.
                let impulse = [0, 1, 2].map(|k| 0.3 * noise(counter + k));
                env.shove(body, impulse).unwrap();
                env.step(&action(&task, row as u64, i)).unwrap();
                assert_finite(&env, &format!("shove {impulse:?} of {body}"));
            }
        });
    }
}

#[test]
fn a_world_that_blows_up_reports_it_until_it_is_reset() {
    for impulse in [1.0e3, 1.0e5] {
        let task = task("push");
        let mut env = env(&task, 3);
        env.shove("block", [impulse, 0.0, 0.0]).unwrap();
        let still = vec![0.0; task.action_dim()];
        let error = (0..50).find_map(|_| env.step(&still).err());
        assert!(
            matches!(error, Some(SimError::World { .. })),
            "impulse {impulse}: {error:?}"
        );
        assert!(env.step(&still).is_err(), "a failed world does not go on");
        assert!(env.snapshot().is_err(), "a failed world cannot be saved");
        env.reset(3).unwrap();
        env.step(&still).unwrap();
        assert!(env.observation().iter().all(|x| x.is_finite()));
    }
}

#[test]
fn no_impulse_lets_a_non_finite_value_travel() {
    for impulse in [1.0e30, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        let task = task("push");
        let mut env = env(&task, 3);
        env.shove("block", [impulse, impulse, 0.0]).unwrap();
        for step in 0..50 {
            // Either the world reports its failure, or every value that it hands out is finite.
            if env.step(&action(&task, 1, step)).is_err() {
                break;
            }
            assert_finite(&env, &format!("impulse {impulse}, step {step}"));
        }
        env.reset(3).unwrap();
        env.step(&vec![0.0; task.action_dim()]).unwrap();
    }
}

#[test]
fn other_worlds_go_on() {
    let task = task("push");
    let variant = Variant::of(&task, None).unwrap();
    let mut disturbed = VecEnv::new(&task, &variant, 6, 0).unwrap();
    let mut calm = VecEnv::new(&task, &variant, 6, 0).unwrap();
    disturbed
        .env_mut(2)
        .unwrap()
        .shove("block", [1.0e3, 0.0, 0.0])
        .unwrap();
    let mut failures = [0; 6];
    for step in 0..30 {
        let actions: Vec<f32> = (0..6).flat_map(|i| action(&task, i, step)).collect();
        for (i, outcome) in disturbed.step(&actions).iter().enumerate() {
            failures[i] += usize::from(outcome.is_err());
        }
        assert!(calm.step(&actions).iter().all(Result::is_ok));
    }
    assert!(failures[2] > 0, "the shoved world fails");
    for i in [0, 1, 3, 4, 5] {
        assert_eq!(failures[i], 0, "world {i}");
        assert_eq!(
            disturbed.envs()[i].snapshot().unwrap(),
            calm.envs()[i].snapshot().unwrap(),
            "world {i}"
        );
    }
}

#[test]
fn bad_actions_change_nothing() {
    for task in tasks() {
        let mut env = env(&task, 5);
        let before = env.snapshot().unwrap();
        let n = task.action_dim();
        for bad in [
            vec![0.0; n - 1],
            vec![0.0; n + 1],
            vec![f32::NAN; n],
            vec![f32::INFINITY; n],
        ] {
            assert!(
                matches!(env.step(&bad), Err(SimError::Action { .. })),
                "{bad:?}"
            );
        }
        assert_eq!(env.snapshot().unwrap(), before);
    }
}
