//! A fork and a restored snapshot continue like the original: the same bytes after every one of 200 steps, wherever the
//! copy was taken, contacts included. Bytes are compared and not poses, because only they show the order of contacts and
//! the impulses that warm-start the solver.

use crate::support::{action, env, task, tasks};
use proptest::prelude::*;
use sim::variation::Variant;
use sim::{Behaviour, BehaviourKind, Env};
use std::sync::Arc;

/// Steps compared after a copy.
const STEPS: usize = 200;

/// Seeks contact for `steps` steps.
fn explore(env: &mut Env, seed: u64, steps: usize) {
    let mut behaviour = Behaviour::new(BehaviourKind::Seeking, env.task().action_dim(), seed);
    for _ in 0..steps {
        let action = behaviour.act(env).unwrap();
        env.step(&action).unwrap();
    }
}

fn assert_same_future(original: &mut Env, copy: &mut Env, seed: u64) {
    for step in 0..STEPS {
        let action = action(original.task(), seed, step);
        original.step(&action).unwrap();
        copy.step(&action).unwrap();
        assert_eq!(
            original.snapshot().unwrap(),
            copy.snapshot().unwrap(),
            "step {step} after the copy"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fork_continues_bit_for_bit(seed in any::<u64>(), steps in 0usize..60) {
        for task in tasks() {
            let mut original = env(&task, seed);
            explore(&mut original, seed, steps);
            let mut fork = original.fork();
            assert_same_future(&mut original, &mut fork, seed % 1000);
        }
    }

    #[test]
    fn a_snapshot_continues_bit_for_bit(seed in any::<u64>(), steps in 0usize..60) {
        for task in tasks() {
            let mut original = env(&task, seed);
            explore(&mut original, seed, steps);
            let bytes = original.snapshot().unwrap();
            let mut restored = Env::new(Arc::clone(&task), Variant::of(&task, None).unwrap()).unwrap();
            restored.restore(&bytes).unwrap();
            prop_assert_eq!(&bytes, &restored.snapshot().unwrap());
            assert_same_future(&mut original, &mut restored, seed % 1000);
        }
    }
}

#[test]
fn copies_are_taken_in_mid_contact_too() {
    // The block has just moved: the pusher is on it.
    let task = task("push");
    let mut checked = 0;
    for seed in 0..20 {
        let mut original = env(&task, seed);
        let before = original.pose();
        explore(&mut original, seed, 25);
        let still = original.pose();
        let mut behaviour = Behaviour::new(BehaviourKind::Seeking, task.action_dim(), seed + 1);
        let action = behaviour.act(&original).unwrap();
        original.step(&action).unwrap();
        let moving = task.pose_shape().position_error_m(&original.pose(), &still) > 1.0e-4;
        if moving && before != still {
            let mut fork = original.fork();
            assert_same_future(&mut original, &mut fork, seed);
            checked += 1;
        }
    }
    assert!(
        checked >= 3,
        "only {checked} of 20 copies were taken while the block moved"
    );
}

#[test]
fn foreign_and_damaged_snapshots_are_refused() {
    let push = task("push");
    let mut target = env(&push, 1);
    let before = target.snapshot().unwrap();
    let foreign = env(&task("reach"), 1).snapshot().unwrap();
    let message = target.restore(&foreign).unwrap_err().to_string();
    assert!(
        message.contains("'reach'") && message.contains("'push'"),
        "{message}"
    );
    for length in [0, 3, before.len() / 2, before.len() - 1] {
        assert!(target.restore(&before[..length]).is_err(), "{length} bytes");
    }
    assert_eq!(
        target.snapshot().unwrap(),
        before,
        "a refused snapshot changes nothing"
    );
}
