//! Files that appear whole or not at all.

use anyhow::{Context, Result};
use std::io::Write;
use std::path::Path;

/// Writes a file under a temporary name in the same folder, flushes it to disk and renames it.
///
/// # Errors
/// Names the file when its folder cannot be made or written to.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = temporary_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}

/// A temporary file that, once renamed, is readable by whom the user's umask says.
fn temporary_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Fails early when a file could not be written later, so that no work is lost.
///
/// # Errors
/// Names the file when its folder cannot be made or written to.
pub fn check_writable(path: &Path) -> Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        if path.is_dir() {
            return Err(std::io::Error::other("it is a folder"));
        }
        tempfile::NamedTempFile::new_in(folder).map(drop)
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}
