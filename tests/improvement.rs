//! The loop closed: what the agent lives through becomes data like all others, rounds are told in a table, an interruption loses
//! nothing, and the best model stays.

use crate::support::task;
use crate::support::{assets, failure, started, succeed};
use agent::benchmark::pairs;
use agent::benchmark::{Tier, manifest};
use agent::controller::{ControllerKind, PlanningConfig};
use agent::distillation::Errand;
use agent::improvement::{Traveller, failed_first};
use serde_json::Value;
use sim::variation::Variant;
use std::path::Path;
use std::time::{Duration, Instant};
use world_model::WorldModel;
use world_model::dataset::Dataset;
use world_model::policy::Policy;

const TINY: &str = "--goals 6 --keep 4 --held-out 6 --share 0.004 --rounds 1 --set distill.planner_goals=6 --set distill.rounds=1 --set distill.round_goals=4 --set distill.practice_rounds=1 --set distill.practice_goals=4 --set distill.calibration_goals=60 --set distill.policy.steps=300 --set distill.policy.hidden=[64]";

fn improve(more: &str) -> String {
    format!("improve --task two-room --model start.safetensors --data data {TINY} {more}")
}

fn wait_for(file: &Path, child: &mut std::process::Child) {
    let begun = Instant::now();
    while !file.exists() {
        assert!(
            child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(300),
            "{} did not appear",
            file.display()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_round_collects_learns_and_is_measured_through_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Without the policy that is shipped beside it.
    let shipped = assets().join("models/two-room.safetensors");
    std::fs::copy(shipped, at("start.safetensors")).unwrap();
    succeed(
        "collect --task two-room --episodes 60 --out data --seed 3",
        folder.path(),
    );
    // Data of another task leave nothing behind that would be in the way.
    succeed(
        "collect --task push --episodes 1 --out other --seed 3",
        folder.path(),
    );
    let other = improve("--out m.safetensors").replace("--data data", "--data other");
    let line = failure(&other, folder.path(), 1);
    assert!(line.contains("other") && line.contains("push"), "{line}");
    assert!(!at("m.safetensors.improving").exists());
    let mut child = started(&improve("--out m.safetensors"), folder.path());
    wait_for(&at("m.safetensors.improving/round-1.data"), &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!at("m.safetensors").exists());
    let line = failure(&improve("--out m.safetensors"), folder.path(), 2);
    assert!(line.contains("--resume"), "{line}");
    let other = improve("--out m.safetensors --resume --seed 4");
    let line = failure(&other, folder.path(), 1);
    assert!(
        line.contains("m.safetensors.improving") && line.contains("seed 0, expected 4"),
        "{line}"
    );
    let output = succeed(&improve("--out m.safetensors --resume"), folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        !text.contains("round 0:"),
        "the start is not measured again: {text}"
    );
    assert!(!at("m.safetensors.improving").exists());

    let rounds: Vec<Value> =
        serde_json::from_slice(&std::fs::read(at("m.safetensors.json")).unwrap()).unwrap();
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    assert_eq!(rounds[0]["agent"], "icem");
    assert_eq!(rounds[1]["agent"], "hybrid");
    assert_eq!(rounds[1]["kept"], 4);
    assert_eq!(rounds[1]["attempts"], 6);
    assert_eq!(rounds[1]["episodes"], 64);
    assert_ne!(rounds[0]["model"], rounds[1]["model"]);
    for round in &rounds {
        assert_eq!(round["held_out"].as_array().unwrap().len(), 6);
    }
    // Six goals tell nothing apart: the model that was there stays, byte for byte in its weights.
    let model = WorldModel::load(&at("m.safetensors")).unwrap();
    assert_eq!(model.hash(), rounds[0]["model"].as_str().unwrap());
    let data = Dataset::read(&at("m.safetensors.data")).unwrap();
    assert_eq!(data.episodes.len(), 64);
    let behaviour = &data.episodes[63].behaviour;
    assert!(behaviour.starts_with("going to a goal"), "{behaviour}");

    // The planner alone, and a model from nothing.
    let output = succeed(
        &improve("--out p.safetensors --planner-only --anew")
            .replace("--share 0.004", "--share 0.02"),
        folder.path(),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("round 1:"), "{text}");
    let alone: Vec<Value> =
        serde_json::from_slice(&std::fs::read(at("p.safetensors.json")).unwrap()).unwrap();
    for round in &alone {
        assert_eq!(
            (&round["agent"], &round["policy"]),
            (&"icem".into(), &Value::Null)
        );
    }
    assert_ne!(alone[0]["model"], alone[1]["model"]);
    assert!(!at("p.policy.safetensors").exists());

    // Where a policy stands beside the model, it acts from the start.
    std::fs::remove_dir_all(at("m.safetensors.data")).unwrap();
    let line = failure(
        &improve("--out n.safetensors --policy m.safetensors"),
        folder.path(),
        1,
    );
    assert!(
        line.contains("policy") && line.contains("world model"),
        "{line}"
    );
    for (right, wrong, expected) in [
        ("--share 0.004", "--share 0", "--share 0"),
        ("--share 0.004", "--share 11 --anew", "--share 11"),
        ("--held-out 6", "--held-out 0", "--held-out 0"),
        (
            "calibration_goals=60",
            "calibration_goals=0",
            "calibration_goals",
        ),
    ] {
        let arguments = improve("--out n.safetensors").replace(right, wrong);
        let line = failure(&arguments, folder.path(), 2);
        assert!(line.contains(expected), "{wrong}: {line}");
    }
    assert!(!at("n.safetensors.improving").exists());
    assert!(
        Policy::load(&at("m.policy.safetensors")).is_err(),
        "none was there at the start"
    );
}

/// What the agent did can be replayed from its data: they are its actions, and failures come first.
#[test]
fn failed_episodes_come_first_and_hold_every_step() {
    let task = task("two-room");
    let variant = Variant::of(&task, None).unwrap();
    let goals: Vec<_> = pairs::draw(&task, &variant, Tier::Near, 12, 77)
        .unwrap()
        .into_iter()
        .map(|pair| Errand {
            variant: variant.clone(),
            pair,
            budget: 10,
        })
        .collect();
    assert_ne!(77, manifest::SEED);
    let config = PlanningConfig::default();
    let traveller = Traveller {
        task: &task,
        agent: &ControllerKind::Random,
        config: &config,
        image: None,
    };
    let attempts = traveller.attempts(&goals, &|| true).unwrap().unwrap();
    let missed = attempts.iter().filter(|a| !a.success).count();
    assert!(missed > 0 && attempts.len() == 12);
    let mut env = sim::Env::new(task.clone(), variant.clone()).unwrap();
    env.reset(goals[0].pair.start_seed).unwrap();
    let first = &attempts[0].episode;
    let frames = first
        .observations
        .chunks_exact(task.observation_dim())
        .zip(first.actions.chunks_exact(task.action_dim()));
    for (observation, action) in frames {
        assert_eq!(observation, env.observation());
        env.step(action).unwrap();
    }
    let kept = failed_first(attempts, missed + 1);
    let reached = |e: &world_model::dataset::Episode| e.behaviour.ends_with("reaching it");
    assert!(!kept[..missed].iter().any(reached));
    assert!(traveller.attempts(&goals, &|| false).unwrap().is_none());
}
