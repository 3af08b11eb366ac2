//! The session without a window: failures are told, and the rest goes on.

use super::PlayOptions;
use super::session::Session;
use crate::controller::PlanningConfig;
use crate::objective::CostKind;
use crate::recording::Change;
use crate::recording::Recording;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use viewer::stream::{Command, Link};

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

fn session(out: &Path) -> Session {
    let options = PlayOptions {
        assets: assets(),
        task: "push".to_owned(),
        planner: "icem".to_owned(),
        cost: CostKind::Pose,
        models: Vec::new(),
        config: PlanningConfig::default(),
        seed: 3,
        out: out.to_owned(),
    };
    Session::open(Link::default(), options).expect("the shipped task and model")
}

/// Runs the session until something holds.
fn until(session: &mut Session, holds: impl Fn(&Session) -> bool) {
    let started = Instant::now();
    while !holds(session) {
        assert!(started.elapsed() < Duration::from_secs(20), "it never held");
        session.turn();
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn press(session: &mut Session, id: &str) {
    session.take(Command::Press(id.to_owned()));
}

#[test]
fn a_world_that_fails_is_told_and_can_be_reset() {
    let out = tempfile::tempdir().expect("a folder");
    let mut session = session(out.path());
    until(&mut session, |s| s.ground.tick > 3);
    let change = Change::Shove("block".to_owned(), [0.0, 0.0, 1.0e4]);
    session.ground.change(change).expect("a body of the scene");
    until(&mut session, |s| !s.switches.simulate);
    let message = session.message().expect("a message").clone();
    assert!(message.contains("world failed"), "{message}");
    press(&mut session, "again");
    session.take(Command::Switch("simulate".to_owned(), true));
    let before = session.ground.tick;
    until(&mut session, |s| s.ground.tick > before + 5);
}

#[test]
fn what_cannot_be_done_is_told_and_changes_nothing() {
    let out = tempfile::tempdir().expect("a folder");
    let mut session = session(out.path());
    let refused = [
        Command::Press("load".to_owned()),
        Command::Press("replay".to_owned()),
        Command::Press("no such button".to_owned()),
        Command::Choose("task".to_owned(), 99),
        Command::Choose("model".to_owned(), 99),
        Command::Number("config/planner/elites".to_owned(), 1.0e6),
        Command::Number("factor/mass".to_owned(), 1.0e6),
        Command::MoveGhost {
            name: "goal".to_owned(),
            position: [f32::NAN; 3],
            turn: 0.0,
        },
    ];
    let config = session.mind.config.clone();
    let goal = session.ground.goal.pose.clone();
    for command in refused {
        let outcome = session.obey(command.clone());
        assert!(outcome.is_err(), "{command:?}");
    }
    assert_eq!(session.mind.config, config);
    assert_eq!(session.ground.goal.pose, goal);
    until(&mut session, |s| s.mind.decisions > 3);
}

#[test]
fn recordings_replay_to_the_same_bytes_and_tell_when_they_do_not() {
    let out = tempfile::tempdir().expect("a folder");
    let mut session = session(out.path());
    session.take(Command::Switch("unlimited".to_owned(), true));
    session.take(Command::Number("noise".to_owned(), 0.2));
    session.take(Command::Switch("record".to_owned(), true));
    let start = session.ground.tick;
    until(&mut session, |s| s.ground.tick >= start + 30);
    press(&mut session, "shove");
    session.take(Command::Number("factor/mass".to_owned(), 1.5));
    until(&mut session, |s| s.ground.tick >= start + 60);
    session.take(Command::Switch("record".to_owned(), false));
    let path = session.recorded.clone().expect("a recording");
    let recording = Recording::read(&path).expect("what was just written");
    assert!(recording.steps.len() >= 60);
    recording.verify(&assets()).expect("the same bytes");

    let mut other = recording.clone();
    other.steps[10].action[0] += 0.01;
    let error = other.verify(&assets()).expect_err("other bytes");
    assert!(error.to_string().contains("step 11"), "{error}");

    let written = std::fs::read(&path).expect("what was just written");
    let header = written.iter().position(|b| *b == b'\n').expect("a header");
    std::fs::write(&path, [&written[..=header], b"nonsense"].concat()).expect("written");
    let error = Recording::read(&path).expect_err("damaged").to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn as_fast_as_possible_the_world_waits_for_every_plan() {
    let out = tempfile::tempdir().expect("a folder");
    let mut session = session(out.path());
    session.take(Command::Switch("unlimited".to_owned(), true));
    session.take(Command::Switch("new_goals".to_owned(), false));
    let before = session.ground.tick;
    until(&mut session, |s| s.ground.tick > before + 100);
    assert_eq!(session.mind.misses, 0);
    assert!(session.starved.is_none());
}
