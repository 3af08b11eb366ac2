//! What people rely on when they compare planners: frozen pairs, a world that does not wait, runs that can be continued.

use crate::support::{assets, failure, foresight, task, tasks};
use agent::benchmark::manifest::{self, Manifest};
use agent::benchmark::{Tier, pairs};
use serde_json::Value;
use sim::variation::Variant;
use std::path::Path;

fn variants() -> Vec<(std::sync::Arc<sim::Task>, Variant)> {
    let variants = |task: std::sync::Arc<sim::Task>| {
        let names = task.variants();
        names
            .into_iter()
            .map(move |name| (task.clone(), Variant::of(&task, Some(&name)).unwrap()))
    };
    tasks().into_iter().flat_map(variants).collect()
}

fn rows(path: &Path) -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn run(arguments: &str, folder: &Path) {
    let output = foresight(arguments, folder);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {text}");
}

#[test]
fn every_variant_has_a_manifest_of_the_pairs_that_its_seed_draws() {
    for (task, variant) in variants() {
        let path = manifest::path(&assets(), task.name(), &variant.name);
        let manifest = Manifest::read(&path).unwrap();
        assert_eq!(
            (manifest.task.as_str(), &manifest.variant),
            (task.name(), &variant.name)
        );
        for tier in Tier::of(&task) {
            let frozen = manifest
                .pairs(&task, &variant, tier, manifest::PAIRS)
                .unwrap();
            let fresh = pairs::draw(&task, &variant, tier, 8, manifest.seed).unwrap();
            for (frozen, fresh) in frozen.iter().zip(&fresh) {
                assert_eq!(frozen.start_seed, fresh.start_seed);
                for (a, b) in frozen.goal.pose.iter().zip(&fresh.goal.pose) {
                    assert!((a - b).abs() < 1.0e-3, "{}: {a} {b}", path.display());
                }
            }
        }
    }
}

#[test]
fn frozen_pairs_that_no_longer_fit_the_task_are_refused() {
    let task = task("push");
    let variant = Variant::of(&task, None).unwrap();
    let path = manifest::path(&assets(), "push", &variant.name);
    let mut manifest = Manifest::read(&path).unwrap();
    let error = |manifest: &Manifest, count| {
        let pairs = manifest.pairs(&task, &variant, Tier::Near, count);
        pairs.unwrap_err().to_string()
    };
    assert!(error(&manifest, 201).contains("200 frozen pairs"));
    manifest.tiers.get_mut(&Tier::Near).unwrap()[3].start_pose[0] += 0.01;
    assert!(error(&manifest, 5).contains("pair 3 of tier near"));
}

#[test]
fn the_world_does_not_wait_in_real_time() {
    let folder = tempfile::tempdir().unwrap();
    let bench = |more: &str| {
        let arguments = format!(
            "bench --task two-room/fixed --tier near --cost pose --episodes 4 --json b.json --html b.html {more}"
        );
        run(&arguments, folder.path());
        rows(&folder.path().join("b.json")).remove(0)
    };
    let started = std::time::Instant::now();
    let row = bench("--planner icem --realtime --budget 3200");
    assert_eq!(row["realtime"], true);
    let steps: f64 = row["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["steps"].as_f64().unwrap())
        .sum();
    // At 20 Hz, one episode at a time for each of the machine's cores.
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    assert!(started.elapsed().as_secs_f64() > steps / 20.0 / cores);
    assert!(row["successes"].as_u64().unwrap() >= 1, "{row}");

    // A planner in true physics that cannot keep up is late, and the report says so.
    let config = "[physics]\nhorizon_blocks = 6\nplanner = { planner = \"icem\", population = 400, rounds = 6 }\n";
    std::fs::write(folder.path().join("slow.toml"), config).unwrap();
    let row = bench("--planner oracle --realtime --config slow.toml");
    assert!(row["deadline_misses"].as_u64().unwrap() > 0, "{row}");
}

#[test]
fn a_goal_can_be_moved_in_mid_episode_and_nothing_counts_before() {
    let folder = tempfile::tempdir().unwrap();
    let bench =
        "bench --task two-room/fixed --planner system1 --tier near --episodes 6 --html r.html";
    run(&format!("{bench} --json once.json"), folder.path());
    run(
        &format!("{bench} --event goal --json moved.json"),
        folder.path(),
    );
    let (once, moved) = (
        rows(&folder.path().join("once.json")),
        rows(&folder.path().join("moved.json")),
    );
    assert_eq!(once[0]["variant"], "fixed");
    assert_eq!(moved[0]["variant"], "fixed, then another goal");
    let reached = moved[0]["successes"].as_u64().unwrap();
    assert!(
        reached >= 5,
        "{reached} of 6 reached the goal that was moved"
    );
    let (first, second) = (&once[0]["results"], &moved[0]["results"]);
    for index in 0..6 {
        let (first, second) = (&first[index], &second[index]);
        assert_eq!(first["start_seed"], second["start_seed"]);
        assert!(second["steps"].as_u64().unwrap() >= 6, "{second}");
    }
    assert_ne!(first[0]["trace"]["goal"], second[0]["trace"]["goal"]);
    let refused = "bench --task reach --planner system1 --episodes 1 --event shove=1 --json r.json --html r.html";
    let line = failure(refused, folder.path(), 1);
    assert!(line.contains("driven by its actuators"), "{line}");
}

#[test]
fn an_episode_is_over_where_its_goal_is_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    let bench = "bench --task drive/fixed --planner random --tier mid --episodes 30";
    run(
        &format!("{bench} --json b.json --html b.html"),
        folder.path(),
    );
    let rows = rows(&folder.path().join("b.json"));
    let missed = rows[0]["results"].as_array().unwrap().iter();
    let missed = missed.filter(|result| result["success"] == false);
    let steps: Vec<u64> = missed.map(|r| r["steps"].as_u64().unwrap()).collect();
    let budget = Tier::Mid.budget() as u64;
    assert!(steps.contains(&budget), "{steps:?}");
    assert!(steps.iter().any(|&s| s < budget), "no car touched a pole");
}

#[test]
fn an_unfinished_benchmark_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let bench = |more: &str| {
        format!(
            "bench --task two-room/fixed --planner random --episodes 6 --seed 2 --html b.html {more}"
        )
    };
    run(&bench("--tier near,mid --json whole.json"), folder.path());
    run(&bench("--tier near --json part.json"), folder.path());
    let mut part = rows(&folder.path().join("part.json"));
    part[0]["steps_to_success"] = 4711.0.into(); // tells whether the row was run again
    std::fs::write(
        folder.path().join("part.json"),
        Value::from(part).to_string(),
    )
    .unwrap();
    run(
        &bench("--tier near,mid --json part.json --resume"),
        folder.path(),
    );
    let other = failure(
        &bench("--tier near --json part.json --resume"),
        folder.path(),
        1,
    );
    assert!(other.contains("does not ask for"), "{other}");
    let (whole, part) = (
        rows(&folder.path().join("whole.json")),
        rows(&folder.path().join("part.json")),
    );
    assert_eq!(part.len(), 2);
    assert_eq!(part[0]["steps_to_success"], 4711.0);
    assert_eq!(part[1]["successes"], whole[1]["successes"]);
}

#[test]
fn a_budget_that_is_too_small_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = failure(
        "bench --task two-room --planner icem --budget 300",
        folder.path(),
        2,
    );
    assert!(error.contains("--budget 300"), "{error}");
}
