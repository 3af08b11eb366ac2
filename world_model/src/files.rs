//! Files that appear whole or not at all.

use std::io::Write;
use std::path::Path;

/// Folder of a file; that of a bare name is the working directory.
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Writes a file under a temporary name in the same folder, flushes it to disk and renames it: whatever goes wrong, `path`
/// holds either its old or its new content. Who may read it is what the user's umask says.
///
/// # Errors
/// What the operating system says.
pub fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
