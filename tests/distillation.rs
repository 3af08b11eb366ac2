//! Distilling takes minutes: what is done is kept through a kill, and goes on to the same policy.

use crate::support::{assets, failure, foresight, started, succeed};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use world_model::policy::Policy;

const TINY: &str = "--goals 9 --rounds 1 --practice 1 --steps 200 --set distill.round_goals=4 --set distill.practice_goals=4 --set distill.calibration_goals=60 --set distill.policy.hidden=[64]";

fn distil(more: &str) -> String {
    let model = assets().join("models/two-room.safetensors");
    format!(
        "distill --task two-room --model {} --data data {TINY} {more}",
        model.display()
    )
}

/// Starts a distillation and kills it as soon as its state is there.
fn kill_with_state(arguments: &str, state: &Path, folder: &Path) {
    let mut child = started(arguments, folder);
    let begun = Instant::now();
    while !state.exists() {
        assert!(
            child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(300),
            "no state was written"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_distillation_goes_on_to_the_same_policy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    succeed(
        "collect --task two-room --episodes 60 --out data --seed 3",
        folder.path(),
    );
    let line = failure(&distil("--out p.safetensors --resume"), folder.path(), 2);
    assert!(
        line.contains("--resume") && line.contains("p.safetensors.distilling"),
        "{line}"
    );

    let small = distil("--out p.safetensors --set distill.budget=10");
    let line = failure(&small, folder.path(), 1);
    assert!(line.contains("`budget` = 10"), "{line}");

    let state = at("p.safetensors.distilling");
    assert!(!state.exists());
    kill_with_state(&distil("--out p.safetensors"), &state, folder.path());
    assert!(!at("p.safetensors").exists());
    let line = failure(&distil("--out p.safetensors"), folder.path(), 2);
    assert!(line.contains("--resume"), "{line}");
    for (other, expected) in [
        ("--seed 5", "seed"),
        ("--cost reach", "cost pose, expected reach"),
        (
            "--set distill.policy.batch=64",
            "`policy.batch` = 256, expected 64",
        ),
    ] {
        let line = failure(
            &distil(&format!("--out p.safetensors --resume {other}")),
            folder.path(),
            1,
        );
        assert!(
            line.contains(expected) && line.contains("p.safetensors.distilling"),
            "{other}: {line}"
        );
    }
    let output = succeed(&distil("--out p.safetensors --resume"), folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("policy of hindsight: taken from"), "{text}");
    assert!(!state.exists(), "the state goes when the policy is there");

    succeed(&distil("--out whole.safetensors"), folder.path());
    let [resumed, whole] =
        ["p.safetensors", "whole.safetensors"].map(|name| Policy::load(&at(name)).unwrap());
    assert_eq!(resumed.hash(), whole.hash());
    assert_eq!(resumed.card().calibration, whole.card().calibration);

    // Cloning learns another policy from the same data, and one that is not calibrated stays out of the arbiter.
    let clone = "--goals 0 --set distill.policy.relabelling=last --set distill.calibration_goals=0 --steps 50 --out clone.safetensors";
    let model = assets().join("models/two-room.safetensors");
    let model = model.display();
    succeed(
        &format!("distill --task two-room --model {model} --data data {clone}"),
        folder.path(),
    );
    let bench = format!("bench --task two-room/fixed --model {model} --tier near --episodes 1");
    succeed(
        &format!("{bench} --policy clone.safetensors --planner system1"),
        folder.path(),
    );
    let line = failure(
        &format!("{bench} --policy clone.safetensors --planner hybrid"),
        folder.path(),
        1,
    );
    assert!(line.contains("thresholds"), "{line}");

    practise(folder.path());
    sweep(folder.path());
}

/// A policy goes on to practice alone, without data, and to another policy; only one of this model may.
fn practise(folder: &Path) {
    let model = assets().join("models/two-room.safetensors");
    let practice = format!(
        "distill --task two-room --model {} --practice 1 --steps 300 --set distill.practice_goals=20 --set distill.calibration_goals=60 --set distill.policy.hidden=[64]",
        model.display()
    );
    let from = format!("{practice} --from p.safetensors");
    let output = succeed(&format!("{from} --out practised.safetensors"), folder);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("policy of practice, round 1") && !text.contains("planner"),
        "{text}"
    );
    let [before, after] = ["p.safetensors", "practised.safetensors"]
        .map(|name| Policy::load(&folder.join(name)).unwrap());
    assert_ne!(before.hash(), after.hash());
    assert!(after.card().calibration.is_some());
    let foreign = assets().join("models/push.policy.safetensors");
    let foreign = format!(
        "{practice} --from {} --out no.safetensors",
        foreign.display()
    );
    let line = failure(&foreign, folder, 1);
    assert!(line.contains("task 'push', expected 'two-room'"), "{line}");
    for unused in ["--goals 3", "--data data"] {
        let line = failure(&format!("{from} {unused} --out no.safetensors"), folder, 2);
        assert!(line.contains(&unused[..6]), "{line}");
    }
}

/// Test-time compute, with the policy that was distilled: the report has System 1, nine budgets, the hybrid and its baselines.
fn sweep(folder: &Path) {
    let config = "horizon_blocks = 2\nplanner = { planner = \"icem\", population = 32, rounds = 1, elites = 4 }\n";
    std::fs::write(folder.join("small.toml"), config).unwrap();
    // Without the policy that is shipped beside it.
    let shipped = assets().join("models/two-room.safetensors");
    std::fs::copy(shipped, folder.join("model.safetensors")).unwrap();
    let bench = "bench --task two-room/fixed --model model.safetensors --policy p.safetensors --planner icem --sweep --tier near --episodes 1 --config small.toml --json s.json --html s.html";
    succeed(bench, folder);
    let rows: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join("s.json")).unwrap()).unwrap();
    let count = |planner: &str| rows.iter().filter(|row| row["planner"] == planner).count();
    assert_eq!(
        [
            "system1",
            "icem",
            "hybrid",
            "hybrid-random",
            "hybrid-periodic"
        ]
        .map(count),
        [1, 9, 1, 4, 4]
    );
    let budgets: Vec<u64> = rows
        .iter()
        .filter_map(|row| row["budget"].as_u64())
        .collect();
    assert_eq!(budgets.last().unwrap() / budgets[0], 256, "{budgets:?}");
    let html = std::fs::read_to_string(folder.join("s.html")).unwrap();
    assert!(html.contains("time of a decision, mean, log"));
    let without = foresight(&bench.replace("--policy p.safetensors ", ""), folder);
    let text = String::from_utf8(without.stdout).unwrap();
    assert!(text.contains("has no policy"), "{text}");
    let line = failure(&format!("{bench} --budget 3000"), folder, 2);
    assert!(line.contains("--budget"), "{line}");
}

