//! `meta/info.json`: what LeRobot needs to know of a dataset, and our own key in it.

use super::{ACTION, DatasetError, DatasetSpec, IMAGE, OBSERVATION, POSE};
use crate::pose::PoseLayout;
use crate::sight::ImageShape;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the format, as `info.json` spells it.
const VERSION: &str = "v3.0";
/// Where the data files are, as `info.json` spells it.
const DATA_PATH: &str = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";
/// Files in one chunk folder.
pub(super) const FILES_PER_CHUNK: usize = 1000;

/// What `observation.pose` has to hold, for those who bring their own data.
const POSE_MEANING: &str = "float32 vectors [position in m, cos yaw, sin yaw, conditions in \
     [0, 1], clearances in [0, 1], effector position in m] \
     of the object that goals are about, laid out as `foresight.pose` in this file says";
/// What the key `foresight` has to hold, for those who bring their own data.
const FORESIGHT_MEANING: &str = "{\"task\": name, \"seed\": integer, \"pose\": {\"position_dims\", \
     \"has_yaw\", \"conditions\" (default 0), \"clearances\" (default 0), \
     \"effector_dims\", \"position_tolerance_m\", \"yaw_tolerance_rad\"}}";

/// The fields of `info.json` that matter here; unknown ones are ignored.
#[derive(Serialize, Deserialize)]
pub(super) struct Info {
    codebase_version: String,
    #[serde(default)]
    robot_type: Option<String>,
    pub(super) total_episodes: usize,
    pub(super) total_frames: usize,
    #[serde(default)]
    total_tasks: usize,
    #[serde(default)]
    chunks_size: usize,
    #[serde(default)]
    data_files_size_in_mb: u64,
    #[serde(default)]
    video_files_size_in_mb: u64,
    fps: Number,
    #[serde(default)]
    splits: BTreeMap<String, String>,
    data_path: String,
    #[serde(default)]
    video_path: Option<String>,
    features: BTreeMap<String, Feature>,
    #[serde(default)]
    foresight: Option<Foresight>,
}

/// One column of the data files.
#[derive(Serialize, Deserialize)]
struct Feature {
    dtype: String,
    shape: Vec<usize>,
    names: Value,
}

/// What LeRobot has no field for.
#[derive(Serialize, Deserialize)]
struct Foresight {
    task: String,
    seed: u64,
    pose: PoseLayout,
}

/// Path of `info.json` in a dataset.
pub(super) fn info_path(dir: &Path) -> PathBuf {
    dir.join("meta/info.json")
}

/// Path of a data file in a dataset.
pub(super) fn data_file(dir: &Path, chunk: usize, file: usize) -> PathBuf {
    dir.join(format!("data/chunk-{chunk:03}/file-{file:03}.parquet"))
}

/// Path of a file of the episode table in a dataset.
pub(super) fn episodes_file(dir: &Path, chunk: usize, file: usize) -> PathBuf {
    dir.join(format!(
        "meta/episodes/chunk-{chunk:03}/file-{file:03}.parquet"
    ))
}

impl Info {
    /// The file of a dataset with these totals; `data_files_mb` is the size at which a data file
    /// is closed.
    pub(super) fn new(
        spec: &DatasetSpec,
        episodes: usize,
        frames: usize,
        behaviours: usize,
        data_files_mb: u64,
    ) -> Self {
        let scalar = |dtype: &str| Feature {
            dtype: dtype.to_owned(),
            shape: vec![1],
            names: Value::Null,
        };
        let mut features = BTreeMap::from([("timestamp".to_owned(), scalar("float32"))]);
        for name in ["frame_index", "episode_index", "index", "task_index"] {
            features.insert(name.to_owned(), scalar("int64"));
        }
        for (name, components) in spec.vectors() {
            features.insert(
                name.to_owned(),
                Feature {
                    dtype: "float32".to_owned(),
                    shape: vec![components.len()],
                    names: json!(components),
                },
            );
        }
        if let Some(image) = spec.image {
            features.insert(
                IMAGE.to_owned(),
                Feature {
                    dtype: "image".to_owned(),
                    shape: vec![image.height, image.width, 3],
                    names: json!(["height", "width", "channels"]),
                },
            );
        }
        Self {
            codebase_version: VERSION.to_owned(),
            robot_type: None,
            total_episodes: episodes,
            total_frames: frames,
            total_tasks: behaviours,
            chunks_size: FILES_PER_CHUNK,
            data_files_size_in_mb: data_files_mb,
            video_files_size_in_mb: 200,
            fps: Number::from(spec.fps),
            splits: BTreeMap::from([("train".to_owned(), format!("0:{episodes}"))]),
            data_path: DATA_PATH.to_owned(),
            video_path: None,
            features,
            foresight: Some(Foresight {
                task: spec.task.clone(),
                seed: spec.seed,
                pose: spec.pose.clone(),
            }),
        }
    }

