//! Writes a dataset so that a kill at any time leaves a valid one, up to the last data file.
//!
//! A flush adds a data file and its part of the episode table and replaces the small files; all
//! five are written and synced beside their final names before the first is renamed. `info.json`
//! is renamed last: readers go by its totals, so files that it does not count are not there.

use super::info::{self, FILES_PER_CHUNK, Info};
use super::staging::{NewFolders, Staging};
use super::stats::FeatureStats;
use super::tables::{self, Buffer, EpisodeRow, Place};
use super::{ACTION, DatasetError, DatasetSpec, Episode, IMAGE, OBSERVATION, POSE, Summary};
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Episodes in a data file.
const EPISODES_PER_FILE: usize = 500;
/// Megabytes of frames after which a data file is closed even if it has fewer episodes.
const MEGABYTES_PER_FILE: u64 = 64;

/// Writes episodes into a new LeRobotDataset v3.0.
///
/// Dropped without [`finish`](Self::finish), it leaves what was flushed, and nothing at all when
/// nothing was.
pub struct DatasetWriter {
    dir: PathBuf,
    spec: DatasetSpec,
    folders: NewFolders,
    behaviours: Vec<String>,
    buffer: Buffer,
    /// Statistics of the frames on disk.
    stats: Option<Vec<(&'static str, FeatureStats)>>,
    files: usize,
    written: Summary,
}

impl DatasetWriter {
    /// Starts a dataset in `dir`, a folder that is empty or does not exist yet.
    ///
    /// # Errors
    /// [`DatasetError::Occupied`] when there is something in `dir`, [`DatasetError::Spec`] when
    /// the spec contradicts itself, [`DatasetError::Io`] when `dir` cannot be written to.
    pub fn create(dir: &Path, spec: DatasetSpec) -> Result<Self, DatasetError> {
        check_spec(dir, &spec)?;
        let mut folders = NewFolders::default();
        if dir.exists() {
            let mut entries = dir
                .read_dir()
                .map_err(DatasetError::io("read folder", dir))?;
            if entries.next().is_some() {
                return Err(DatasetError::Occupied {
                    path: dir.to_path_buf(),
                });
            }
        }
        folders.create(dir)?;
        // Find out now, not after minutes of collecting, that nothing can be written here.
        if let Err(source) = tempfile::tempfile_in(dir) {
            folders.remove_empty();
            return Err(DatasetError::io("write into", dir)(source));
        }
        Ok(Self {
            dir: dir.to_path_buf(),
            spec,
            folders,
            behaviours: Vec::new(),
            buffer: Buffer::default(),
            stats: None,
            files: 0,
            written: Summary {
                episodes: 0,
                frames: 0,
                bytes: 0,
            },
        })
    }

    /// Adds an episode; every [500 episodes](Self::flush) they are made durable.
    ///
    /// # Errors
    /// [`DatasetError::EpisodeShape`] and [`DatasetError::NotFinite`] when the episode does not
    /// fit the spec; the writer is as before and can go on. Those of [`flush`](Self::flush).
    pub fn write_episode(&mut self, episode: &Episode) -> Result<(), DatasetError> {
        let index = self.written.episodes + self.buffer.episodes.len();
        let length = self.check_episode(index, episode)?;
        let known = self.behaviours.iter().position(|b| *b == episode.behaviour);
        let task_index = known.unwrap_or_else(|| {
            self.behaviours.push(episode.behaviour.clone());
            self.behaviours.len() - 1
        });
        let first_frame = self.written.frames + self.buffer.frames();
        let stats = self.episode_stats(episode, index, length, first_frame, task_index);
        self.buffer
            .observations
            .extend_from_slice(&episode.observations);
        self.buffer.actions.extend_from_slice(&episode.actions);
        self.buffer.poses.extend_from_slice(&episode.poses);
        self.buffer.images.extend_from_slice(&episode.images);
        self.buffer.episodes.push(EpisodeRow {
            length,
            task_index,
            stats,
        });
        let full = self.buffer.bytes() as u64 >= MEGABYTES_PER_FILE << 20;
        if full || self.buffer.episodes.len() >= EPISODES_PER_FILE {
            self.flush()?;
        }
        Ok(())
    }

    /// Makes the episodes so far durable as one more data file.
    ///
    /// # Errors
    /// [`DatasetError::Io`] naming the file that could not be written. The dataset on disk is
    /// then as it was after the last flush, and this one can be tried again.
    pub fn flush(&mut self) -> Result<(), DatasetError> {
        if self.buffer.episodes.is_empty() {
            return Ok(());
        }
        let place = Place {
            chunk: self.files / FILES_PER_CHUNK,
            file: self.files % FILES_PER_CHUNK,
            first_episode: self.written.episodes,
            first_frame: self.written.frames,
        };
        let data_path = info::data_file(&self.dir, place.chunk, place.file);
        let data = tables::frames(&data_path, &self.spec, &self.buffer, place)?;
        let episodes_path = info::episodes_file(&self.dir, place.chunk, place.file);
        let episodes = tables::episodes(&episodes_path, &self.behaviours, &self.buffer, place)?;
        let tasks_path = self.dir.join("meta/tasks.parquet");
        let tasks = tables::tasks(&tasks_path, &self.behaviours)?;
        let stats = self.merged_stats();
        let written = Summary {
            episodes: self.written.episodes + self.buffer.episodes.len(),
            frames: self.written.frames + self.buffer.frames(),
            bytes: self.written.bytes + (data.len() + episodes.len()) as u64,
        };
        let info = Info::new(
            &self.spec,
            written.episodes,
            written.frames,
            self.behaviours.len(),
            MEGABYTES_PER_FILE,
        );

        for path in [&data_path, &episodes_path] {
            if let Some(folder) = path.parent() {
                self.folders.create(folder)?;
            }
        }
        let mut staging = Staging::default();
        staging.stage(data_path, &data)?;
        staging.stage(episodes_path, &episodes)?;
        staging.stage(tasks_path, &tasks)?;
        let stats_path = self.dir.join("meta/stats.json");
        let stats_text = pretty(&stats_path, &stats_json(&stats))?;
        staging.stage(stats_path, &stats_text)?;
        let info_path = info::info_path(&self.dir);
        let info_text = pretty(&info_path, &info)?;
        staging.stage(info_path, &info_text)?;
        staging.commit()?;

        self.stats = Some(stats);
        self.files += 1;
        self.written = written;
        self.buffer = Buffer::default();
        Ok(())
    }

