//! A car turns as a bicycle does and never slips sideways, and a pole that was touched stays touched until the next start.

use crate::support::task;
use sim::variation::Variant;
use sim::{Env, Task};
use std::sync::Arc;

/// Of the task file, metres.
const WHEELBASE: f32 = 0.08;
const CENTRE: f32 = 0.035;
/// Gap from which on a pole no longer matters.
const MARGIN: f32 = 0.06;
/// Of the scene: the chassis along and across the car, from the rear axle, and a pole's radius.
const CHASSIS: [[f32; 2]; 2] = [[-0.02, 0.09], [-0.03, 0.03]];
const POLE: f32 = 0.03;

fn env(task: &Arc<Task>, seed: u64) -> Env {
    let mut env = Env::new(Arc::clone(task), Variant::of(task, Some("fixed")).unwrap()).unwrap();
    env.reset(seed).unwrap();
    env
}

/// Position and heading of the rear axle, velocity of the centre of mass, yaw rate.
fn car(env: &Env) -> [f32; 7] {
    let o = env.observation();
    [o[0], o[1], o[2], o[3], o[4], o[5], o[6]]
}

/// A start with a metre of free way in a circle about it would not fit the yard: one that touches nothing for `steps`.
fn undisturbed(task: &Arc<Task>, action: [f32; 2], steps: usize) -> Vec<[f32; 7]> {
    (0..200)
        .find_map(|seed| {
            let mut env = env(task, seed);
            let mut course = vec![car(&env)];
            for _ in 0..steps {
                env.step(&action).unwrap();
                course.push(car(&env));
            }
            let inside = course
                .iter()
                .all(|c| c[0].abs() < 0.58 && c[1].abs() < 0.58);
            (env.pose()[2] == 1.0 && inside).then_some(course)
        })
        .expect("a start with room")
}

#[test]
fn the_turning_circle_is_that_of_a_bicycle() {
    let task = task("drive");
    let [speed, steering] = [0, 1].map(|i| task.spec().action[i].scale);
    for action in [[1.0, 0.6], [0.7, -1.0], [-1.0, 0.8]] {
        let course = undisturbed(&task, action, 30);
        let [from, to] = [course[10], course[30]];
        let turned = (from[2] * to[3] - from[3] * to[2]).atan2(from[2] * to[2] + from[3] * to[3]);
        let expected = action[0] * speed / WHEELBASE * (action[1] * steering).tan();
        let seconds = 20.0 / 20.0;
        // More than half a turn wraps around.
        let wrapped = (expected * seconds - turned).rem_euclid(std::f32::consts::TAU);
        let off = wrapped.min(std::f32::consts::TAU - wrapped);
        assert!(
            off < 0.05 * (expected * seconds).abs(),
            "{action:?}: turned by {turned}, expected {expected}"
        );
    }
}

#[test]
fn it_never_slips_sideways() {
    let task = task("drive");
    for action in [[1.0, 1.0], [-1.0, 0.5], [0.8, 0.0]] {
        for now in undisturbed(&task, action, 20).iter().skip(5) {
            let [_, _, cos, sin, vx, vy, yaw_rate] = *now;
            let (along, across) = (cos * vx + sin * vy, cos * vy - sin * vx - yaw_rate * CENTRE);
            assert!(
                across.abs() < 0.04 * along.abs().max(0.1),
                "{action:?}: {along} along, {across} across"
            );
        }
    }
}

/// From the chassis to the nearest pole of a radius, where they do not overlap.
fn gap(observation: &[f32], radius: f32) -> f32 {
    let (car, poles) = observation.split_at(7);
    let gaps = poles[..10].chunks_exact(2).map(|pole| {
        let [dx, dy] = [pole[0] - car[0], pole[1] - car[1]];
        let seen = [dx * car[2] + dy * car[3], dy * car[2] - dx * car[3]];
        let outside = |axis: usize| {
            let [low, high] = CHASSIS[axis];
            (low - seen[axis]).max(seen[axis] - high).max(0.0)
        };
        outside(0).hypot(outside(1)) - radius
    });
    gaps.fold(f32::INFINITY, f32::min)
}

