//! A mutated input.

use std::{collections::BTreeMap, fs, io, path::Path};

/// The files of a case, and how they are opened.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Input {
    /// The content of each file, by its path below the folder of the case.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Path of the file to open; empty for the folder itself.
    pub(crate) opened: String,
    /// Number of the options to read it with.
    pub(crate) variant: u8,
    /// The group of seeds, a column of the report.
    pub(crate) group: &'static str,
}

impl Input {
    /// Writes the files below `folder`.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            if let Err(error) = fs::write(&path, bytes) {
                let parent = path.parent().filter(|_| error.kind() == io::ErrorKind::NotFound);
                fs::create_dir_all(parent.ok_or(error)?)?;
                fs::write(&path, bytes)?;
            }
        }
        Ok(())
    }

    /// Removes the files again, but not the folders.
    pub(crate) fn remove(&self, folder: &Path) {
        for name in self.files.keys() {
            let _ = fs::remove_file(folder.join(name));
        }
    }
}
