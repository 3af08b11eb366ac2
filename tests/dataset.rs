//! Datasets: what is written is read back bit for bit, a kill loses at most what was not flushed,
//! and every fault is one clear line that names the file.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use world_model::dataset::{Dataset, DatasetError, DatasetSpec, DatasetWriter, Episode};
use world_model::pose::PoseLayout;

fn spec(observation_dim: usize, action_dim: usize, position_dims: usize) -> DatasetSpec {
    let names = |prefix: &str, count| (0..count).map(|i| format!("{prefix}_{i}")).collect();
    DatasetSpec {
        task: "push".to_owned(),
        fps: 20,
        observation_names: names("observation", observation_dim),
        action_names: names("action", action_dim),
        pose_names: names("pose", position_dims),
        pose: PoseLayout {
            position_dims,
            has_yaw: false,
            conditions: 0,
            clearances: 0,
            position_counts_when: None,
            effector_dims: 0,
            position_tolerance_m: 0.02,
            yaw_tolerance_rad: 0.35,
        },
        image: None,
        seed: u64::MAX,
    }
}

fn episode(frames: usize, offset: f32) -> Episode {
    let values = |width: usize| (0..frames * width).map(|i| i as f32 + offset).collect();
    Episode {
        observations: values(3),
        actions: values(2),
        poses: values(2),
        images: Vec::new(),
        behaviour: "contact seeking".to_owned(),
    }
}

/// A dataset of two data files with two episodes each.
fn written() -> (TempDir, Vec<Episode>) {
    let episodes: Vec<Episode> = (0..4).map(|i| episode(3 + i, i as f32)).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), spec(3, 2, 2)).unwrap();
    for pair in episodes.chunks(2) {
        pair.iter().for_each(|e| writer.write_episode(e).unwrap());
        writer.flush().unwrap();
    }
    let summary = writer.finish().unwrap();
    assert_eq!((summary.episodes, summary.frames), (4, 18));
    (dir, episodes)
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

fn edit_info(dir: &Path, edit: impl FnOnce(&mut Value)) {
    let path = dir.join("meta/info.json");
    let mut info: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut info);
    fs::write(&path, info.to_string()).unwrap();
}

/// The error of reading `dir` is one line and has all of `parts`.
fn assert_complaint(dir: &Path, parts: &[&str]) {
    let text = Dataset::read(dir).unwrap_err().to_string();
    assert!(!text.contains('\n'), "more than a line: {text:?}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

fn any_finite() -> impl Strategy<Value = f32> {
    any::<f32>().prop_filter("finite", |value| value.is_finite())
}

fn any_dataset() -> impl Strategy<Value = (DatasetSpec, Vec<Episode>, Vec<bool>)> {
    (1..5_usize, 1..4_usize, 1..4_usize, 1..6_usize).prop_flat_map(|(o, a, p, count)| {
        let table = |frames: usize, width| prop::collection::vec(any_finite(), frames * width);
        let one = (1..6_usize).prop_flat_map(move |frames| {
            (
                table(frames, o),
                table(frames, a),
                table(frames, p),
                ".{0,8}",
            )
                .prop_map(|(observations, actions, poses, behaviour)| Episode {
                    observations,
                    actions,
                    poses,
                    images: Vec::new(),
                    behaviour,
                })
        });
        (
            Just(spec(o, a, p)),
            prop::collection::vec(one, count),
            prop::collection::vec(any::<bool>(), count),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_written_is_read_back((spec, episodes, flushes) in any_dataset()) {
        let mut hashes = Vec::new();
        for split in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = DatasetWriter::create(dir.path(), spec.clone()).unwrap();
            for (episode, flush) in episodes.iter().zip(&flushes) {
                writer.write_episode(episode).unwrap();
                if split && *flush {
                    writer.flush().unwrap();
                }
            }
            writer.finish().unwrap();
            let dataset = Dataset::read(dir.path()).unwrap();
            prop_assert_eq!(&dataset.spec, &spec);
            prop_assert_eq!(&dataset.episodes, &episodes);
            hashes.push(dataset.hash);
        }
        prop_assert_eq!(&hashes[0], &hashes[1], "the split into files changed the hash");
    }
}

#[test]
fn the_hash_follows_the_values() {
    let hash = |offset: f32| {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = DatasetWriter::create(dir.path(), spec(3, 2, 2)).unwrap();
        writer.write_episode(&episode(4, offset)).unwrap();
        writer.finish().unwrap();
        Dataset::read(dir.path()).unwrap().hash
    };
    assert_eq!(hash(0.0), hash(0.0));
    assert_ne!(hash(0.0), hash(1e-6));
}

#[test]
fn a_file_is_closed_every_500_episodes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), spec(3, 2, 2)).unwrap();
    for index in 0..501 {
        writer.write_episode(&episode(1, index as f32)).unwrap();
    }
    drop(writer);
    assert_eq!(Dataset::read(dir.path()).unwrap().episodes.len(), 500);
}

#[test]
fn dropping_the_writer_keeps_what_was_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), spec(3, 2, 2)).unwrap();
    writer.write_episode(&episode(3, 0.0)).unwrap();
    writer.flush().unwrap();
    writer.write_episode(&episode(5, 1.0)).unwrap();
    drop(writer);
    let dataset = Dataset::read(dir.path()).unwrap();
    assert_eq!(dataset.episodes, vec![episode(3, 0.0)]);
}

