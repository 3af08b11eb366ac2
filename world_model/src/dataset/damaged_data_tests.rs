//! Data files that another program could have written: each is a good one with one change.
#![allow(clippy::unwrap_used)]

use super::{Dataset, DatasetSpec, DatasetWriter, Episode, info};
use crate::pose::PoseLayout;
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, Int64Array, ListArray, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const LENGTHS: [usize; 3] = [4, 2, 5];

fn good() -> (TempDir, Vec<Episode>) {
    let names = |count: usize| (0..count).map(|i| format!("c{i}")).collect();
    let spec = DatasetSpec {
        task: "push".to_owned(),
        fps: 20,
        observation_names: names(3),
        action_names: names(1),
        pose_names: names(2),
        pose: PoseLayout {
            position_dims: 2,
            has_yaw: false,
            conditions: 0,
            clearances: 0,
            position_counts_when: None,
            effector_dims: 0,
            position_tolerance_m: 0.02,
            yaw_tolerance_rad: 0.3,
        },
        image: None,
        seed: 1,
    };
    let episodes: Vec<Episode> = LENGTHS
        .iter()
        .map(|&frames| {
            let values = |width: usize| (0..frames * width).map(|i| i as f32 * 0.25).collect();
            Episode {
                observations: values(3),
                actions: values(1),
                poses: values(2),
                images: Vec::new(),
                behaviour: "smooth random".to_owned(),
            }
        })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let mut writer = DatasetWriter::create(dir.path(), spec).unwrap();
    for episode in &episodes {
        writer.write_episode(episode).unwrap();
    }
    writer.finish().unwrap();
    (dir, episodes)
}

/// Replaces one column of the data file, or drops it.
fn replace(dir: &Path, column: &str, change: impl Fn(&ArrayRef) -> Option<ArrayRef>) {
    let path = info::data_file(dir, 0, 0);
    let file = File::open(&path).unwrap();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batch = batches.next().unwrap().unwrap();
    let columns = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .filter_map(|(field, array)| {
            let array = match field.name() == column {
                true => change(array)?,
                false => array.clone(),
            };
            Some((field.name().clone(), array, true))
        })
        .collect::<Vec<_>>();
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn integers(values: impl IntoIterator<Item = i64>) -> Option<ArrayRef> {
    Some(Arc::new(Int64Array::from_iter_values(values)))
}

fn rows_of(dimension: usize, values: impl Fn(usize) -> Option<f32>) -> Option<ArrayRef> {
    let frames: usize = LENGTHS.iter().sum();
    Some(Arc::new(
        ListArray::from_iter_primitive::<Float32Type, _, _>((0..frames).map(|row| {
            let row: Vec<_> = (0..dimension)
                .map(|at| values(row * dimension + at))
                .collect();
            Some(row)
        })),
    ))
}

fn complaint(dir: &Path) -> String {
    Dataset::read(dir).unwrap_err().to_string()
}

fn assert_complaint(dir: &Path, parts: &[&str]) {
    let text = complaint(dir);
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn lists_of_variable_length_are_read_when_all_have_the_right_one() {
    let (dir, episodes) = good();
    let hash = Dataset::read(dir.path()).unwrap().hash;
    replace(dir.path(), "observation.state", |array| {
        let values = array.as_fixed_size_list().values().clone();
        let values = values.as_primitive::<Float32Type>().clone();
        rows_of(3, |at| Some(values.value(at)))
    });
    let dataset = Dataset::read(dir.path()).unwrap();
    assert_eq!(dataset.episodes, episodes);
    assert_eq!(dataset.hash, hash);
}

#[test]
fn a_missing_column_is_named_with_its_file() {
    for column in [
        "observation.state",
        "action",
        "observation.pose",
        "frame_index",
    ] {
        let (dir, _) = good();
        replace(dir.path(), column, |_| None);
        assert_complaint(dir.path(), &["file-000.parquet", column, "is missing"]);
    }
}

#[test]
fn a_non_finite_value_is_named_with_episode_frame_and_component() {
    for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let (dir, _) = good();
        let row = LENGTHS[0] + LENGTHS[1] + 3;
        replace(dir.path(), "observation.pose", |_| {
            rows_of(2, |at| Some(if at == 2 * row + 1 { value } else { 0.0 }))
        });
        let place = format!("episode 2, frame 3: observation.pose[1] is {text}");
        assert_complaint(dir.path(), &["file-000.parquet", &place]);
    }
}

#[test]
fn vectors_of_another_width_or_type_are_refused() {
    let (dir, _) = good();
    replace(dir.path(), "observation.state", |_| {
        rows_of(2, |_| Some(0.0))
    });
    assert_complaint(
        dir.path(),
        &["observation.state", "2 components", "float32[3]"],
    );
    replace(dir.path(), "observation.state", |_| {
        Some(Arc::new(Float32Array::from(vec![0.0; 11])))
    });
    assert_complaint(
        dir.path(),
        &["observation.state", "one number", "float32[3]"],
    );
    replace(dir.path(), "observation.state", |_| integers(0..11));
    assert_complaint(dir.path(), &["observation.state", "Int64", "float32[3]"]);
    replace(dir.path(), "observation.state", |_| {
        rows_of(3, |at| (at != 7).then_some(0.0))
    });
    assert_complaint(dir.path(), &["observation.state", "null", "float32[3]"]);
}

#[test]
fn frames_out_of_order_are_refused() {
    let (dir, _) = good();
    replace(dir.path(), "frame_index", |_| {
        integers([0, 1, 3, 2, 0, 1, 0, 1, 2, 3, 4])
    });
    assert_complaint(dir.path(), &["frame_index in row 2 is 3, expected 2"]);
}

#[test]
fn episodes_of_another_length_than_announced_are_refused() {
    let (dir, _) = good();
    replace(dir.path(), "episode_index", |_| {
        integers([0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2])
    });
    assert_complaint(dir.path(), &["episode_index in row 3 is 1, expected 0"]);
}

#[test]
fn a_task_without_a_text_is_refused() {
    let (dir, _) = good();
    replace(dir.path(), "task_index", |_| integers([7; 11]));
    assert_complaint(dir.path(), &["task_index", "is 7", "meta/tasks.parquet"]);
}
