//! What a person may do to a world: drag, pick, change, and give goals by hand.

use crate::support::{env, task};
use sim::{Env, Hand, SimError};

fn env_of(name: &str, seed: u64) -> Env {
    env(&task(name), seed)
}

#[test]
fn a_hand_brings_a_body_along_with_bounded_energy_and_leaves_nothing_behind() {
    let mut env = env_of("push", 3);
    let body = env.task().object_body().unwrap();
    let start = env.placements()[body].position;
    let target = [start[0] + 0.1, start[1], start[2]];
    let hand = Hand {
        body,
        point: [0.0; 3],
        target,
        twist: false,
    };
    let mut peak: f32 = 0.0;
    for _ in 0..40 {
        env.set_hand(Some(hand)).unwrap();
        env.step(&[0.0, 0.0]).unwrap();
        peak = peak.max(env.kinetic_energy(body));
    }
    let end = env.placements()[body].position;
    assert!((end[0] - target[0]).abs() < 0.01, "{start:?} {end:?}");
    // 0.2 kg over 0.1 m: it never moves faster than about a metre a second.
    assert!(peak > 1.0e-4 && peak < 0.1, "{peak} J");
    // Let go, it goes on as a world does that was never dragged from here.
    env.set_hand(None).unwrap();
    let snapshot = env.snapshot().unwrap();
    let mut other = env_of("push", 3);
    other.restore(&snapshot).unwrap();
    for _ in 0..10 {
        env.step(&[0.5, -0.5]).unwrap();
        other.step(&[0.5, -0.5]).unwrap();
    }
    assert_eq!(env.snapshot().unwrap(), other.snapshot().unwrap());
}

#[test]
fn a_twisting_hand_turns_a_body_where_it_is() {
    let mut env = env_of("push", 3);
    let body = env.task().object_body().unwrap();
    let placement = env.placements()[body];
    let held = placement.apply([0.05, 0.0257, 0.0]);
    let centre = placement.position;
    // A quarter turn to the left of where it is held.
    let target = [
        centre[0] - (held[1] - centre[1]),
        centre[1] + (held[0] - centre[0]),
        held[2],
    ];
    let hand = Hand {
        body,
        point: [0.05, 0.0257, 0.0],
        target,
        twist: true,
    };
    let before = env.pose();
    env.set_hand(Some(hand)).unwrap();
    for _ in 0..40 {
        env.step(&[0.0, 0.0]).unwrap();
    }
    let shape = env.task().pose_shape().clone();
    let turned = shape.yaw_error_rad(&env.pose(), &before).to_degrees();
    assert!((turned - 90.0).abs() < 10.0, "{turned} degrees");
    assert!(shape.position_error_m(&env.pose(), &before) < 0.02);
}

#[test]
fn impossible_grips_are_refused() {
    let mut env = env_of("push", 3);
    let hand = |body, x| Hand {
        body,
        point: [0.0; 3],
        target: [x, 0.0, 0.0],
        twist: false,
    };
    assert!(env.set_hand(Some(hand(99, 0.0))).is_err());
    assert!(env.set_hand(Some(hand(0, f32::NAN))).is_err());
}

#[test]
fn rays_find_the_nearest_body_and_the_ground() {
    let env = env_of("push", 3);
    let appearance = env.task().appearance();
    let placements = env.placements();
    let body = env.task().object_body().unwrap();
    let above = placements[body].apply([0.0, -0.0343, 1.0]);
    let down = [0.0, 0.0, -1.0];
    let (hit, distance) = appearance.pick(&placements, above, down).unwrap();
    assert_eq!(hit, Some(body));
    assert!((distance - (above[2] - 0.03)).abs() < 0.002, "{distance}");
    let (hit, _) = appearance
        .pick(&placements, [0.45, 0.45, 1.0], down)
        .unwrap();
    assert_eq!(hit, None, "the table");
    let up = [0.0, 0.0, 1.0];
    assert!(appearance.pick(&placements, above, up).is_none());
}

#[test]
fn goals_by_hand_put_the_object_where_they_say() {
    for (task, seed) in [("push", 1), ("two-room", 2), ("reach", 3)] {
        let env = env_of(task, seed);
        let shape = env.task().pose_shape().clone();
        // Another start's pose can be reached.
        let other = env_of(task, seed + 7);
        let goal = env.goal_at(&other.pose()).unwrap();
        assert!(
            shape.achieved(&goal.pose, &other.pose()),
            "{task}: {:?} {:?}",
            goal.pose,
            other.pose()
        );
        let mut far = other.pose();
        far[0] = f32::NAN;
        let refused = env.goal_at(&far);
        assert!(
            matches!(refused, Err(SimError::Unreachable { .. })),
            "{task}"
        );
    }
    let arm = env_of("reach", 3);
    let refused = arm.goal_at(&[2.0, 0.0, 0.3]);
    assert!(matches!(refused, Err(SimError::Unreachable { .. })));
}

#[test]
fn no_goal_lies_inside_a_wall() {
    let env = env_of("two-room", 2);
    let refused = env.goal_at(&[0.0, 0.4]);
    assert!(
        matches!(refused, Err(SimError::Unreachable { .. })),
        "{refused:?}"
    );
}

#[test]
fn factors_change_a_running_world_and_change_back() {
    let mut env = env_of("push", 3);
    let before = env.fork();
    env.set_factor("mass", 2.0).unwrap();
    env.set_factor("friction", 0.5).unwrap();
    let index = |name: &str| {
        let factors = &env.task().spec().factor;
        factors.iter().position(|f| f.name == name).unwrap()
    };
    assert_eq!(env.factors()[index("mass")], 2.0);
    // Twice the mass gains half the speed from a shove.
    let speed = |mut env: Env| {
        // A change of mass counts from the next step on.
        env.step(&[0.0, 0.0]).unwrap();
        env.shove("block", [0.05, 0.0, 0.0]).unwrap();
        let body = env.task().object_body().unwrap();
        env.kinetic_energy(body)
    };
    let (heavy, light) = (speed(env.fork()), speed(before.fork()));
    assert!((heavy / light - 0.5).abs() < 0.1, "{heavy} {light}");
    env.set_factor("mass", 1.0).unwrap();
    let again = speed(env.fork());
    assert!((again / light - 1.0).abs() < 0.01, "{again} {light}");
    assert!(env.set_factor("mass", 1.0e6).is_err());
    assert!(env.set_factor("flavour", 1.0).is_err());
}