#[test]
fn a_kill_between_the_files_of_a_flush_leaves_the_state_before_it() {
    let (dir, episodes) = written();
    edit_info(dir.path(), |info| {
        info["total_episodes"] = json!(2);
        info["total_frames"] = json!(7);
    });
    let partial = dir.path().join("meta/info.json.partial");
    fs::write(partial, "{\"codebase_ver").unwrap();
    assert_eq!(Dataset::read(dir.path()).unwrap().episodes, episodes[..2]);
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let (dir, episodes) = written();
    let error = DatasetWriter::create(dir.path(), spec(3, 2, 2))
        .err()
        .unwrap();
    assert!(matches!(error, DatasetError::Occupied { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&dir.path().display().to_string())
    );
    assert_eq!(Dataset::read(dir.path()).unwrap().episodes, episodes);
}

#[test]
fn no_episodes_leave_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data/push");
    let writer = DatasetWriter::create(&dir, spec(3, 2, 2)).unwrap();
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, DatasetError::NoEpisodes { .. }), "{error}");
    assert!(!parent.path().join("data").exists());

    let mut writer = DatasetWriter::create(&dir, spec(3, 2, 2)).unwrap();
    writer.write_episode(&episode(3, 0.0)).unwrap();
    drop(writer);
    assert!(
        !parent.path().join("data").exists(),
        "dropped before a flush"
    );
}

#[test]
fn a_folder_that_cannot_be_created_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    for dir in [file.clone(), file.join("push")] {
        let error = DatasetWriter::create(&dir, spec(3, 2, 2)).err().unwrap();
        assert!(matches!(error, DatasetError::Io { .. }), "{error}");
        assert!(
            error.to_string().contains(&file.display().to_string()),
            "{error}"
        );
    }
}

#[test]
fn a_failed_flush_leaves_no_file_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), spec(3, 2, 2)).unwrap();
    writer.write_episode(&episode(3, 0.0)).unwrap();
    let obstacle = dir.path().join("meta/stats.json.partial");
    fs::create_dir_all(&obstacle).unwrap();
    let error = writer.flush().unwrap_err().to_string();
    assert!(error.contains("meta/stats.json"), "{error}");
    assert_eq!(files_below(dir.path()), Vec::<PathBuf>::new());

    fs::remove_dir(&obstacle).unwrap();
    writer.write_episode(&episode(4, 1.0)).unwrap();
    writer.finish().unwrap();
    let dataset = Dataset::read(dir.path()).unwrap();
    assert_eq!(dataset.episodes, vec![episode(3, 0.0), episode(4, 1.0)]);
}

#[test]
fn nothing_but_the_dataset_is_left_in_its_folder() {
    let (dir, _) = written();
    let mut names: Vec<String> = files_below(dir.path())
        .iter()
        .map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string())
        .collect();
    names.sort();
    let expected = [
        "data/chunk-000/file-000.parquet",
        "data/chunk-000/file-001.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "meta/episodes/chunk-000/file-001.parquet",
        "meta/info.json",
        "meta/stats.json",
        "meta/tasks.parquet",
    ];
    assert_eq!(names, expected);
}

#[test]
fn an_episode_that_does_not_fit_is_refused_and_the_next_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), spec(3, 2, 2)).unwrap();
    let refused = |writer: &mut DatasetWriter, change: &dyn Fn(&mut Episode), part: &str| {
        let mut episode = episode(4, 0.0);
        change(&mut episode);
        let error = writer.write_episode(&episode).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    };
    let w = &mut writer;
    refused(
        w,
        &|e| e.poses[5] = f32::NAN,
        "episode 0, frame 2: observation.pose[1] is NaN",
    );
    refused(
        w,
        &|e| e.actions[0] = f32::NEG_INFINITY,
        "action[0] is -inf",
    );
    refused(
        w,
        &|e| e.actions.truncate(6),
        "action: 6 values, expected 8",
    );
    refused(
        w,
        &|e| e.observations.truncate(11),
        "observation.state: 11 values, expected 9",
    );
    refused(
        w,
        &|e| e.observations.clear(),
        "observation.state: 0 values, expected 3",
    );
    writer.write_episode(&episode(4, 0.0)).unwrap();
    writer.finish().unwrap();
    assert_eq!(
        Dataset::read(dir.path()).unwrap().episodes,
        vec![episode(4, 0.0)]
    );
}

