//! Writing a bundle: into a temporary folder next to its destination, which is renamed when it is complete.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    BundleError, Contract, FileRecord, MANIFEST,
    atomic::{Folder, make_folders, sync_folder},
    destination::check_destination,
    git::{ATTRIBUTES, attributes},
    hidden::{State, clean_up, create_sibling, locked_folder, sibling},
    seal::{UNSEALED, sealed},
    sha256_hex,
};

/// A bundle under construction, in a hidden folder next to its destination.
///
/// Dropping it before [`Stage::publish`] removes the folder, so that no incomplete bundle is ever visible.
#[derive(Debug)]
pub struct Stage {
    temporary: PathBuf,
    /// The destination as the caller named it, for errors.
    destination: PathBuf,
    absolute: PathBuf,
    /// Parent folders that this stage created, the innermost first.
    created_parents: Vec<PathBuf>,
    files: BTreeMap<String, FileRecord>,
    is_published: bool,
    /// The temporary folder, locked so that no other process takes it for a leftover.
    lock: Option<File>,
}

impl Stage {
    /// Checks `destination` and creates the temporary folder and missing parents.
    ///
    /// # Errors
    /// - [`BundleError::Occupied`] if the destination is neither a bundle nor an empty folder,
    /// - [`BundleError::UnlistedFile`] if a bundle there contains a file that its manifest does not list,
    /// - [`BundleError::UnsafeDestination`] for the working directory or a folder that contains it,
    /// - [`BundleError::Io`] if the folder cannot be created.
    pub fn begin(destination: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let destination = destination.into();
        let absolute = std::path::absolute(&destination).map_err(BundleError::io("create", &destination))?;
        check_destination(&destination, &absolute)?;
        let created_parents =
            make_folders(absolute.parent().unwrap_or(&absolute)).map_err(BundleError::io("create", &destination))?;
        clean_up(&absolute);
        let created = create_sibling(&absolute, State::Partial, |hidden| fs::create_dir(hidden));
        let temporary = match created {
            Ok((temporary, ())) => temporary,
            Err(source) => {
                remove_empty(&created_parents);
                return Err(BundleError::Io { action: "create", path: destination, source });
            }
        };
        let lock = locked_folder(&temporary);
        let files = BTreeMap::new();
        Ok(Stage { temporary, destination, absolute, created_parents, files, is_published: false, lock })
    }

    /// Returns the temporary folder. After [`Stage::write_manifest`] it can be opened as a bundle, to check its
    /// content before publication.
    pub fn folder(&self) -> &Path {
        &self.temporary
    }

    /// Writes one file and notes its size and hash for the manifest.
    ///
    /// # Errors
    /// [`BundleError::Io`], also when the disk is full.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        self.write_synced(name, bytes)?;
        self.files.insert(name.to_owned(), FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(bytes) });
        Ok(())
    }

    /// Writes the manifest, with the sizes and hashes of all files written so far. May be called again after more
    /// files or metrics were added.
    ///
    /// # Errors
    /// [`BundleError::Io`].
    pub fn write_manifest<M: Contract>(&mut self, manifest: &mut M) -> Result<(), BundleError> {
        let text = sealed_text(manifest, &self.files, &self.destination.join(MANIFEST))?;
        self.write_synced(MANIFEST, text.as_bytes())
    }

    /// Writes a file durably; errors name its path in the destination, not in the hidden folder.
    fn write_synced(&self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let written = File::create(self.temporary.join(name))
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        written.map_err(BundleError::io("write", self.destination.join(name)))
    }

    /// Returns the total size of the files written so far, without the manifest, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|record| record.bytes).sum()
    }

    /// Moves the finished bundle to its destination, where it replaces an older bundle.
    ///
    /// A file `.gitattributes` with the line `* -text` is added, so that Git does not convert line endings. That of an
    /// older bundle is kept.
    ///
    /// # Errors
    /// [`BundleError::Io`]; an older bundle is then restored. Those of [`Stage::begin`], if the destination is now
    /// another folder than it was then.
    pub fn publish(mut self) -> Result<PathBuf, BundleError> {
        let (destination, absolute) = (&self.destination, &self.absolute);
        self.write_synced(ATTRIBUTES, &attributes(absolute))?;
        sync_folder(&self.temporary).map_err(BundleError::io("sync", destination))?;
        let parent =
            Folder::open(absolute.parent().unwrap_or(absolute)).map_err(BundleError::io("sync", destination))?;
        let retired = self.replace()?;
        self.is_published = true;
        // Before the older bundle is removed: a power cut must not leave it at its path without a part of its files.
        parent.sync().map_err(BundleError::io("sync", &self.destination))?;
        if let Some(retired) = retired {
            let _ = fs::remove_dir_all(&retired.path);
        }
        Ok(self.destination.clone())
    }

    /// Renames the temporary folder to the destination. An older bundle there is moved aside and returned.
    fn replace(&self) -> Result<Option<Retired>, BundleError> {
        /// More than other processes that write the same bundle are likely to publish in between.
        const MAX_ATTEMPTS: usize = 100;

        let (destination, absolute) = (&self.destination, &self.absolute);
        let mut attempts = 0;
        loop {
            attempts += 1;
            // Not what was there at the start, but what is there now is replaced.
            check_destination(destination, absolute)?;
            // A folder cannot be renamed onto one that is not empty.
            let retired = move_aside(absolute).map_err(BundleError::io("replace", destination))?;
            let Err(source) = fs::rename(&self.temporary, absolute) else {
                return Ok(retired);
            };
            if let Some(retired) = retired
                && fs::rename(&retired.path, absolute).is_err()
                && absolute.exists()
            {
                // A bundle of another process has replaced it.
                let _ = fs::remove_dir_all(&retired.path);
            }
            let is_taken = matches!(source.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists);
            if !is_taken || attempts == MAX_ATTEMPTS {
                return Err(BundleError::Io { action: "create", path: destination.clone(), source });
            }
        }
    }
}

