//! What can go wrong with a dataset, each case with its file and the offending value.

use parquet::errors::ParquetError;
use std::path::{Path, PathBuf};

/// Why a dataset could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// Data sets of two kinds are to be joined.
    #[error(
        "data of task '{found}' cannot be joined to those of task '{expected}': expected the same columns, poses, images and rate"
    )]
    Others {
        /// Task of the one to be joined.
        found: String,
        /// Task of the first.
        expected: String,
    },
    /// The file system refused: unwritable folder, full disk, unreadable file.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as in "create folder".
        action: &'static str,
        /// File or folder that it was done to.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The output folder holds something already.
    #[error("{} is not empty: a dataset is written into a new or empty folder", path.display())]
    Occupied {
        /// The output folder.
        path: PathBuf,
    },
    /// A writer was finished before it was given an episode.
    #[error("no episodes for {}: a dataset needs at least one", path.display())]
    NoEpisodes {
        /// The output folder.
        path: PathBuf,
    },
    /// The description of the dataset contradicts itself.
    #[error("dataset for {}: {what} is {found}, expected {expected}", path.display())]
    Spec {
        /// The output folder.
        path: PathBuf,
        /// Field of the description.
        what: &'static str,
        /// Its value.
        found: String,
        /// What it has to be.
        expected: String,
    },
    /// An episode given to the writer has the wrong number of values.
    #[error(
        "episode {episode}, {column}: {found} values, expected {expected} \
         ({frames} frames of {dimension})"
    )]
    EpisodeShape {
        /// Index of the episode.
        episode: usize,
        /// Column.
        column: &'static str,
        /// Number of values given.
        found: usize,
        /// Number of values expected.
        expected: usize,
        /// Frames, counted in the observations.
        frames: usize,
        /// Components of a frame in this column.
        dimension: usize,
    },
    /// A value is NaN or infinite.
    #[error(
        "{}: episode {episode}, frame {frame}: {column}[{component}] is {value}, expected a \
         finite number", path.display()
    )]
    NotFinite {
        /// Data file, or the output folder when writing.
        path: PathBuf,
        /// Index of the episode.
        episode: usize,
        /// Frame within the episode.
        frame: usize,
        /// Column.
        column: &'static str,
        /// Component of the column.
        component: usize,
        /// The value.
        value: f32,
    },
    /// The folder is not a dataset.
    #[error("{} does not exist: expected a LeRobotDataset v3.0 with this file", path.display())]
    Missing {
        /// File that every dataset has.
        path: PathBuf,
    },
    /// A metadata file is not what the format says.
    #[error("{}: {source}", path.display())]
    Json {
        /// The metadata file.
        path: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// A field of `info.json` has a value that cannot be used, or is missing.
    #[error("{}: {field} is {found}, expected {expected}", path.display())]
    Field {
        /// The metadata file.
        path: PathBuf,
        /// Its field.
        field: String,
        /// Its value.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A column is missing.
    #[error("{}: column `{column}` is missing, expected {expected}", path.display())]
    MissingColumn {
        /// File that should have it or announce it.
        path: PathBuf,
        /// Name of the column.
        column: String,
        /// What it has to hold.
        expected: String,
    },
    /// A column has another type or dimension.
    #[error("{}: column `{column}` is {found}, expected {expected}", path.display())]
    Column {
        /// File that has the column.
        path: PathBuf,
        /// Name of the column.
        column: String,
        /// What it is.
        found: String,
        /// What it has to be.
        expected: String,
    },
    /// Two places of a dataset disagree on a number.
    #[error("{}: {what} is {found}, expected {expected} (from {by})", path.display())]
    Disagreement {
        /// File with the number.
        path: PathBuf,
        /// What was counted.
        what: String,
        /// The number found.
        found: i64,
        /// The number expected.
        expected: i64,
        /// Where the expectation comes from.
        by: &'static str,
    },
    /// A table is truncated or not parquet.
    #[error("{}: not a readable parquet file: {source}", path.display())]
    Parquet {
        /// The table.
        path: PathBuf,
        /// What the parquet library says.
        source: ParquetError,
    },
}

impl DatasetError {
    /// For `map_err` on file operations.
    pub(super) fn io(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// For `map_err` on parquet and arrow operations.
    pub(super) fn parquet<E: Into<ParquetError>>(path: &Path) -> impl Fn(E) -> Self + use<E> {
        let path = path.to_path_buf();
        move |source| Self::Parquet {
            path: path.clone(),
            source: source.into(),
        }
    }
}
