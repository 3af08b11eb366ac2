//! What can go wrong, in one line each.

use std::path::PathBuf;

/// An error of the robot's side.
#[derive(Debug, thiserror::Error)]
pub enum RobotError {
    /// A file that cannot be read or written.
    #[error("cannot {act} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A profile that is no TOML of the expected form.
    #[error("profile {file}: {reason}")]
    ProfileForm {
        /// The file.
        file: String,
        /// What the parser says, in one line.
        reason: String,
    },
    /// A value of a profile that cannot be used.
    #[error("profile {file}: {key} is {value}, expected {expected}")]
    ProfileValue {
        /// The file.
        file: String,
        /// The key, with its table or joint.
        key: String,
        /// The value.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// The hardware, or the way to it, failed.
    #[error("hardware: {0}")]
    Hardware(String),
    /// The arm cannot be reset or enabled.
    #[error(transparent)]
    Enable(#[from] crate::safety::EnableError),
    /// A thread that the system does not give.
    #[error("cannot start the thread {name}: {source}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The log.
    #[error("log {}: {reason}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}
