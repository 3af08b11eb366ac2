//! A grasp is physical and stable: what exploration lifts stays between the fingers while the hand rests, and falls when it is let go.

use crate::support::{env, task};
use sim::{Behaviour, BehaviourKind};

/// Where the hand's grip and the cube are, m.
fn grip_and_cube(observation: &[f32]) -> ([f32; 3], [f32; 3]) {
    let at = |i: usize| [observation[i], observation[i + 1], observation[i + 2]];
    (at(0), at(10))
}

#[test]
fn a_lifted_cube_neither_slips_nor_flies_off_and_falls_when_let_go() {
    let task = task("pick");
    let names = task.observation_names();
    assert_eq!(
        (names[0].as_str(), names[10].as_str()),
        ("grip.x", "cube.x")
    );
    let mut lifted = 0;
    for seed in 0..12 {
        let mut env = env(&task, seed);
        let mut behaviour = Behaviour::new(BehaviourKind::Grasping, task.action_dim(), seed);
        let in_the_air = (0..60).any(|_| {
            let action = behaviour.act(&env).unwrap();
            env.step(&action).unwrap();
            let pose = env.pose();
            pose[3] == 1.0 && pose[2] > 0.05
        });
        if !in_the_air {
            continue;
        }
        lifted += 1;
        // Tightly, and the hand comes to rest.
        (0..10).for_each(|_| env.step(&[0.0, 0.0, 0.0, -1.0]).unwrap());
        let relative = |env: &sim::Env| {
            let (grip, cube) = grip_and_cube(&env.observation());
            [0, 1, 2].map(|i| cube[i] - grip[i])
        };
        let before = relative(&env);
        (0..100).for_each(|_| env.step(&[0.0; 4]).unwrap());
        let after = relative(&env);
        let slipped = (0..3)
            .map(|i| (after[i] - before[i]).powi(2))
            .sum::<f32>()
            .sqrt();
        assert!(
            slipped < 0.004,
            "seed {seed}: slipped by {slipped} m in 5 s"
        );
        assert_eq!(env.pose()[3], 1.0, "seed {seed}: still held");
        (0..30).for_each(|_| env.step(&[0.0, 0.0, 0.0, 1.0]).unwrap());
        let pose = env.pose();
        assert_eq!(pose[3], 0.0, "seed {seed}: let go");
        assert!(
            (pose[2] - 0.02).abs() < 0.009,
            "seed {seed}: it lies on the table, at {pose:?}"
        );
    }
    assert!(lifted >= 4, "{lifted} of 12 cubes were lifted");
}
