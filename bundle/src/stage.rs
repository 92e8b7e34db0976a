//! Writing a bundle: beside its destination first, renamed into place when it is whole.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    BundleError, Contract, FileRecord, MANIFEST,
    atomic::{make_folders, sync_folder},
    place::{check_place, clear_up, sibling},
    seal::{UNSEALED, sealed},
    sha256_hex,
};

/// A bundle under construction, in a hidden folder beside its destination.
///
/// Dropped before [`Stage::publish`], it takes its folder with it: a bundle exists whole or not at
/// all.
#[derive(Debug)]
pub struct Stage {
    temporary: PathBuf,
    /// As the caller named it.
    destination: PathBuf,
    absolute: PathBuf,
    /// Parent folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    files: BTreeMap<String, FileRecord>,
    published: bool,
}

impl Stage {
    /// Claims `destination`, and creates the temporary folder and missing parents.
    ///
    /// # Errors
    /// [`BundleError::Occupied`] or [`BundleError::Foreign`] if there is something else than a bundle or an
    /// empty folder,
    /// [`BundleError::Place`] for the working directory or a folder that holds it,
    /// [`BundleError::Io`] if nothing can be written there.
    pub fn begin(destination: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let destination = destination.into();
        let absolute = std::path::absolute(&destination).map_err(BundleError::io("create", &destination))?;
        check_place(&destination, &absolute)?;
        let made =
            make_folders(absolute.parent().unwrap_or(&absolute)).map_err(BundleError::io("create", &destination))?;
        let temporary = sibling(&absolute, "partial");
        clear_up(&absolute);
        let stage = Stage { temporary, destination, absolute, made, files: BTreeMap::new(), published: false };
        // Only a dead process of the same number can have left one.
        let _ = fs::remove_dir_all(&stage.temporary);
        fs::create_dir(&stage.temporary).map_err(BundleError::io("create", &stage.destination))?;
        Ok(stage)
    }

    /// The folder as it stands: open it as a bundle after [`Stage::write_manifest`] to check what was
    /// written before anyone else can see it.
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

    /// Writes the manifest, with the sizes and hashes of all files so far filled in; may be called
    /// again as files and figures come in.
    ///
    /// # Errors
    /// [`BundleError::Io`].
    pub fn write_manifest<M: Contract>(&mut self, manifest: &mut M) -> Result<(), BundleError> {
        manifest.complete(UNSEALED, &self.files);
        let path = self.destination.join(MANIFEST);
        let json = serde_json::to_string_pretty(manifest)
            .map_err(|source| BundleError::Manifest { path: path.clone(), source })?;
        self.write_synced(MANIFEST, sealed(&(json + "\n"), UNSEALED).as_bytes())
    }

    /// Errors name the place that the user asked for, not the hidden one.
    fn write_synced(&self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let written = File::create(self.temporary.join(name))
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        written.map_err(BundleError::io("write", self.destination.join(name)))
    }

    /// Size of all files so far, in bytes, without the manifest.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|record| record.bytes).sum()
    }

    /// Moves the finished bundle to its destination, in the place of an older one if there is one.
    ///
    /// # Errors
    /// [`BundleError::Io`]; the older bundle is then where it was.
    pub fn publish(mut self) -> Result<PathBuf, BundleError> {
        let destination = self.destination.clone();
        let absolute = self.absolute.clone();
        sync_folder(&self.temporary).map_err(BundleError::io("sync", &destination))?;
        // A folder cannot be renamed onto one that is not empty: step aside, move in, then remove.
        let retired = sibling(&absolute, "retired");
        let replaces = absolute.exists();
        if replaces {
            fs::rename(&absolute, &retired).map_err(BundleError::io("replace", &destination))?;
        }
        if let Err(source) = fs::rename(&self.temporary, &absolute) {
            if replaces {
                let _ = fs::rename(&retired, &absolute);
            }
            return Err(BundleError::Io { action: "create", path: destination, source });
        }
        self.published = true;
        if replaces {
            let _ = fs::remove_dir_all(&retired);
        }
        sync_folder(absolute.parent().unwrap_or(&absolute)).map_err(BundleError::io("sync", &destination))?;
        Ok(destination)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_dir_all(&self.temporary);
            // Stops at the first one that somebody else has put something into.
            let _ = self.made.iter().try_for_each(fs::remove_dir);
        }
    }
}
