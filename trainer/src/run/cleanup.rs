//! What a run that came to nothing would leave behind: its folders and files, and what a killed process left
//! half-written.

use std::{
    fs, mem,
    path::{Path, PathBuf},
};

use narrows_bundle::is_half_written;

use super::{
    layout::{CHECKPOINTS, CONFIG, LOCK},
    metrics,
};

/// A run in which nothing has happened yet. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Cleanup {
    pub(super) folder: PathBuf,
    /// Folders that were made for it, the innermost first.
    pub(super) made: Vec<PathBuf>,
}

impl Cleanup {
    /// Something has happened: everything stays.
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

/// Removes what a killed process left half-written; the lock says that no other process is writing them.
pub(super) fn remove_litter(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if is_half_written(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Stops at the first one that somebody else has put something into.
fn remove_folders(made: &[PathBuf]) {
    let _ = made.iter().try_for_each(fs::remove_dir);
}
