//! The command line fails in one clear line, with exit code 2 for wrong usage and 1 for failure, and leaves nothing
//! half-written behind.

use crate::support::{assets, command, failure, foresight, succeed};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn wrong_usage_exits_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &str); 38] = [
        (
            "bench --task push --planner random --event flavour=2",
            "'flavour'",
        ),
        ("bench --task push --planner random --event mass=99", "99"),
        (
            "bench --task push --planner random --event shove=-1",
            "shove=S",
        ),
        (
            "bench --task push --planner random --event goal --realtime",
            "--realtime",
        ),
        (
            "bench --task push --planner random --shift flavour=2",
            "'flavour'",
        ),
        ("bench --task push --planner random --shift mass=99", "99"),
        (
            "bench --task push --planner random --shift mass",
            "--shift mass",
        ),
        ("bench --task puhs", "'puhs'"),
        ("bench --task two-room/blue", "'blue'"),
        ("bench --planner icme", "'icme'"),
        ("bench --episodes 0", "--episodes 0"),
        ("bench --threads 0", "--threads 0"),
        ("bench --threads two", "'two'"),
        ("bench --tier nera", "'nera'"),
        ("train --task push", "--out"),
        ("bnech", "'bnech'"),
        ("bench --compare a.json b.json --seed 1", "--compare"),
        ("bench --model m.safetensors", "--task"),
        ("collect --task push --episodes 0 --out d", "--episodes 0"),
        ("train --task push --resume --out m.safetensors", "--resume"),
        ("train --task push --steps 0 --out m.safetensors", "steps"),
        (
            "train --task push --set train.lambda=1 --out m.safetensors",
            "train.lambda=1",
        ),
        (
            "train --task push --set train.anti_collapse=hope --out m.safetensors",
            "sigreg+idm",
        ),
        (
            "distill --task push --set distill.policy.members=1 --out m.safetensors",
            "members",
        ),
        (
            "distill --task push --set distill.quantile=2.0 --out m.safetensors",
            "quantile",
        ),
        (
            "distill --task push --set distill.recoveries=0 --out m.safetensors",
            "error: distillation setting `recoveries` is 0, expected at least 1 where there are rounds",
        ),
        (
            "distill --task push --set distill.policy.weight_decay=-1 --out m.safetensors",
            "weight_decay",
        ),
        (
            "distill --task push --set distill.policy.quickest_share=0 --out m.safetensors",
            "quickest_share",
        ),
        (
            "train --task push --pixels --sight distilled --steps 0 --out m.safetensors",
            "steps",
        ),
        (
            "train --task push --pixels --sight distilled --minutes 1 --out m.safetensors",
            "--minutes",
        ),
        (
            "train --task push --pixels --teacher t --out m.safetensors",
            "--teacher",
        ),
        (
            "train --task push --sight-of t --out m.safetensors",
            "--pixels",
        ),
        (
            "train --task push --pixels --latents-of t --set train.block=4 --out m.safetensors",
            "--set train.block=4",
        ),
        (
            "train --task push --pixels --set sight.joint=true --out m.safetensors",
            "expected refined places and offsets",
        ),
        (
            "train --task push --pixels --set sight.landmarks=['ball'] --out m.safetensors",
            "landmark 'ball'",
        ),
        ("sight --task push --worlds 0", "--worlds 0"),
        ("sight --task all", "--task all"),
        ("sight --task push --shift flavour=2", "'flavour'"),
    ];
    for (arguments, expected) in cases {
        let line = failure(arguments, folder.path(), 2);
        assert!(line.contains(expected), "{arguments:?}: {line}");
        assert!(!folder.path().join("m.safetensors").exists() && !folder.path().join("d").exists());
    }
}

