//! `check`, `dry_run` and `run` as a program calls them, on a fake robot.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod rig;

use rig::{Swing, joints};
use robot::{
    Clock, FakeHandle, FakeHardware, LoopStatus, Profile, RunOptions, check, dry_run, run,
};

fn profile() -> Profile {
    let joint = |name: &str| {
        format!(
            "[[joint]]\nname = \"{name}\"\nposition_min = -1.0\nposition_max = 1.0\nmargin = 0.1\nvelocity = 1.0\n\
             acceleration = 8.0\njerk = 100.0\nfollowing_error = 0.15\nmeasured_velocity = 3.0\n"
        )
    };
    let times = "[ros]\nwait_secs = 1.0\n[rates]\nplanner_hz = 20.0\n[safety]\nstate_timeout_secs = 0.2\ncommand_timeout_secs = 0.2\nramp_secs = 0.1\n";
    let text = format!(
        "name = \"fake\"\n{times}{}",
        joints().iter().map(|j| joint(j)).collect::<String>()
    );
    Profile::parse("fake.toml", &text).unwrap()
}

fn robot(clock: Clock) -> (FakeHardware, FakeHandle) {
    FakeHardware::new(clock, &joints(), &[0.0, 0.0])
}

fn plans(count: u64) -> impl FnMut(&LoopStatus) -> bool + Send {
    move |status| status.planner.plans >= count
}

#[test]
fn a_sound_robot_passes_the_check() {
    let clock = Clock::start();
    let (mut hardware, fake) = robot(clock);
    let report = check(&profile(), &mut hardware, clock, 0.1).unwrap();
    assert!(report.passed(), "{report}");
    assert!(fake.lock().received.is_empty());
}

#[test]
fn a_check_names_what_is_wrong() {
    let failed = |break_it: &dyn Fn(&FakeHandle)| {
        let clock = Clock::start();
        let (mut hardware, fake) = robot(clock);
        break_it(&fake);
        let report = check(&profile(), &mut hardware, clock, 0.1).unwrap();
        let failed = report.items.iter().filter(|item| !item.fine);
        failed
            .map(|item| item.what.clone())
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        failed(&|f| f.lock().faults.clock_offset = -1.0),
        "states, freshness"
    );
    assert_eq!(
        failed(&|f| f.lock().faults.duplicated = true),
        "states, freshness"
    );
    assert_eq!(
        failed(&|f| f.lock().faults.not_finite = true),
        "states, freshness"
    );
    assert_eq!(failed(&|f| f.lock().emergency = true), "emergency stop");
    assert_eq!(failed(&|f| f.lock().emergency = false), "");
    let outside = |f: &FakeHandle| {
        f.lock().emergency = true;
        f.lock().place(&[0.0, 0.95]);
    };
    assert_eq!(failed(&outside), "emergency stop, lift");
}

#[test]
fn a_dry_run_sends_nothing_and_tells_what_would_have_changed() {
    let clock = Clock::start();
    let (hardware, fake) = robot(clock);
    let swing = Box::new(Swing { points: 10 });
    let report = dry_run(&profile(), hardware, clock, swing, &mut plans(10)).unwrap();
    assert!(report.run.control.commands > 20);
    // The swing begins 0.3 rad away and in motion: getting there is what the filter makes of it.
    let (count, first) = &report.changes["velocity limit"];
    assert!(*count > 1 && first.contains(" rad instead of "), "{first}");
    let robot = fake.lock();
    assert!(robot.received.is_empty());
    assert_eq!(robot.position, [0.0, 0.0]);
}

#[test]
fn a_run_moves_the_arm_and_logs_all_of_it() {
    let clock = Clock::start();
    let (hardware, fake) = robot(clock);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    let options = RunOptions {
        enable: true,
        log: Some(path.clone()),
    };
    let swing = Box::new(Swing { points: 10 });
    let report = run(
        &profile(),
        hardware,
        clock,
        swing,
        &options,
        |_| {},
        &mut plans(10),
    )
    .unwrap();
    assert_eq!(report.control.commands, fake.lock().received.len() as u64);
    let log = report.log.unwrap();
    assert_eq!(log.dropped, 0);
    assert_eq!(log.messages["/commands"], report.control.commands);

    let bytes = std::fs::read(&path).unwrap();
    let mut commands = 0;
    for message in mcap::MessageStream::new(&bytes).unwrap() {
        let message = message.unwrap();
        let schema = message.channel.schema.as_ref().unwrap();
        assert_eq!(
            (
                schema.encoding.as_str(),
                message.channel.message_encoding.as_str()
            ),
            ("ros2msg", "cdr")
        );
        assert_eq!(message.data[..4], [0, 1, 0, 0], "little-endian CDR");
        commands += u64::from(message.channel.topic == "/commands");
    }
    assert_eq!(commands, log.messages["/commands"]);
}

#[test]
fn a_profile_without_a_limit_does_not_run() {
    let clock = Clock::start();
    let (hardware, _) = robot(clock);
    let mut lacking = profile();
    lacking.joint[1].jerk = None;
    let swing = Box::new(Swing { points: 10 });
    let error = run(
        &lacking,
        hardware,
        clock,
        swing,
        &RunOptions::default(),
        |_| {},
        &mut plans(1),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "no motion without limits: joint lift has no jerk"
    );
}