    /// Flushes the last episodes and says what is on disk. To be called as well when collecting
    /// was interrupted.
    ///
    /// # Errors
    /// [`DatasetError::NoEpisodes`] when there were none; no file or folder is left then. Those
    /// of [`flush`](Self::flush).
    pub fn finish(mut self) -> Result<Summary, DatasetError> {
        self.flush()?;
        if self.written.episodes == 0 {
            return Err(DatasetError::NoEpisodes {
                path: self.dir.clone(),
            });
        }
        Ok(self.written)
    }

    /// The number of frames of an episode that fits the spec.
    fn check_episode(&self, index: usize, episode: &Episode) -> Result<usize, DatasetError> {
        let tables = [&episode.observations, &episode.actions, &episode.poses];
        let frames = episode.observations.len() / self.spec.observation_names.len();
        for ((column, names), values) in self.spec.vectors().into_iter().zip(tables) {
            let dimension = names.len();
            let expected = frames.max(1) * dimension;
            if values.len() != expected {
                return Err(DatasetError::EpisodeShape {
                    episode: index,
                    column,
                    found: values.len(),
                    expected,
                    frames: frames.max(1),
                    dimension,
                });
            }
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                return Err(DatasetError::NotFinite {
                    path: self.dir.clone(),
                    episode: index,
                    frame: at / dimension,
                    column,
                    component: at % dimension,
                    value: values[at],
                });
            }
        }
        let expected = match self.spec.image {
            Some(_) => frames,
            None => 0,
        };
        if episode.images.len() != expected {
            return Err(DatasetError::EpisodeShape {
                episode: index,
                column: IMAGE,
                found: episode.images.len(),
                expected,
                frames,
                dimension: expected / frames,
            });
        }
        Ok(frames)
    }

    fn episode_stats(
        &self,
        episode: &Episode,
        index: usize,
        length: usize,
        first_frame: usize,
        task_index: usize,
    ) -> Vec<(&'static str, FeatureStats)> {
        let fps = f64::from(self.spec.fps);
        let frames = || (0..length).map(|frame| frame as f64);
        let constant = |value: usize| std::iter::repeat_n(value as f64, length);
        let vectors = |values: &[f32], names: &[String]| FeatureStats::of(values, names.len());
        vec![
            (
                OBSERVATION,
                vectors(&episode.observations, &self.spec.observation_names),
            ),
            (ACTION, vectors(&episode.actions, &self.spec.action_names)),
            (POSE, vectors(&episode.poses, &self.spec.pose_names)),
            (
                "timestamp",
                FeatureStats::of_scalars(frames().map(|frame| frame / fps)),
            ),
            ("frame_index", FeatureStats::of_scalars(frames())),
            ("episode_index", FeatureStats::of_scalars(constant(index))),
            (
                "index",
                FeatureStats::of_scalars(frames().map(|frame| first_frame as f64 + frame)),
            ),
            ("task_index", FeatureStats::of_scalars(constant(task_index))),
        ]
    }

    /// Statistics of the frames on disk and those in the buffer.
    fn merged_stats(&self) -> Vec<(&'static str, FeatureStats)> {
        let mut episodes = self.buffer.episodes.iter().map(|row| &row.stats);
        let start = self.stats.clone().or_else(|| episodes.next().cloned());
        let mut merged = start.unwrap_or_default();
        for stats in episodes {
            for ((_, whole), (_, part)) in merged.iter_mut().zip(stats) {
                whole.merge(part);
            }
        }
        merged
    }
}

impl Drop for DatasetWriter {
    fn drop(&mut self) {
        if self.written.episodes == 0 {
            self.folders.remove_empty();
        }
    }
}

fn check_spec(dir: &Path, spec: &DatasetSpec) -> Result<(), DatasetError> {
    let wrong = |what, found: String, expected: String| DatasetError::Spec {
        path: dir.to_path_buf(),
        what,
        found,
        expected,
    };
    if spec.fps == 0 {
        return Err(wrong("fps", "0".to_owned(), "at least 1".to_owned()));
    }
    for (column, names) in spec.vectors() {
        if names.is_empty() {
            let found = "without components".to_owned();
            return Err(wrong(column, found, "at least one name".to_owned()));
        }
    }
    let (names, layout) = (spec.pose_names.len(), spec.pose.dim());
    if names != layout {
        return Err(wrong(
            "number of pose_names",
            names.to_string(),
            format!("{layout}, as the pose layout says"),
        ));
    }
    Ok(())
}

fn stats_json(stats: &[(&'static str, FeatureStats)]) -> Value {
    let entries = stats
        .iter()
        .map(|(name, stats)| ((*name).to_owned(), stats.to_json()));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn pretty(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, DatasetError> {
    serde_json::to_vec_pretty(value).map_err(|source| DatasetError::Json {
        path: path.to_path_buf(),
        source,
    })
}
