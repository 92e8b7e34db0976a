//! What a run that came to nothing would leave behind: its folders and files, and what a killed process left
//! half-written.

use std::{
    ffi::OsStr,
    fs, io, mem,
    path::{Path, PathBuf},
};

use super::{CHECKPOINTS, CONFIG, LOCK, metrics};

/// A run in which nothing has happened yet. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Traces {
    pub(super) folder: PathBuf,
    /// Folders that were made for it, the innermost first.
    pub(super) made: Vec<PathBuf>,
}

impl Traces {
    /// Something has happened: everything stays.
    pub(super) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        for name in [CONFIG, LOCK] {
            let _ = fs::remove_file(self.folder.join(name));
        }
        let _ = fs::remove_dir(self.folder.join(CHECKPOINTS));
        metrics::remove(&self.folder);
        remove_folders(&self.made);
    }
}

/// Creates a folder and those above it, and returns the ones that were missing, the innermost first. If one
/// cannot be made, none stays.
pub(super) fn make_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
    let made = fs::create_dir_all(folder);
    if made.is_err() {
        missing.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
    made.map(|()| missing)
}

/// Whether a name is that of a file which a killed process left half-written.
pub(super) fn is_litter(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.contains(".partial-")
}

/// Removes such files; the lock says that no other process is writing them.
pub(super) fn remove_litter(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if is_litter(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Stops at the first one that somebody else has put something into.
fn remove_folders(made: &[PathBuf]) {
    let _ = made.iter().try_for_each(fs::remove_dir);
}
