//! A packed bundle with further files.

use std::{collections::BTreeMap, path::Path};

use crate::{
    BundleError, Contract, FileRecord, MANIFEST, Opened,
    packed::{CONTENT_LIMIT, pack_files},
    sha256_hex,
    stage::sealed_text,
};

impl<M: Contract> Opened<M> {
    /// Packs this bundle with `manifest` and `files` in place of those of the same name, into the bytes of one file.
    /// Sets the digest and the file records of the manifest. Files that are listed but not packed keep their records.
    ///
    /// # Errors
    /// Those of [`Opened::pack`].
    pub fn pack_with(&self, manifest: &mut M, files: &BTreeMap<&str, Vec<u8>>) -> Result<Vec<u8>, BundleError> {
        let mut records = self.manifest().records().clone();
        for (name, bytes) in files {
            let record = FileRecord { bytes: bytes.len() as u64, sha256: sha256_hex(bytes) };
            records.insert((*name).to_owned(), record);
        }
        let text = sealed_text(manifest, &records, &self.path().join(MANIFEST))?;
        let mut packed = BTreeMap::from([(MANIFEST, text.into_bytes())]);
        for name in self.names_to_pack() {
            packed.insert(name, self.read(name)?);
        }
        packed.extend(files.iter().map(|(name, bytes)| (*name, bytes.clone())));
        let total = packed.values().fold(0u64, |total, bytes| total.saturating_add(bytes.len() as u64));
        if total > CONTENT_LIMIT {
            return Err(BundleError::TooLarge { path: self.path().to_owned(), found: total, limit: CONTENT_LIMIT });
        }
        pack_files(&packed).map_err(|error| cannot_pack(self.path(), error))
    }
}

fn cannot_pack(path: &Path, error: safetensors::SafeTensorError) -> BundleError {
    BundleError::invalid(path, format!("it cannot be packed: {error}"))
}
