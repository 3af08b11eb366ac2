//! Contract: whatever fails - planner, robot's reports, link, loop - the arm comes to rest inside its limits, and nothing moves
//! again without a reset and an enabling, which start from where the arm then is.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod rig;

use rig::{Rig, Swing, Switched, config, judge, limits};
use robot::planning::{Proposal, ProposerError};
use robot::safety::SafetyConfig;
use robot::{FakeRobot, Faults};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A fault of the robot while the arm swings: it stops for the reason expected, stays stopped when the fault is gone, and
/// goes on after a reset and an enabling.
fn survives(fault: impl Fn(&mut Faults), expected: &[&str]) {
    let rig = Rig::moving(Swing { points: 10 });
    fault(&mut rig.fake.lock().faults);
    let cause = rig.until_stopped();
    assert!(expected.contains(&cause), "stopped for {cause}");
    rig.fake.lock().faults = Faults::default();
    // A command that was written while the link was down is heard of now: it holds where braking ended.
    std::thread::sleep(Duration::from_millis(50));
    rig.assert_still(0.15);
    rig.resume();
    rig.until("motion", |s| s.sent.first().is_some_and(|q| q.abs() > 0.03));
    let (_, fake) = rig.finish();
    judge(&fake, limits().velocity);
}

#[test]
fn lost_states() {
    survives(|f| f.lost = true, &["state watchdog"]);
}

#[test]
fn duplicated_states() {
    survives(|f| f.duplicated = true, &["state watchdog"]);
}

#[test]
fn states_that_arrive_late() {
    survives(|f| f.delayed = 0.4, &["state watchdog"]);
}

#[test]
fn states_that_step_back_in_time() {
    survives(|f| f.clock_offset = -3.0, &["state watchdog"]);
}

#[test]
fn a_robot_whose_clock_jumps_ahead() {
    survives(|f| f.clock_offset = 60.0, &["state watchdog"]);
}

#[test]
fn frozen_states() {
    survives(|f| f.frozen = true, &["following error"]);
}

#[test]
fn states_that_are_no_numbers() {
    survives(|f| f.not_finite = true, &["state watchdog"]);
}

#[test]
fn a_link_that_fails() {
    survives(|f| f.read_fails = true, &["hardware"]);
    survives(|f| f.write_fails = true, &["hardware"]);
}

#[test]
fn a_loop_that_stands_still() {
    survives(|f| f.write_blocks = 0.5, &["stall"]);
}

/// A planner that fails while the arm swings: the last plan runs out, then the arm stops.
fn planner_fails(
    then: impl FnMut(Proposal) -> Result<Proposal, ProposerError> + Send + 'static,
) -> Rig {
    let flag = Arc::new(AtomicBool::new(false));
    let rig = Rig::moving(Switched {
        flag: Arc::clone(&flag),
        then,
    });
    flag.store(true, Ordering::Relaxed);
    assert_eq!(rig.until_stopped(), "command watchdog");
    rig.assert_still(0.1);
    judge(&rig.fake, limits().velocity);
    rig
}

#[test]
fn a_planner_that_panics() {
    let rig = planner_fails(|_| panic!("out of ideas"));
    assert_eq!(
        rig.handle.status().planner.panicked.as_deref(),
        Some("out of ideas")
    );
    // Even an enabling cannot move what has no planner.
    rig.resume();
    rig.assert_still(0.3);
    rig.finish();
}

#[test]
fn a_planner_that_blocks() {
    let rig = planner_fails(|proposal| {
        std::thread::sleep(Duration::from_secs(2));
        Ok(proposal)
    });
    let (report, _) = rig.finish();
    assert_eq!(report.status.planner.panicked, None);
}

#[test]
fn a_planner_that_has_no_plan() {
    let rig = planner_fails(|_| Err(ProposerError("cannot reach that".to_owned())));
    let status = rig.handle.status();
    assert_eq!(
        status.planner.last_failure.as_deref(),
        Some("cannot reach that")
    );
    rig.finish();
}

