//! The same seed and binary give the same numbers, whatever the thread count.

use crate::support::{assets, foresight, task};
use agent::collection::collect;
use agent::recipe::CollectConfig;
use serde_json::Value;
use std::path::Path;
use world_model::dataset::Dataset;

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
        .install(work)
}

#[test]
fn data_do_not_depend_on_the_thread_count() {
    let config = CollectConfig {
        episodes: 12,
        steps: 30,
        seed: 4,
        ..CollectConfig::default()
    };
    let folder = tempfile::tempdir().unwrap();
    for name in ["push", "two-room", "drive", "bottle", "pick"] {
        let task = task(name);
        let hash = |threads: usize| {
            let out = folder.path().join(format!("{name}-{threads}"));
            with_threads(threads, || collect(&task, &config, &out, &mut |_| true)).unwrap();
            Dataset::read(&out).unwrap().hash
        };
        assert_eq!(hash(1), hash(2));
    }
}

#[test]
fn looks_vary_from_episode_to_episode_where_a_recipe_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let task = task("two-room");
    let images = |name: &str, varied: &[&str]| {
        let config = CollectConfig {
            episodes: 3,
            steps: 2,
            image_size: Some(64),
            varied_looks: varied.iter().map(|&v| v.to_owned()).collect(),
            ..CollectConfig::default()
        };
        let out = folder.path().join(name);
        collect(&task, &config, &out, &mut |_| true).map(|_| {
            let episodes = Dataset::read(&out).unwrap().episodes;
            episodes.into_iter().map(|e| e.images).collect::<Vec<_>>()
        })
    };
    let (plain, varied) = (
        images("plain", &[]).unwrap(),
        images("varied", &["light"]).unwrap(),
    );
    assert_eq!(plain.len(), 3);
    assert!(plain.iter().zip(&varied).all(|(a, b)| a != b));
    // Mass cannot be seen.
    let message = images("wrong", &["mass"]).unwrap_err().to_string();
    assert!(
        message.contains("'mass'") && message.contains("camera_jitter"),
        "{message}"
    );
}

/// A benchmark's rows without their timings.
fn bench(folder: &Path, threads: &str) -> Vec<Value> {
    let json = format!("{threads}.json");
    let arguments = format!(
        "bench --task push,two-room --episodes 4 --physics-episodes 1 --tier near --seed 11 --threads {threads} --json {json} --html report.html"
    );
    let output = foresight(&arguments, folder);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(folder.join(&json)).unwrap();
    let mut rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        assert!(row.remove("decision_ms_p50").is_some() && row.remove("decision_ms_p99").is_some());
        for result in row["results"].as_array_mut().unwrap() {
            assert!(
                result
                    .as_object_mut()
                    .unwrap()
                    .remove("decision_ms")
                    .is_some()
            );
        }
    }
    rows
}

#[test]
fn bench_does_not_depend_on_the_thread_count() {
    assert!(
        assets().join("models/push.safetensors").exists(),
        "the shipped model is missing"
    );
    let folder = tempfile::tempdir().unwrap();
    let one = bench(folder.path(), "1");
    assert!(one.len() >= 12, "{} rows", one.len());
    assert_eq!(one, bench(folder.path(), "2"));
}
