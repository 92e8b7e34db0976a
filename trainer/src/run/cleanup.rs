//! Clean-up: removes the files and folders of a run in which nothing happened, and the partial files of a killed
//! process.

use std::{
    fs, mem,
    path::{Path, PathBuf},
};

use narrows_bundle::is_partial_file;

use super::{
    layout::{CHECKPOINTS, CONFIG, LOCK},
    metrics,
};

/// A run in which nothing has happened yet. Dropping it removes the folder and its files.
#[derive(Debug)]
pub(super) struct Cleanup {
    pub(super) folder: PathBuf,
    /// Folders that were created for the run, the innermost first.
    pub(super) made: Vec<PathBuf>,
}

impl Cleanup {
    /// Cancels the clean-up: all files and folders stay.
    pub(super) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        for name in [CONFIG, LOCK] {
            let _ = fs::remove_file(self.folder.join(name));
        }
        let _ = fs::remove_dir(self.folder.join(CHECKPOINTS));
        metrics::remove(&self.folder);
        remove_folders(&self.made);
    }
}

/// Removes the partial files of a killed process. The caller holds the lock, so no other process is writing them.
pub(super) fn remove_partial_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if is_partial_file(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Removes the folders, and stops at the first one that is not empty: another process has put something into it.
fn remove_folders(made: &[PathBuf]) {
    let _ = made.iter().try_for_each(fs::remove_dir);
}