#[test]
fn a_robot_is_not_opened_for_what_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let assets = assets();
    let run = |arguments: &str| {
        let profile = assets.join("profiles/so101.toml");
        format!(
            "robot run --profile {} --hardware sim {arguments}",
            profile.display()
        )
    };
    let model = |name: &str| {
        format!(
            "--model {} --goal 0.25,0.1,0.2",
            assets.join("models").join(name).display()
        )
    };
    let cases: [(String, i32, &str); 11] = [
        (String::new(), 2, "--goal"),
        ("--goal 0.2,nan,0.1".to_owned(), 2, "--goal"),
        ("--goal 0.2,0.1,0.1 --to 0,0,0,0,0".to_owned(), 2, "--to"),
        ("--planner line --to 1,2".to_owned(), 2, "--to"),
        (
            "--planner line --to 0,0,0,0,0 --goal 0.2,0.1,0.1".to_owned(),
            2,
            "--goal",
        ),
        (
            "--planner line --to 0,0,0,0,0 --fault wobble=1".to_owned(),
            2,
            "wobble",
        ),
        (
            "--planner line --to 0,0,0,0,0 --fault drop=2".to_owned(),
            2,
            "drop=2",
        ),
        ("--goal 9,0,0.1".to_owned(), 1, "9"),
        ("--goal 0.2,0.1".to_owned(), 2, "tip.x, tip.y, tip.z"),
        (model("push.safetensors"), 1, "'push'"),
        (model("reach-pixels.safetensors"), 1, "images"),
    ];
    for (arguments, code, expected) in cases {
        let line = failure(&run(&arguments), folder.path(), code);
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
}

#[test]
fn unwritable_outputs_fail_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "kept").unwrap();
    let cases: [&str; 4] = [
        "bench --json file/bench.json",
        "sight --task push --json file/sight.json",
        "collect --task push --episodes 1 --out file/data",
        "train --task push --out file/m.safetensors",
    ];
    for arguments in cases {
        let line = failure(arguments, folder.path(), 1);
        assert!(line.contains("file"), "{arguments:?}: {line}");
    }
    assert_eq!(
        std::fs::read_to_string(folder.path().join("file")).unwrap(),
        "kept"
    );
}

#[test]
fn a_reader_that_is_gone_ends_no_command() {
    let folder = tempfile::tempdir().unwrap();
    let bench = "bench --task push --planner random --tier near --episodes 2";
    let mut child = command(bench, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("panicked"),
        "{said}"
    );
    let rows: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out/bench.json")).unwrap())
            .unwrap();
    assert_eq!(rows[0]["episodes"], 2);

    let mut child = command("bnech", folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn what_cannot_be_written_on_standard_output_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let child = command("tasks", folder.path())
        .stdout(full.unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("standard output").count(), 1, "{said}");
}

#[test]
fn broken_models_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = std::fs::read(assets().join("models/push.safetensors")).unwrap();
    let flipped = {
        let mut bytes = shipped.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let reach = std::fs::read(assets().join("models/reach.safetensors")).unwrap();
    let cases: [(&str, &[u8], &str); 4] = [
        (
            "truncated.safetensors",
            &shipped[..shipped.len() / 2],
            "truncated.safetensors",
        ),
        ("flipped.safetensors", &flipped, "checksum"),
        (
            "foreign.safetensors",
            b"not a model at all",
            "foreign.safetensors",
        ),
        ("reach.safetensors", &reach, "'reach'"),
    ];
    for (name, bytes, expected) in cases {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let line = failure(
            &format!("bench --task push --model {name}"),
            folder.path(),
            1,
        );
        assert!(
            line.contains(expected) && line.contains(name),
            "{name}: {line}"
        );
    }
    let line = failure(
        "bench --task push --model gone.safetensors",
        folder.path(),
        1,
    );
    assert!(line.contains("gone.safetensors"), "{line}");
}

#[test]
fn data_of_another_task_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        "collect --task two-room --episodes 3 --steps 60 --out data",
        folder.path(),
    );
    let line = failure(
        "train --task push --data data --out m.safetensors",
        folder.path(),
        1,
    );
    assert!(
        line.contains("data") && line.contains("'two-room'") && line.contains("'push'"),
        "{line}"
    );
    let line = failure(
        "collect --task push --episodes 1 --out data",
        folder.path(),
        1,
    );
    assert!(line.contains("data"), "{line}");
}

#[test]
fn collect_train_and_bench_work_from_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| succeed(arguments, folder.path());
    run("collect --task two-room --episodes 40 --out data --seed 3");
    run("train --task two-room --data data --steps 60 --out m.safetensors");
    assert!(!folder.path().join("m.safetensors.training").exists());
    run(
        "bench --task two-room/fixed --model m.safetensors --planner random,icem --episodes 3 --tier near --json b.json --html b.html",
    );
    let rows: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("b.json")).unwrap()).unwrap();
    assert_eq!(rows.len(), 5, "random, and icem with four costs");
    let keys = [
        "task",
        "planner",
        "cost",
        "observation",
        "tier",
        "seed",
        "episodes",
        "successes",
        "success_rate",
        "ci95_low",
        "ci95_high",
        "decision_ms_p50",
        "decision_ms_p99",
        "model_steps_per_decision",
        "deadline_misses",
    ];
    for row in &rows {
        for key in keys {
            assert!(!row[key].is_null(), "{key} is missing in {row}");
        }
    }
    let html = std::fs::read_to_string(folder.path().join("b.html")).unwrap();
    assert!(
        html.contains("<svg") && !html.contains("http-equiv") && !html.contains("src=\"http"),
        "not self-contained"
    );
}

