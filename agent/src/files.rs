//! Files that appear whole or not at all, with errors that name them.

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use world_model::files::{folder_of, replace};

/// Writes a file whole or not at all, and its folder where there is none.
///
/// # Errors
/// Names the file when its folder cannot be made or written to.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::create_dir_all(folder_of(path))
        .and_then(|()| replace(path, content))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Reads settings, of which `what` says what they are of.
///
/// # Errors
/// Names the file when it cannot be read, has an unknown key or a value of another kind.
pub fn read_toml<T: DeserializeOwned>(what: &str, path: &Path) -> Result<T> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).map_err(|e| {
        anyhow::anyhow!(
            "{what} {}: {}",
            path.display(),
            e.to_string().trim().replace('\n', " ")
        )
    })
}

/// Fails early when a file could not be written later, so that no work is lost.
///
/// # Errors
/// Names the file when its folder cannot be made or written to.
pub fn check_writable(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        if path.is_dir() {
            return Err(std::io::Error::other("it is a folder"));
        }
        tempfile::NamedTempFile::new_in(folder).map(drop)
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}

/// The path with a suffix after its name, extension included.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