    /// Reads and checks the file of the dataset in `dir`.
    pub(super) fn read(dir: &Path) -> Result<Self, DatasetError> {
        let path = info_path(dir);
        let json = |source| DatasetError::Json {
            path: path.clone(),
            source,
        };
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(DatasetError::Missing { path });
            }
            other => other.map_err(DatasetError::io("read", &path))?,
        };
        // The version comes first: other versions have other fields.
        let value: Map<String, Value> = serde_json::from_slice(&text).map_err(json)?;
        let version = value.get("codebase_version").unwrap_or(&Value::Null);
        if version != VERSION {
            return Err(field(dir, "codebase_version", version, "\"v3.0\""));
        }
        let info: Self = serde_json::from_value(Value::Object(value)).map_err(json)?;
        if info.data_path != DATA_PATH {
            return Err(field(dir, "data_path", &json!(info.data_path), DATA_PATH));
        }
        Ok(info)
    }

    /// The spec of the dataset in `dir`, of which this is the file.
    pub(super) fn spec(&self, dir: &Path) -> Result<DatasetSpec, DatasetError> {
        let observation_names = self.names_of(dir, OBSERVATION, "float32 observation vectors")?;
        let action_names = self.names_of(dir, ACTION, "float32 action vectors")?;
        let pose_names = self.names_of(dir, POSE, POSE_MEANING)?;
        let Some(own) = &self.foresight else {
            return Err(field(dir, "foresight", &Value::Null, FORESIGHT_MEANING));
        };
        if own.pose.dim() != pose_names.len() {
            return Err(DatasetError::Column {
                path: info_path(dir),
                column: POSE.to_owned(),
                found: format!("float32[{}]", pose_names.len()),
                expected: format!("float32[{}], as `foresight.pose` says", own.pose.dim()),
            });
        }
        let fps = self.fps.as_f64().unwrap_or(f64::NAN);
        if !(fps >= 1.0 && fps <= f64::from(u32::MAX) && fps.fract() == 0.0) {
            let found = Value::Number(self.fps.clone());
            return Err(field(dir, "fps", &found, "a whole number of at least 1"));
        }
        Ok(DatasetSpec {
            task: own.task.clone(),
            fps: fps as u32,
            observation_names,
            action_names,
            pose_names,
            pose: own.pose.clone(),
            image: self.image(dir)?,
            seed: own.seed,
        })
    }

    /// Size of the images, if there are any.
    fn image(&self, dir: &Path) -> Result<Option<ImageShape>, DatasetError> {
        let Some(feature) = self.features.get(IMAGE) else {
            return Ok(None);
        };
        match (feature.dtype.as_str(), feature.shape.as_slice()) {
            ("image", &[height, width, 3]) if height > 0 && width > 0 => {
                Ok(Some(ImageShape { width, height }))
            }
            (dtype, shape) => Err(DatasetError::Column {
                path: info_path(dir),
                column: IMAGE.to_owned(),
                found: format!("{dtype}{shape:?}"),
                expected: "image[height, width, 3]".to_owned(),
            }),
        }
    }

    /// The component names of a vector feature; LeRobot allows a list, a list under one key, or
    /// none at all.
    fn names_of(
        &self,
        dir: &Path,
        column: &str,
        meaning: &str,
    ) -> Result<Vec<String>, DatasetError> {
        let Some(feature) = self.features.get(column) else {
            return Err(DatasetError::MissingColumn {
                path: info_path(dir),
                column: column.to_owned(),
                expected: meaning.to_owned(),
            });
        };
        let dimension = match (feature.dtype.as_str(), feature.shape.as_slice()) {
            ("float32", &[dimension]) if dimension > 0 => dimension,
            (dtype, shape) => {
                return Err(DatasetError::Column {
                    path: info_path(dir),
                    column: column.to_owned(),
                    found: format!("{dtype}{shape:?}"),
                    expected: "float32[n] with n of at least 1".to_owned(),
                });
            }
        };
        let list = match &feature.names {
            Value::Object(groups) if groups.len() == 1 => groups.values().next(),
            names => Some(names),
        };
        let names: Option<Vec<String>> = list
            .and_then(Value::as_array)
            .and_then(|list| list.iter().map(|n| n.as_str().map(str::to_owned)).collect());
        Ok(match names {
            Some(names) if names.len() == dimension => names,
            _ => (0..dimension).map(|i| format!("{column}.{i}")).collect(),
        })
    }
}

fn field(dir: &Path, field: &str, found: &Value, expected: &str) -> DatasetError {
    DatasetError::Field {
        path: info_path(dir),
        field: field.to_owned(),
        found: match found {
            Value::Null => "missing".to_owned(),
            value => value.to_string(),
        },
        expected: expected.to_owned(),
    }
}