#[test]
fn the_clearance_is_the_gap_to_the_nearest_pole() {
    let task = task("drive");
    let plain = Variant::of(&task, Some("random")).unwrap();
    let large = plain.shifted(&task, "size", 1.4).unwrap();
    let (mut starts_near, mut near, mut backed_off) = (0, 0, 0);
    for seed in 0..120 {
        let (variant, radius) = match seed % 2 {
            0 => (&plain, POLE),
            _ => (&large, 1.4 * POLE),
        };
        let mut env = Env::new(Arc::clone(&task), variant.clone()).unwrap();
        env.reset(seed).unwrap();
        for step in 0..41 {
            let (pose, gap) = (env.pose(), gap(&env.observation(), radius));
            let expected = gap.clamp(0.0, MARGIN);
            assert!(
                (MARGIN * pose[3] - expected).abs() < (0.01 * expected).clamp(3.0e-4, 3.6e-4),
                "seed {seed}, step {step}: {} at a gap of {gap} m",
                pose[3]
            );
            starts_near += usize::from(step == 0 && pose[3] < 1.0);
            near += usize::from(pose[3] < 1.0);
            backed_off += usize::from(pose[2] == 0.0 && pose[3] == 1.0);
            let steering = (seed % 5) as f32 / 2.0 - 1.0;
            env.step(&[if step < 25 { 1.0 } else { -1.0 }, steering])
                .unwrap();
        }
    }
    assert!(starts_near > 0, "no start is beside a pole");
    assert!(near >= 50, "near a pole in {near} steps");
    assert!(
        backed_off >= 20,
        "a touch does not last: {backed_off} steps"
    );
}

#[test]
fn a_touched_pole_stays_touched_until_the_next_start() {
    let task = task("drive");
    let mut touched = 0;
    for seed in 0..100 {
        let mut env = env(&task, seed);
        assert_eq!(env.pose()[2], 1.0);
        let collision = (0..30).any(|_| {
            env.step(&[1.0, 0.0]).unwrap();
            env.pose()[2] == 0.0
        });
        if !collision {
            continue;
        }
        touched += 1;
        // The car's centre was as near to a pole as its sides allow.
        let o = env.observation();
        let centre = [o[0] + CENTRE * o[2], o[1] + CENTRE * o[3]];
        let nearest = (0..5).map(|i| (o[7 + 2 * i] - centre[0]).hypot(o[8 + 2 * i] - centre[1]));
        assert!(nearest.fold(f32::INFINITY, f32::min) < 0.12, "seed {seed}");
        let goal = env.as_goal();
        assert!(
            !env.achieved(&goal.pose),
            "seed {seed}: no goal is reached after a touch"
        );
        let mut indifferent = goal.pose.clone();
        indifferent[2] = 0.0;
        assert_eq!(
            [&goal.pose, &indifferent].map(|goal| env.is_out_of_reach(goal)),
            [true, false],
            "seed {seed}"
        );
        for _ in 0..30 {
            env.step(&[-1.0, 0.0]).unwrap();
            assert_eq!(env.pose()[2], 0.0, "seed {seed}");
        }
        let fork = env.fork();
        let mut restored = self::env(&task, 0);
        restored.restore(&env.snapshot().unwrap()).unwrap();
        assert_eq!(
            [fork.pose()[2], restored.pose()[2]],
            [0.0; 2],
            "copies know of it"
        );
        env.reset(seed).unwrap();
        assert_eq!(env.pose()[2], 1.0);
        assert!(!env.is_out_of_reach(&goal.pose));
    }
    assert!(touched >= 10, "{touched} of 100 cars touched a pole");
}