#[test]
fn a_spec_that_contradicts_itself_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut DatasetSpec), part: &str| {
        let mut spec = spec(3, 2, 2);
        change(&mut spec);
        let error = DatasetWriter::create(dir.path(), spec).err().unwrap();
        let text = error.to_string();
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    };
    refused(&|spec| spec.fps = 0, "fps is 0");
    refused(&|spec| spec.action_names.clear(), "action");
    refused(
        &|spec| spec.pose.has_yaw = true,
        "pose_names is 2, expected 4",
    );
}

#[test]
fn a_folder_without_a_dataset_is_named() {
    let dir = tempfile::tempdir().unwrap();
    assert_complaint(dir.path(), &["meta/info.json", "LeRobotDataset v3.0"]);
    assert_complaint(&dir.path().join("none"), &["none/meta/info.json"]);
}

#[test]
fn info_that_is_not_as_expected_is_named() {
    type Case<'a> = (&'a dyn Fn(&mut Value), &'a [&'a str]);
    let cases: [Case; 8] = [
        (
            &|info| info["codebase_version"] = json!("v2.1"),
            &["codebase_version is \"v2.1\"", "\"v3.0\""],
        ),
        (&|info| *info = json!({}), &["codebase_version is missing"]),
        (&|info| info["fps"] = json!(0), &["fps is 0"]),
        (
            &|info| info["data_path"] = json!("elsewhere.parquet"),
            &["data_path is \"elsewhere.parquet\""],
        ),
        (
            &|info| info["features"]["observation.state"]["shape"] = json!([5]),
            &[
                "file-000.parquet",
                "observation.state",
                "3 components",
                "float32[5]",
            ],
        ),
        (
            &|info| info["features"]["action"]["dtype"] = json!("float64"),
            &["action", "float64"],
        ),
        (
            &|info| info["total_episodes"] = json!(5),
            &["total_episodes is 5, expected 4"],
        ),
        (
            &|info| info["total_frames"] = json!(17),
            &["total_frames is 17, expected 18"],
        ),
    ];
    for (edit, parts) in cases {
        let (dir, _) = written();
        edit_info(dir.path(), edit);
        assert_complaint(dir.path(), parts);
    }
}

#[test]
fn a_dataset_of_another_origin_is_told_what_it_lacks() {
    let lacks = |name: &str| {
        let (dir, _) = written();
        edit_info(dir.path(), |info| {
            info.as_object_mut().unwrap().remove("foresight");
            info["features"].as_object_mut().unwrap().remove(name);
        });
        dir
    };
    let meaning = "position in m, cos yaw, sin yaw";
    assert_complaint(
        lacks("observation.state").path(),
        &["`observation.state` is missing"],
    );
    assert_complaint(lacks("action").path(), &["`action` is missing"]);
    assert_complaint(
        lacks("observation.pose").path(),
        &["info.json", "`observation.pose` is missing", meaning],
    );
    assert_complaint(lacks("").path(), &["foresight is missing", "position_dims"]);
}

#[test]
fn names_that_lerobot_allows_are_read() {
    for (names, first) in [
        (json!({"motors": ["pan", "lift"]}), "pan"),
        (json!(null), "action.0"),
    ] {
        let (dir, _) = written();
        edit_info(dir.path(), |info| {
            info["features"]["action"]["names"] = names
        });
        let spec = Dataset::read(dir.path()).unwrap().spec;
        assert_eq!(spec.action_names[0], first);
    }
}

#[test]
fn damaged_and_missing_tables_are_named() {
    let tables = [
        "data/chunk-000/file-001.parquet",
        "meta/episodes/chunk-000/file-001.parquet",
        "meta/tasks.parquet",
    ];
    for table in tables {
        let (dir, _) = written();
        let path = dir.path().join(table);
        let content = fs::read(&path).unwrap();
        for length in [0, 3, content.len() / 2, content.len() - 1] {
            fs::write(&path, &content[..length]).unwrap();
            assert_complaint(dir.path(), &[table, "not a readable parquet file"]);
        }
    }
    let (dir, _) = written();
    fs::remove_file(dir.path().join(tables[0])).unwrap();
    assert_complaint(dir.path(), &["cannot open", tables[0]]);
}