/// The policy belongs to its model: another model refuses it.
#[test]
fn a_policy_is_distilled_acts_alone_and_under_the_arbiter() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| succeed(arguments, folder.path());
    let shipped = assets().join("models/two-room.safetensors");
    let shipped = shipped.display();
    run("collect --task two-room --episodes 60 --out data --seed 3");
    let set = "--set distill.round_goals=4 --set distill.practice_rounds=1 --set distill.practice_goals=4 --set distill.calibration_goals=60 --set distill.policy.hidden=[64] --set distill.exploration=40";
    run(&format!(
        "distill --task two-room --model {shipped} --data data --goals 9 --rounds 1 --steps 400 {set} --out p.safetensors"
    ));
    run(&format!(
        "bench --task two-room/fixed --model {shipped} --policy p.safetensors --planner system1,hybrid,icem --cost pose --episodes 4 --tier near --json b.json --html b.html"
    ));
    let rows: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("b.json")).unwrap()).unwrap();
    let planned: Vec<f64> = rows
        .iter()
        .map(|row| row["planned_share"].as_f64().unwrap())
        .collect();
    assert_eq!(rows.len(), 3);
    assert_eq!((planned[0], planned[2]), (0.0, 1.0));
    assert!((0.0..=1.0).contains(&planned[1]), "{planned:?}");
    let reasons = rows[1]["reasons"].as_object().unwrap();
    let told: u64 = reasons.values().filter_map(Value::as_u64).sum();
    let decisions: usize = rows[1]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|episode| episode["decision_ms"].as_array().unwrap().len())
        .sum();
    assert_eq!(told as usize, decisions, "every decision says why");

    run("train --task two-room --data data --steps 20 --out other.safetensors");
    let line = failure(
        "bench --task two-room --model other.safetensors --policy p.safetensors --planner system1 --episodes 1",
        folder.path(),
        1,
    );
    assert!(
        line.contains("p.safetensors") && line.contains("another model"),
        "{line}"
    );
    let line = failure(
        &format!(
            "bench --task two-room --model {shipped} --policy other.safetensors --planner system1 --episodes 1"
        ),
        folder.path(),
        1,
    );
    assert!(line.contains("other.safetensors"), "{line}");
}

#[test]
fn tasks_are_listed_with_their_spaces() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeed("tasks --json tasks.json", folder.path());
    let text = String::from_utf8(output.stdout).unwrap();
    let json: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("tasks.json")).unwrap()).unwrap();
    for name in [
        "bottle", "drive", "pick", "push", "reach", "rotate", "two-room",
    ] {
        assert!(text.contains(name), "{text}");
        assert!(json.iter().any(|t| t["task"] == name));
    }
    assert!(!is_empty(folder.path()));
}

#[test]
fn reports_are_compared_pair_by_pair() {
    let folder = tempfile::tempdir().unwrap();
    let bench = |seed: &str, json: &str| {
        succeed(
            &format!(
                "bench --task two-room/fixed --planner random --tier near --episodes 12 --seed {seed} --json {json} --html h.html"
            ),
            folder.path(),
        );
    };
    bench("3", "a.json");
    bench("4", "b.json");
    let compare = |other| format!("bench --compare a.json {other}");
    let same = foresight(&compare("a.json"), folder.path()).stdout;
    let same = String::from_utf8(same).unwrap();
    assert!(
        same.contains("+0.0 [+0.0, +0.0]") && same.contains("1.000"),
        "{same}"
    );
    let other = failure(&compare("b.json"), folder.path(), 1);
    assert!(other.contains("share no pairs"), "{other}");
    std::fs::write(folder.path().join("c.json"), "{}").unwrap();
    let foreign = failure(&compare("c.json"), folder.path(), 1);
    assert!(foreign.contains("c.json"), "{foreign}");
}
