//! The session without a window: failures are told, and the rest goes on.

use super::session::Session;
use super::{PlayOptions, mind, picture};
use crate::distillation::push_recording;
use crate::objective::CostKind;
use crate::recording::Change;
use crate::recording::Recording;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use viewer::stream::{Command, Link};
use world_model::WorldModel;
use world_model::policy::{Calibration, Demonstrations, PolicyConfig, train_policy};

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

fn session(out: &Path) -> Session {
    session_with(out, Vec::new())
}

fn session_with(out: &Path, models: Vec<PathBuf>) -> Session {
    let options = PlayOptions {
        assets: assets(),
        task: "push".to_owned(),
        planner: "icem".to_owned(),
        cost: CostKind::Pose,
        models,
        config: None,
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
    let model = WorldModel::load(&assets().join("models/push.safetensors")).expect("shipped");
    let card = model.card();
    let mut all = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
    push_recording(&model, &recording, &assets(), &mut all).expect("the same bytes");
    assert_eq!(all.labels(), recording.steps.len() - 1, "one to the end");

    let mut other = recording.clone();
    other.steps[10].action[0] += 0.01;
    let error = other.verify(&assets()).expect_err("other bytes");
    assert!(error.to_string().contains("step 11"), "{error}");
    let refused = push_recording(&model, &other, &assets(), &mut all).expect_err("other bytes");
    assert!(refused.to_string().contains("step 11"), "{refused}");

    let written = std::fs::read(&path).expect("what was just written");
    let header = written.iter().position(|b| *b == b'\n').expect("a header");
    std::fs::write(&path, [&written[..=header], b"nonsense"].concat()).expect("written");
    let error = Recording::read(&path).expect_err("damaged").to_string();
    assert!(error.contains("damaged"), "{error}");
}

/// A copy of the shipped model, in a folder in which there is no policy.
fn copied_model(folder: &Path) -> PathBuf {
    let path = folder.join("push.safetensors");
    std::fs::copy(assets().join("models/push.safetensors"), &path).expect("the shipped model");
    path
}

/// A policy of the model that knows next to nothing, beside it; its arbiter was calibrated with this cost.
fn write_policy(model: &Path, cost: CostKind) {
    let path = crate::assets::policy_path(model);
    let model = WorldModel::load(model).expect("the shipped model");
    let card = model.card();
    let mut all = Demonstrations::new(card.latent_dim(), card.action_dim(), card.block());
    let frames = 20;
    let latents = vec![0.1; frames * card.latent_dim()];
    all.push_course(&latents, &vec![0.2; (frames - 1) * card.action_dim()])
        .expect("a course");
    let config = PolicyConfig {
        steps: 5,
        hidden: vec![8],
        ..PolicyConfig::default()
    };
    let policy = train_policy(&model, &all, &config, &mut |_, _| ControlFlow::Continue(()));
    let calibration = Calibration {
        cost: cost.name().to_owned(),
        quantile: 0.98,
        disagreement: 1.0,
        surprise: 1.0,
        miss: 1.0,
        closeness: 1.0,
        patience: 3,
    };
    let policy = policy.expect("a policy").with_calibration(calibration);
    policy.save(&path).expect("written");
}

/// Without a policy there is nothing to compare: that is told, and the switch goes back. With one, all modes are ghosts.
#[test]
fn modes_act_side_by_side_where_there_is_a_policy() {
    let out = tempfile::tempdir().expect("a folder");
    let model = copied_model(out.path());
    let mut session = session_with(out.path(), vec![model.clone()]);
    let compare = |session: &mut Session, on| {
        session.take(Command::Switch("side_by_side".to_owned(), on));
    };
    compare(&mut session, true);
    until(&mut session, |s| !s.switches.side_by_side);
    let message = session.message().expect("a message").clone();
    assert!(
        message.contains("side by side") && message.contains("push.policy.safetensors"),
        "{message}"
    );
    assert!(session.rivals.is_none());

    write_policy(&model, CostKind::Pose);
    compare(&mut session, true);
    let all_moved = |s: &Session| {
        let standings = s.rivals.as_ref().map_or(&[][..], |r| r.standings());
        standings.len() == 3 && standings.iter().all(|s| s.poses.len() > 5 || s.reached)
    };
    until(&mut session, all_moved);
    let telemetry = picture::telemetry(&mut session);
    for mode in mind::MODES {
        assert!(telemetry.ghosts.iter().any(|g| g.name == mode), "{mode}");
        assert!(
            telemetry.status.iter().any(|(name, _)| name == mode),
            "{mode}"
        );
    }
    compare(&mut session, false);
    until(&mut session, |s| s.rivals.is_none());
    let telemetry = picture::telemetry(&mut session);
    assert!(
        telemetry
            .ghosts
            .iter()
            .all(|g| !mind::MODES.contains(&g.name.as_str()))
    );
}

/// The arbiter's thresholds are for one cost: the mode takes it, and no other can be chosen there.
#[test]
fn a_hybrid_agent_keeps_the_cost_of_its_arbiter() {
    let out = tempfile::tempdir().expect("a folder");
    let model = copied_model(out.path());
    write_policy(&model, CostKind::Reach);
    let mut session = session_with(out.path(), vec![model]);
    let chosen = |session: &Session| mind::COSTS[session.mind.cost];
    let of = |list: &[&str], name| list.iter().position(|n| *n == name).expect("a name");
    let hybrid = of(&mind::MODES, "hybrid");
    assert_eq!(chosen(&session), CostKind::Pose);
    session.take(Command::Choose("mode".to_owned(), hybrid));
    assert_eq!(chosen(&session), CostKind::Reach);
    let pose = of(&mind::COSTS.map(CostKind::name), "pose");
    session.take(Command::Choose("cost".to_owned(), pose));
    assert_eq!(chosen(&session), CostKind::Reach);
    let message = session.message().expect("a message");
    assert!(
        message.contains("'pose'") && message.contains("'reach'"),
        "{message}"
    );
    session.take(Command::Choose("mode".to_owned(), 0));
    session.take(Command::Choose("cost".to_owned(), pose));
    assert_eq!(chosen(&session), CostKind::Pose);
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
