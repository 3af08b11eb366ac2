//! Where tasks, scenes and shipped models are found.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Environment variable that names the assets folder.
pub const ASSETS_VARIABLE: &str = "FORESIGHT_ASSETS";

/// The assets folder: what the variable says, `assets` in the working directory, or the one beside the sources.
///
/// # Errors
/// When none of them holds a `tasks` folder.
pub fn find() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os(ASSETS_VARIABLE).map(PathBuf::from) {
        if given.join("tasks").is_dir() {
            return Ok(given);
        }
        bail!(
            "{ASSETS_VARIABLE}={}: expected a folder that holds 'tasks'",
            given.display()
        );
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    for candidate in [PathBuf::from("assets"), sources] {
        if candidate.join("tasks").is_dir() {
            return Ok(candidate);
        }
    }
    bail!("no assets folder: expected ./assets, or set {ASSETS_VARIABLE}")
}

/// Name under which model and recipe of a task go, for states or for images.
pub fn model_name(task: &str, pixels: bool) -> String {
    let suffix = if pixels { "-pixels" } else { "" };
    format!("{task}{suffix}")
}

/// The shipped model of a task, of its states or of its images.
pub fn model_path(assets: &Path, task: &str, pixels: bool) -> PathBuf {
    let name = model_name(task, pixels);
    assets.join("models").join(format!("{name}.safetensors"))
}

/// The policy beside a model: `<model>.policy.safetensors`.
pub fn policy_path(model: &Path) -> PathBuf {
    model.with_extension("policy.safetensors")
}
