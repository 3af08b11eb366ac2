//! The latent planner on our own arm, without a clock: what it proposes is executed to the letter, and the tip gets there.

use super::*;
use crate::assets;
use crate::objective::CostKind;
use robot::Measured;
use robot::planning::{Observation, Proposal, Proposer};
use robot::profile::Profile;
use robot::safety::Motion;
use sim::Task;
use std::path::PathBuf;
use std::sync::Arc;
use world_model::WorldModel;

/// s
const LATENCY: f64 = 0.06;
const BETWEEN_PLANS: f64 = 0.1;

fn assets() -> PathBuf {
    assets::find().unwrap()
}

fn profile() -> Profile {
    Profile::read(&assets().join("profiles/so101.toml")).unwrap()
}

fn task(name: &str) -> Arc<Task> {
    Arc::new(Task::load(&assets(), name).unwrap())
}

fn mind(model: &str) -> Mind {
    Mind {
        model: Arc::new(WorldModel::load(&assets().join("models").join(model)).unwrap()),
        cost: CostKind::Reach,
        config: planning(),
        seed: 0,
    }
}

fn proposer(goal: &[f32]) -> LatentProposer {
    let (profile, mut twin) = (profile(), Twin::new(&task("reach"), &profile()).unwrap());
    let goal = goal_inside(&mut twin, &profile, goal).unwrap();
    LatentProposer::new(twin, &profile, &mind("reach.safetensors"), goal).unwrap()
}

/// Where a proposal has the joints at a time after its observation, s.
fn at(proposal: &Proposal, start: &[f64], time: f64) -> Vec<f64> {
    let place = (time / proposal.interval).max(0.0);
    let point = |index: usize| match index {
        0 => start,
        _ => &proposal.points[(index - 1).min(proposal.points.len() - 1)],
    };
    let (before, after) = (point(place as usize), point(place as usize + 1));
    let share = place.fract();
    let mix = |(a, b): (&f64, &f64)| a + share * (b - a);
    before.iter().zip(after).map(mix).collect()
}

/// How a plan moves the joints at a time, by differences over a hundredth of a second.
fn motion(position: impl Fn(f64) -> Vec<f64>, time: f64) -> Vec<Motion> {
    let [now, before, earlier] = [0.0, 0.01, 0.02].map(|back| position(time - back));
    let joint = |i: usize| {
        let (velocity, last) = ((now[i] - before[i]) / 0.01, (before[i] - earlier[i]) / 0.01);
        Motion {
            position: now[i],
            velocity,
            acceleration: (velocity - last) / 0.01,
        }
    };
    (0..now.len()).map(joint).collect()
}

/// Plans and executes for so many seconds from the joints at zero; returns the distance from the goal at the end, m, and the
/// largest acceleration that was planned, rad/s^2.
fn reach(goal: &[f32], seconds: f64) -> (f32, f64) {
    let mut proposer = proposer(goal);
    let mut arm = Twin::new(&task("reach"), &profile()).unwrap();
    arm.put_at_rest(&[0.0; 5]).unwrap();
    let (mut plan, mut since, mut start): (Option<Proposal>, f64, Vec<f64>) =
        (None, 0.0, vec![0.0; 5]);
    let mut steepest = 0.0_f64;
    let step = 1.0 / f64::from(arm.env().task().spec().control.physics_hz);
    let planned = |plan: &Option<Proposal>, start: &Vec<f64>, time: f64| match plan {
        Some(plan) => at(plan, start, time),
        None => start.clone(),
    };
    for cycle in 0..(seconds / BETWEEN_PLANS) as usize {
        let now = cycle as f64 * BETWEEN_PLANS;
        let servos = arm.env().servos().unwrap();
        let observation = Observation {
            epoch: 1,
            at: now,
            measured: Measured {
                position: servos.iter().map(|s| f64::from(s.position)).collect(),
                velocity: servos.iter().map(|s| f64::from(s.velocity)).collect(),
                ..Measured::default()
            },
            latency: LATENCY,
            sent: motion(|time| planned(&plan, &start, time), now - since),
            expected: planned(&plan, &start, now - since + LATENCY),
        };
        let next = proposer.propose(&observation).unwrap();
        for points in next.points.windows(3) {
            let (first, rest) = (&points[0], points[1].iter().zip(&points[2]));
            for (before, (at, after)) in first.iter().zip(rest) {
                let bend = after - 2.0 * at + before;
                steepest = steepest.max(bend.abs() / next.interval.powi(2));
            }
        }
        let mut switched = false;
        for tick in 0..(BETWEEN_PLANS / step).round() as usize {
            let time = tick as f64 * step;
            if time >= LATENCY && !switched {
                start = observation.sent.iter().map(|m| m.position).collect();
                (since, plan) = (now, Some(next.clone()));
                switched = true;
            }
            let target = planned(&plan, &start, now + time - since);
            let target: Vec<f32> = target.iter().map(|q| *q as f32).collect();
            arm.env_mut().drive(&target).unwrap();
        }
    }
    let tip = arm.env().object_position();
    let off: f32 = tip.iter().zip(goal).map(|(a, b)| (a - b).powi(2)).sum();
    (off.sqrt(), steepest)
}

