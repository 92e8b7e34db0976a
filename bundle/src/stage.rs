//! Writing a bundle: into a temporary folder next to its destination, which is renamed when it is complete.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    BundleError, Contract, FileRecord, MANIFEST,
    atomic::{make_folders, sync_folder},
    destination::{check_destination, clean_up, sibling},
    git::{ATTRIBUTES, attributes},
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
        let temporary = sibling(&absolute, "partial");
        clean_up(&absolute);
        let stage =
            Stage { temporary, destination, absolute, created_parents, files: BTreeMap::new(), is_published: false };
        // A leftover of this name can only come from a killed process with the same id.
        let _ = fs::remove_dir_all(&stage.temporary);
        fs::create_dir(&stage.temporary).map_err(BundleError::io("create", &stage.destination))?;
        Ok(stage)
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
    /// [`BundleError::Io`]; an older bundle is then restored.
    pub fn publish(mut self) -> Result<PathBuf, BundleError> {
        let destination = self.destination.clone();
        let absolute = self.absolute.clone();
        self.write_synced(ATTRIBUTES, &attributes(&absolute))?;
        sync_folder(&self.temporary).map_err(BundleError::io("sync", &destination))?;
        // A folder cannot be renamed onto one that is not empty: move the old one aside, rename, then remove it.
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
        self.is_published = true;
        if replaces {
            let _ = fs::remove_dir_all(&retired);
        }
        sync_folder(absolute.parent().unwrap_or(&absolute)).map_err(BundleError::io("sync", &destination))?;
        Ok(destination)
    }
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
            let _ = fs::remove_dir_all(&self.temporary);
            // Stops at the first folder that is not empty, because another process uses it.
            let _ = self.created_parents.iter().try_for_each(fs::remove_dir);
        }
    }
}
