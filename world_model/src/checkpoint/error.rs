//! Everything that can be wrong with a file of weights.

use std::path::PathBuf;

use thiserror::Error;

use super::{FORMAT_VERSION, Kind};

/// One clear line for each way in which a file of weights cannot be read or written.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The content cannot be encoded.
    #[error("cannot encode {path}: {detail}", path = path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// Not a safetensors file, or a truncated one.
    #[error("{path} is not a safetensors file, or is cut short: {detail}", path = path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// A safetensors file without our metadata.
    #[error(
        "{path} is a safetensors file of something else: it has no valid `foresight` metadata",
        path = path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by an incompatible version.
    #[error("{path} has format version {found}, expected {FORMAT_VERSION}", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A training state where a model was expected, or the reverse.
    #[error("{path} holds a {found}, expected a {expected}", path = path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        expected: Kind,
        /// What it is.
        found: Kind,
    },
    /// The file was changed after it was written.
    #[error(
        "{path} is damaged: its checksum is {found}, expected {expected}",
        path = path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum that it carries.
        expected: String,
        /// The checksum of what it holds.
        found: String,
    },
    /// The JSON content does not describe what it should.
    #[error("the description in {path} cannot be understood: {detail}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// A tensor is missing.
    #[error("{path} has no tensor `{name}`", path = path.display())]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the description says.
    #[error(
        "tensor `{name}` in {path} has shape {found:?}, expected {expected:?}",
        path = path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Shape that follows from the description.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A weight is NaN or infinite.
    #[error(
        "tensor `{name}` in {path} has {value} at {index}, expected finite weights",
        path = path.display()
    )]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Flat index.
        index: usize,
        /// The value.
        value: f32,
    },
    /// The weights do not fit together.
    #[error("the networks in {path} do not fit together: {detail}", path = path.display())]
    Networks {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
}
