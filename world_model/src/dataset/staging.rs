//! Several files that appear together: all are written and synced under temporary names first, so
//! that a full disk shows before anything has its final name, and renamed at the end.

use super::DatasetError;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files that wait under temporary names; those that were never committed are deleted on drop.
#[derive(Default)]
pub(super) struct Staging {
    pending: Vec<(PathBuf, PathBuf)>,
}

impl Staging {
    /// Writes `content` beside `path` under a temporary name and syncs it.
    pub(super) fn stage(&mut self, path: PathBuf, content: &[u8]) -> Result<(), DatasetError> {
        let mut name = path.clone().into_os_string();
        name.push(".partial");
        let partial = PathBuf::from(name);
        self.pending.push((partial.clone(), path.clone()));
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&partial)?;
            file.write_all(content)?;
            file.sync_all()
        };
        write().map_err(DatasetError::io("write", &path))
    }

    /// Renames every file in the order in which it was staged: the last one says that the others
    /// count.
    pub(super) fn commit(mut self) -> Result<(), DatasetError> {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.into_iter();
        while let Some((partial, path)) = rest.next() {
            let renamed = fs::rename(&partial, &path)
                .and_then(|()| sync_folder(&path))
                .map_err(DatasetError::io("write", &path));
            if let Err(error) = renamed {
                self.pending = std::iter::once((partial, path)).chain(rest).collect();
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        for (partial, _) in &self.pending {
            // Best effort on the way out of an error that is already being reported.
            let _ = fs::remove_file(partial);
        }
    }
}

/// Makes the rename itself durable; only Unix lets a folder be opened for that.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Folders that did not exist before; the empty ones go again when nothing was written into them.
#[derive(Default)]
pub(super) struct NewFolders {
    created: Vec<PathBuf>,
}

impl NewFolders {
    /// Creates `path` and what is missing above it.
    pub(super) fn create(&mut self, path: &Path) -> Result<(), DatasetError> {
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).map_err(DatasetError::io("create folder", folder))?;
            self.created.push(folder.to_path_buf());
        }
        Ok(())
    }

    /// Removes the folders again, deepest first; one that is not empty stays.
    pub(super) fn remove_empty(&mut self) {
        for folder in self.created.drain(..).rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