#[test]
fn a_planner_that_speaks_nonsense() {
    for (kind, nonsense) in [
        (
            "plan non-finite",
            (|p: &mut Proposal| p.points[2][1] = f64::NAN) as fn(&mut Proposal),
        ),
        ("plan non-finite", |p| p.points[0][0] = f64::INFINITY),
        ("plan non-finite", |p| p.interval = 0.0),
        ("plan mis-sized", |p| p.points[1].truncate(1)),
        ("plan mis-sized", |p| p.points.clear()),
        ("plan mis-named", |p| p.joints.reverse()),
    ] {
        let rig = planner_fails(move |mut proposal| {
            nonsense(&mut proposal);
            Ok(proposal)
        });
        let (report, _) = rig.finish();
        assert!(
            report.status.interventions.contains_key(kind),
            "{kind}: {:?}",
            report.status.interventions
        );
    }
}

#[test]
fn a_planner_that_is_late_is_compensated_and_drops_what_has_expired() {
    let flag = Arc::new(AtomicBool::new(true));
    let slow = |proposal| {
        std::thread::sleep(Duration::from_millis(120));
        Ok(proposal)
    };
    let rig = Rig::moving(Switched { flag, then: slow });
    let status = rig.until("plans", |s| s.planner.plans > 5);
    assert!(
        (0.12..0.3).contains(&status.plan_latency),
        "{}",
        status.plan_latency
    );
    assert!(status.expired_points >= 2 * 5);
    assert!(
        status.interventions.keys().all(|k| !k.contains("watchdog")),
        "{:?}",
        status.interventions
    );
    let (_, fake) = rig.finish();
    judge(&fake, limits().velocity);
}

#[test]
fn an_arm_moved_by_hand_in_an_emergency_stop_is_not_pulled_back() {
    let rig = Rig::moving(Swing { points: 10 });
    rig.fake.lock().emergency = true;
    assert_eq!(rig.until_stopped(), "emergency stop");
    rig.until("silence", |s| !s.sending);
    rig.fake.lock().place(&[-0.6, 0.7]);
    assert!(
        rig.handle
            .reset()
            .unwrap_err()
            .to_string()
            .contains("pressed")
    );
    rig.fake.lock().emergency = false;
    rig.assert_still(0.1);
    let count = rig.fake.lock().received.len();
    rig.resume();
    rig.until("commands", |s| s.sending);
    rig.finish_after(count, [-0.6, 0.7]);
}

impl Rig {
    /// The first command after `count` lies where the arm is.
    fn finish_after(self, count: usize, pose: [f64; 2]) {
        let (_, fake) = self.finish();
        let robot = fake.lock();
        let first = &robot.received[count].2;
        for (sent, measured) in first.iter().zip(pose) {
            assert!(
                (sent - measured).abs() < 1e-3,
                "jumps from {pose:?} to {first:?}"
            );
        }
    }
}

#[test]
fn an_arm_outside_its_limits_moves_only_inwards() {
    let rig = Rig::start(config(), [1.4, 0.0], Swing { points: 10 });
    rig.enable();
    rig.until("arrival inside", |s| {
        s.sent.first().is_some_and(|q| *q < 0.9)
    });
    let (_, fake) = rig.finish();
    let robot: &FakeRobot = &fake.lock();
    let outside = robot.received.windows(2).filter(|pair| pair[0].2[0] > 1.0);
    let mut count = 0;
    for pair in outside {
        assert!(pair[1].2[0] <= pair[0].2[0], "outward");
        count += 1;
    }
    assert!(count > 10);
}

#[test]
fn nothing_moves_without_limits() {
    let missing = SafetyConfig {
        limits: Err("lift has no jerk".to_owned()),
        ..config()
    };
    let rig = Rig::start(missing, [0.0, 0.0], Swing { points: 10 });
    let error = rig.handle.enable().unwrap_err().to_string();
    assert_eq!(error, "no motion without limits: lift has no jerk");
    rig.assert_still(0.1);
    let (_, fake) = rig.finish();
    assert!(fake.lock().received.is_empty());
}

#[test]
fn an_arm_in_motion_is_not_enabled() {
    let rig = Rig::start(config(), [0.0, 0.0], Swing { points: 10 });
    let shove = || {
        rig.fake.lock().velocity[1] = 2.0;
        std::thread::sleep(Duration::from_millis(15));
        rig.handle.enable().unwrap_err().to_string()
    };
    assert!(shove().contains("while lift moves"));
    rig.finish();
}

#[test]
fn stopping_by_request_is_latched_too() {
    let rig = Rig::moving(Swing { points: 10 });
    rig.handle.stop().unwrap();
    assert_eq!(rig.until_stopped(), "requested stop");
    rig.assert_still(0.1);
    rig.resume();
    rig.finish();
}