/// An older bundle at a hidden path.
struct Retired {
    path: PathBuf,
    /// As long as it is locked, no other process takes it for a leftover.
    _lock: Option<File>,
}

/// Moves a folder to a hidden path next to it, if there is one.
fn move_aside(folder: &Path) -> io::Result<Option<Retired>> {
    let retired = Retired { path: sibling(folder, State::Retired), _lock: locked_folder(folder) };
    match fs::rename(folder, &retired.path) {
        Ok(()) => Ok(Some(retired)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes folders, the innermost first, up to the first one that is not empty, because another process uses it.
fn remove_empty(folders: &[PathBuf]) {
    let _ = folders.iter().try_for_each(fs::remove_dir);
}

/// Returns the text of a manifest with these file records and its digest. `path` is used in errors.
pub(crate) fn sealed_text<M: Contract>(
    manifest: &mut M,
    records: &BTreeMap<String, FileRecord>,
    path: &Path,
) -> Result<String, BundleError> {
    manifest.complete(UNSEALED, records);
    let json = serde_json::to_string_pretty(manifest)
        .map_err(|source| BundleError::Manifest { path: path.to_owned(), source })?;
    Ok(sealed(&(json + "\n"), UNSEALED))
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.is_published {
            // Removing a folder needs a descriptor, and there may be no other one.
            drop(self.lock.take());
            let _ = fs::remove_dir_all(&self.temporary);
            remove_empty(&self.created_parents);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_came_to_the_destination_after_the_start_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let destination = folder.join("model");
        let stage = Stage::begin(&destination).expect("a free destination");
        fs::create_dir(&destination).expect("writable");
        fs::write(destination.join("config.toml"), "a run").expect("writable");
        assert!(matches!(stage.publish(), Err(BundleError::Occupied { .. })));
        assert_eq!(fs::read(destination.join("config.toml")).expect("still there"), b"a run");
        assert_eq!(fs::read_dir(folder).expect("readable").count(), 1, "the incomplete bundle is removed");
    }

    #[test]
    fn threads_that_publish_at_the_same_place_all_succeed_and_leave_one_bundle() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let destination = folder.join("model");
        let publish = || {
            let mut stage = Stage::begin(&destination)?;
            stage.write("a", b"content")?;
            let listing = br#"{"format": 1, "graphs": {}, "files": {"a": {}}}"#;
            stage.write(MANIFEST, listing)?;
            stage.publish()
        };
        std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(|| (0..20).try_for_each(|_| publish().map(drop))));
            for thread in threads {
                thread.join().expect("no panic").expect("it is published");
            }
        });
        let names: Vec<_> = fs::read_dir(folder).expect("readable").map(|entry| entry.map(|e| e.file_name())).collect();
        assert!(names.len() == 1 && destination.join("a").is_file(), "{names:?}");
    }
}