#[test]
fn the_tip_gets_to_its_goals_and_stays() {
    for goal in [[0.25, 0.1, 0.2], [0.2, -0.2, 0.25], [0.3, 0.0, 0.1]] {
        let (off, steepest) = reach(&goal, 6.0);
        assert!(off < 0.02, "{goal:?}: {off} m");
        // The wrist's limit is the largest.
        assert!(steepest < 10.0, "{goal:?}: {steepest} rad/s^2");
    }
}

#[test]
fn equal_seeds_propose_equal_plans() {
    let observation = Observation {
        epoch: 1,
        at: 0.0,
        measured: Measured {
            position: vec![0.1; 5],
            velocity: vec![0.0; 5],
            ..Measured::default()
        },
        latency: 0.0,
        sent: vec![Motion::at_rest(0.1); 5],
        expected: vec![0.1; 5],
    };
    let [a, b] = [0, 1].map(|_| proposer(&[0.25, 0.1, 0.2]).propose(&observation).unwrap());
    assert_eq!(a, b);
}

#[test]
fn a_goal_out_of_reach_is_refused_with_its_place() {
    let mut twin = Twin::new(&task("reach"), &profile()).unwrap();
    for (goal, said) in [
        (vec![0.9, 0.0, 0.1], "0.9"),
        (vec![f32::NAN, 0.0, 0.1], "finite"),
        (vec![0.2, 0.0], "tip.x, tip.y, tip.z"),
    ] {
        let error = goal_inside(&mut twin, &profile(), &goal)
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_goal_that_is_found_is_inside_the_profile() {
    let (profile, mut twin) = (profile(), Twin::new(&task("reach"), &profile()).unwrap());
    let goal = goal_inside(&mut twin, &profile, &[0.0, 0.25, 0.15]).unwrap();
    let limits = profile.settings().safety.limits.unwrap();
    for (joint, limits) in twin.joints_of(&goal).iter().zip(limits) {
        let joint = joint.unwrap();
        assert!(joint >= limits.position_min && joint <= limits.position_max);
    }
}

#[test]
fn other_tasks_and_joints_are_refused_by_name() {
    let error = |task_name: &str, profile: &Profile| {
        let twin = Twin::new(&task(task_name), profile);
        twin.err().unwrap().to_string()
    };
    assert!(error("push", &profile()).contains("'push'"));
    let mut renamed = profile();
    renamed.joint[2].name = "elbow".to_owned();
    assert!(error("reach", &renamed).contains("elbow"));
}

#[test]
fn a_model_of_images_is_refused() {
    let (profile, mut twin) = (profile(), Twin::new(&task("reach"), &profile()).unwrap());
    let goal = goal_inside(&mut twin, &profile, &[0.25, 0.1, 0.2]).unwrap();
    let refused = LatentProposer::new(twin, &profile, &mind("reach-pixels.safetensors"), goal);
    assert!(refused.err().unwrap().to_string().contains("images"));
}