/// The table of both systems and their baselines: five policies, ten lines, and nothing run twice.
#[test]
fn baselines_are_distilled_and_compared_in_one_table() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        "collect --task two-room --episodes 60 --out data --seed 3",
        folder.path(),
    );
    let model = assets().join("models/two-room.safetensors");
    let set = "--set distill.planner_goals=6 --set distill.rounds=1 --set distill.round_goals=4 --set distill.practice_rounds=1 --set distill.practice_goals=4 --set distill.calibration_goals=60 --set distill.policy.steps=200 --set distill.policy.hidden=[64]";
    let baselines = format!(
        "baselines --task two-room --model {} --data data {set} --episodes 2 --seed 5 --out b",
        model.display()
    );
    let output = succeed(&baselines, folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    for who in [
        "cloning the data",
        "hindsight cloning",
        "distilled, no DAgger",
        "distilled, DAgger",
        "distilled, DAgger, practice",
        "System 2",
        "System 2, proposals",
        "hybrid",
        "random switching",
        "periodic planning",
    ] {
        assert!(
            text.lines().any(|line| line.trim().starts_with(who)),
            "{who}: {text}"
        );
    }
    let report = folder.path().join("b/baselines.json");
    let lines: Vec<Value> = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(lines.len(), 10);
    let hashes: std::collections::BTreeSet<&str> = lines[..5]
        .iter()
        .map(|line| line["rows"][0]["policy_hash"].as_str().unwrap())
        .collect();
    assert_eq!(hashes.len(), 5, "five policies");
    assert!(
        lines[5]["rows"][0]["policy_hash"].is_null(),
        "nobody proposes"
    );
    assert_eq!(
        lines[6]["rows"][0]["policy_hash"],
        lines[4]["rows"][0]["policy_hash"]
    );
    assert_eq!(lines[8]["rows"][0]["planner"], "hybrid-random");

    let line = failure(&baselines, folder.path(), 2);
    assert!(line.contains("--resume"), "{line}");
    let other = format!("{baselines} --resume --set distill.rounds=2");
    let line = failure(&other, folder.path(), 1);
    assert!(line.contains("`rounds` = 1, expected 2"), "{line}");
    // All is there: nothing is run, and the table is the same.
    let again = succeed(&format!("{baselines} --resume"), folder.path());
    let again = String::from_utf8(again.stdout).unwrap();
    assert!(!again.contains("policy of"), "{again}");
    let table = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains(" ["));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(table(&again), table(&text));

    // With a policy that is there already nothing is distilled beyond what it is compared with.
    let given = format!(
        "{} --policy b/practice.policy.safetensors",
        baselines.replace("--out b", "--out g")
    );
    succeed(&given, folder.path());
    let file = folder.path().join("g/baselines.json");
    let with_given: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let hash = |lines: &[Value], line: usize| lines[line]["rows"][0]["policy_hash"].clone();
    assert_eq!(with_given.len(), 9);
    for (line, whole) in [(0, 0), (1, 1), (2, 2), (3, 4), (6, 7)] {
        assert_eq!(hash(&with_given, line), hash(&lines, whole), "line {line}");
    }
    let silent = given.replace("practice.policy", "dagger.policy") + " --resume";
    let line = failure(&silent, folder.path(), 2);
    assert!(line.contains("thresholds of the arbiter"), "{line}");
}
