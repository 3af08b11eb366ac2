//! What can go wrong in a scene, a task file or a running world; every message carries the offending value.

use std::path::PathBuf;

/// Any failure of this crate. A failure of one world never ends the program or touches another world.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The task file is not valid TOML, has an unknown key, or lacks one.
    #[error("task file {path}: {message}")]
    TaskFile {
        /// The file.
        path: PathBuf,
        /// Key, value and what was expected.
        message: String,
    },
    /// No task of that name exists.
    #[error("unknown task '{name}': expected one of {}", known.join(", "))]
    UnknownTask {
        /// The name asked for.
        name: String,
        /// The names found in the task folder.
        known: Vec<String>,
    },
    /// The task has no such variant.
    #[error("task '{task}' has no variant '{name}': expected one of {}", known.join(", "))]
    UnknownVariant {
        /// The task.
        task: String,
        /// The variant asked for.
        name: String,
        /// The variants that the task file declares.
        known: Vec<String>,
    },
    /// The MJCF scene could not be loaded.
    #[error("scene {path}: {message}")]
    Scene {
        /// The file.
        path: PathBuf,
        /// What the loader said.
        message: String,
    },
    /// An action of the wrong length or with a non-finite entry.
    #[error("action {action:?}: expected {expected} finite values")]
    Action {
        /// The action as given.
        action: Vec<f32>,
        /// The task's action dimension.
        expected: usize,
    },
    /// Servos of the wrong number, with an entry that is not finite, or of a robot that has others.
    #[error("servos of task '{task}' {given}: expected {expected}")]
    Servos {
        /// The task.
        task: String,
        /// What was given.
        given: String,
        /// What was expected.
        expected: String,
    },
    /// The physics left the finite, or panicked; this world must be reset.
    #[error("world failed at control step {step}: {message}")]
    World {
        /// Control steps since the reset.
        step: u64,
        /// Which body, and what happened.
        message: String,
    },
    /// No admissible start was found.
    #[error("task '{task}': no admissible start in {tries} draws with seed {seed}")]
    NoStart {
        /// The task.
        task: String,
        /// Draws made.
        tries: usize,
        /// The seed.
        seed: u64,
    },
    /// Bytes that are not a snapshot of this task.
    #[error("snapshot of {bytes} bytes: {message}")]
    Snapshot {
        /// Length of the snapshot.
        bytes: usize,
        /// What was expected.
        message: String,
    },
    /// A value of a factor of variation that the scene does not bear.
    #[error("factor '{factor}' = {value}: expected a value from {} to {}", range[0], range[1])]
    FactorRange {
        /// The factor.
        factor: String,
        /// The value asked for.
        value: f32,
        /// What the task file allows.
        range: [f32; 2],
    },
    /// A camera cannot draw what it was asked for.
    #[error("camera of task '{task}': {message}")]
    Camera {
        /// The task.
        task: String,
        /// What was given and what was expected.
        message: String,
    },
    /// A pose that the object cannot be brought to.
    #[error("the object of task '{task}' cannot be brought to the pose {pose:?}")]
    Unreachable {
        /// The task.
        task: String,
        /// The pose asked for.
        pose: Vec<f32>,
    },
    /// A name that the scene does not have.
    #[error("no {kind} named '{name}' in the scene of task '{task}'")]
    UnknownName {
        /// Task name.
        task: String,
        /// Body, site, joint, actuator or factor.
        kind: &'static str,
        /// The name asked for.
        name: String,
    },
}

/// What a caught panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
