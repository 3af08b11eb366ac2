//! Contract: plans that meet the limits are followed to a tenth of a milliradian, however often they are renewed and however
//! late they come.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod rig;

use rig::{PERIOD, config};
use robot::JointState;
use robot::planning::{Plan, Trajectory};
use robot::safety::{Motion, SafetyFilter};

const LATENCY: f64 = 0.02;

fn swing(time: f64) -> f64 {
    0.4 * (2.0 * time).sin()
}

#[test]
fn renewed_plans_are_followed_without_intervention() {
    let mut filter = SafetyFilter::new(config());
    let mut trajectory: Option<Trajectory> = None;
    let mut target = Vec::new();
    for tick in 0..600_u32 {
        let now = 10.0 + f64::from(tick) * PERIOD;
        let position = filter.sent().map_or(vec![swing(now); 2], |s| {
            s.iter().map(|m| m.position).collect()
        });
        let state = JointState {
            stamp: (now * 1e9) as i64,
            received: now,
            delay: 0.0,
            name: rig::joints(),
            velocity: vec![0.0; 2],
            position,
        };
        filter.observe(&state, now).unwrap();
        if tick == 1 {
            filter.enable(now).unwrap();
        }
        if tick > 1 && tick % 7 == 0 {
            let observed_at = now - LATENCY;
            let point = |i: i32| vec![swing(observed_at + f64::from(i) * 0.05); 2];
            let points = (1..=10).map(point).collect();
            let (epoch, sequence, joints) = (filter.epoch(), u64::from(tick), rig::joints());
            let plan = Plan {
                epoch,
                sequence,
                observed_at,
                joints,
                interval: 0.05,
                points,
            };
            filter.admit(&plan, now).unwrap();
            trajectory = Trajectory::ahead(&plan, now, trajectory.as_ref()).0;
        }
        let sampled = trajectory
            .as_ref()
            .is_some_and(|t| t.sample(now + PERIOD, PERIOD, &mut target));
        let before: Option<Motion> = filter.sent().map(|s| s[0]);
        filter.tick(now, sampled.then_some(&target));
        let events: Vec<_> = filter.interventions().drain().collect();
        if tick > 250 {
            assert!(
                events.is_empty(),
                "tick {tick}: {events:?} from {before:?} to {:?}",
                target[0]
            );
            let (sent, expected) = (filter.sent().unwrap()[0].position, swing(now + PERIOD));
            assert!(
                (sent - expected).abs() < 1e-4,
                "tick {tick}: {sent} instead of {expected}"
            );
        }
    }
}
