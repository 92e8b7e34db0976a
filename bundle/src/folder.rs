//! Reading a bundle: the whole of it, under size limits, with every hash checked.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use prost::Message;

use crate::{
    BundleError, FORMAT, GraphPorts, MANIFEST, Manifest, PROBE, Probe, checked_model, consistency::check_manifest,
    seal::sealed, sha256_hex,
};

const MANIFEST_LIMIT: u64 = 16 << 20;
const FILE_LIMIT: u64 = 2 << 30;

/// An opened bundle: a manifest that was understood, and the folder that it describes.
#[derive(Debug, Clone)]
pub struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
}

impl Bundle {
    /// Opens the bundle in `folder`: reads the manifest and checks that it makes sense. Files are read,
    /// and their hashes checked, when they are asked for.
    ///
    /// # Errors
    /// [`BundleError::NotABundle`] without a manifest, [`BundleError::Manifest`] and
    /// [`BundleError::Format`] for one that this version cannot read, [`BundleError::Invalid`] for
    /// one that contradicts itself.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let folder = folder.into();
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Err(BundleError::NotABundle { path: folder });
        }
        let bytes = read_limited(&path, MANIFEST_LIMIT)?;
        let manifest = parse(&path, &bytes)?;
        Ok(Bundle { folder, manifest })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The content of one file that the manifest lists, checked against its size and hash.
    ///
    /// # Errors
    /// [`BundleError::Io`], [`BundleError::TooLarge`], [`BundleError::Changed`], or
    /// [`BundleError::Invalid`] if the manifest does not list it.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        let path = self.folder.join(name);
        let record = self
            .manifest
            .files
            .get(name)
            .ok_or_else(|| BundleError::invalid(&path, "the manifest does not list it"))?;
        let bytes = read_limited(&path, FILE_LIMIT)?;
        if bytes.len() as u64 != record.bytes {
            let what = format!("it has {} bytes, the manifest says {}", bytes.len(), record.bytes);
            return Err(BundleError::Changed { path, what });
        }
        let found = sha256_hex(&bytes);
        if found != record.sha256 {
            let what = format!("its SHA-256 is {found}, the manifest says {}", record.sha256);
            return Err(BundleError::Changed { path, what });
        }
        Ok(bytes)
    }

    /// One graph, checked against its ports, as the bytes to hand to an engine.
    ///
    /// # Errors
    /// Those of [`Bundle::read`] and of [`checked_model`].
    pub fn graph(&self, ports: &GraphPorts) -> Result<Vec<u8>, BundleError> {
        let bytes = self.read(&ports.file)?;
        let model = checked_model(&self.folder.join(&ports.file), &bytes, ports)?;
        Ok(model.encode_to_vec())
    }

    /// The stored rows and the trainer's outputs for them.
    ///
    /// # Errors
    /// Those of [`Bundle::read`] and of [`Probe::from_bytes`].
    pub fn probe(&self) -> Result<Probe, BundleError> {
        let names = |ports: &'_ GraphPorts| ports.outputs.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        let graphs = &self.manifest.graphs;
        let (encoder, decoder) = (names(&graphs.encoder), names(&graphs.decoder));
        Probe::from_bytes(&self.folder.join(PROBE), &self.read(PROBE)?, &encoder, &decoder)
    }
}

fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let metadata = fs::metadata(path).map_err(BundleError::io("read", path))?;
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(BundleError::invalid(path, "it is not a regular file"));
    }
    let (file, found) = (File::open(path).map_err(BundleError::io("read", path))?, metadata.len());
    if found > limit {
        return Err(BundleError::TooLarge { path: path.to_owned(), found, limit });
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
    Ok(bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, BundleError> {
    let malformed = |source| BundleError::Manifest { path: path.to_owned(), source };
    // The format comes first: a newer manifest should be called newer, not malformed.
    let raw: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
    let format = raw.get("format").and_then(serde_json::Value::as_u64);
    if let Some(found) = format.filter(|&found| found != u64::from(FORMAT)) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(BundleError::Format { path: path.to_owned(), found, supported: FORMAT });
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(malformed)?;
    if std::str::from_utf8(bytes).is_ok_and(|text| sealed(text, &manifest.digest) != text) {
        let what = "it does not have the digest that it names".to_owned();
        return Err(BundleError::Changed { path: path.to_owned(), what });
    }
    check_manifest(&manifest).map_err(|what| BundleError::invalid(path, what))?;
    Ok(manifest)
}
