//! Interaction data on disk: LeRobotDataset v3.0, written and read without Python.
//!
//! A dataset is a folder of parquet tables and JSON that the Python package `lerobot` opens as it
//! is, so that people can look at our data with its tools and bring their own:
//!
//! ```text
//! meta/info.json                                features, fps, totals and our own key `foresight`
//! meta/stats.json                               statistics of every feature over all frames
//! meta/tasks.parquet                            the behaviours, one row each
//! meta/episodes/chunk-000/file-000.parquet      one row for each episode
//! data/chunk-000/file-000.parquet               one row for each frame
//! ```
//!
//! Frame columns are `observation.state`, `action` and `observation.pose`, and `observation.images.camera`
//! (PNG) where a camera looked on. The task, the seed and the meaning of the pose are in `info.json`
//! under `foresight`, a key that `lerobot` ignores.

mod columns;
mod content_hash;
#[cfg(test)]
mod damaged_data_tests;
mod error;
mod info;
mod reader;
mod staging;
mod stats;
mod tables;
mod writer;

pub use error::DatasetError;
pub use writer::DatasetWriter;

use crate::pose::PoseLayout;
use crate::sight::ImageShape;
use std::path::Path;

/// Column of the observations.
pub const OBSERVATION: &str = "observation.state";
/// Column of the actions.
pub const ACTION: &str = "action";
/// Column of the poses.
pub const POSE: &str = "observation.pose";
/// Column of the images.
pub const IMAGE: &str = "observation.images.camera";

/// One recorded episode: three row-major tables with the same number of rows (frames).
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// `[frames, observation_dim]`, in the units of the task.
    pub observations: Vec<f32>,
    /// `[frames, action_dim]`, normalised to [-1, 1]; row t is applied between frames t and t + 1.
    pub actions: Vec<f32>,
    /// `[frames, pose_dim]`, laid out as [`PoseLayout`] says.
    pub poses: Vec<f32>,
    /// One PNG for each frame, of the size that the spec says; empty where there was no camera.
    pub images: Vec<Vec<u8>>,
    /// What the robot was doing, in words: LeRobot's task string.
    pub behaviour: String,
}

/// What is true of every episode of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSpec {
    /// Name of the task that the episodes were recorded in.
    pub task: String,
    /// Frames per second, that is control steps per second.
    pub fps: u32,
    /// One name for each column of the observations.
    pub observation_names: Vec<String>,
    /// One name for each column of the actions.
    pub action_names: Vec<String>,
    /// One name for each column of the poses.
    pub pose_names: Vec<String>,
    /// What the columns of the poses mean.
    pub pose: PoseLayout,
    /// Size of the images; none where there was no camera.
    pub image: Option<ImageShape>,
    /// Seed that the episodes were collected with.
    pub seed: u64,
}

impl DatasetSpec {
    /// The three vector columns of a frame: feature name and names of its components.
    fn vectors(&self) -> [(&'static str, &[String]); 3] {
        [
            (OBSERVATION, &self.observation_names),
            (ACTION, &self.action_names),
            (POSE, &self.pose_names),
        ]
    }
}

/// What a finished [`DatasetWriter`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Episodes on disk.
    pub episodes: usize,
    /// Frames on disk, over all episodes.
    pub frames: usize,
    /// Size of the data and episode tables on disk, in bytes.
    pub bytes: u64,
}

/// A whole dataset in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What is true of every episode.
    pub spec: DatasetSpec,
    /// The episodes in the order of their index.
    pub episodes: Vec<Episode>,
    /// BLAKE3 in hexadecimal over everything that can be learned from (spec, behaviours and the
    /// bits of every value), so that neither compression nor the split into files changes it.
    pub hash: String,
}

impl Dataset {
    /// Reads the dataset in `dir` and checks all of it: totals, lengths, order, dimensions and
    /// that every value is finite.
    ///
    /// # Errors
    /// The first thing that is missing or wrong, with its file and what was expected there.
    pub fn read(dir: &Path) -> Result<Self, DatasetError> {
        reader::read(dir)
    }

    /// This data set with the episodes of others behind its own.
    ///
    /// # Errors
    /// [`DatasetError::Others`] for one whose episodes are of another kind; its seed may differ.
    pub fn joined(mut self, others: Vec<Self>) -> Result<Self, DatasetError> {
        for other in others {
            let spec = DatasetSpec {
                seed: self.spec.seed,
                ..other.spec
            };
            if spec != self.spec {
                return Err(DatasetError::Others {
                    found: spec.task,
                    expected: self.spec.task,
                });
            }
            self.episodes.extend(other.episodes);
        }
        self.hash = content_hash::content_hash(&self.spec, &self.episodes);
        Ok(self)
    }
}
