//! Reading a bundle: the whole of it, under size limits, with every hash checked.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use prost::Message;

use crate::{
    BundleError, ClassifierManifest, Contract, FileRecord, GraphPorts, MANIFEST, Manifest, PROBE, checked_model,
    contract::read_manifest,
    packed::{CONTENT_LIMIT, packed},
    sha256_hex,
    storage::Storage,
};

const FILE_LIMIT: u64 = 2 << 30;

/// An opened autoencoder: a manifest that was understood, and where the files lie that it describes.
pub type Bundle = Opened<Manifest>;

/// An opened classifier or regressor.
pub type ClassifierBundle = Opened<ClassifierManifest>;

/// A bundle whose manifest is an `M`: [`Bundle`] or [`ClassifierBundle`].
#[derive(Debug, Clone)]
pub struct Opened<M> {
    source: Storage,
    manifest: M,
}

impl<M: Contract> Opened<M> {
    /// Opens the bundle at `path`, a folder or a packed file: reads the manifest and checks that it makes
    /// sense. Files are checked against their hashes when they are asked for.
    ///
    /// # Errors
    /// [`BundleError::Missing`] where there is nothing, [`BundleError::NotABundle`] without a manifest, [`BundleError::NotPacked`] for another file,
    /// [`BundleError::OtherSort`] for a bundle of the other sort, [`BundleError::Manifest`] and
    /// [`BundleError::Format`] for a manifest that this version cannot read, [`BundleError::Invalid`] for
    /// one that contradicts itself or the packed file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BundleError> {
        Self::of(Storage::open(path.into())?)
    }

    /// Opens a packed bundle in memory, which errors call `packed bundle`.
    ///
    /// # Errors
    /// Those of [`Opened::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        Self::of(Storage::from_bytes(bytes)?)
    }

    pub(crate) fn of(source: Storage) -> Result<Self, BundleError> {
        let (manifest, _) = read_manifest::<M>(&source)?;
        let bundle = Opened { source, manifest };
        let missing = bundle.names_to_pack().into_iter().find(|name| !bundle.source.should_hold(name));
        let stranger = bundle.source.stranger(|name| bundle.manifest.records().contains_key(name));
        let fault = missing.map(|name| (name, "the packed file does not hold it"));
        match fault.or(stranger.map(|name| (name, "the manifest does not list it"))) {
            Some((name, what)) => Err(BundleError::invalid(bundle.source.place(name), what)),
            None => Ok(bundle),
        }
    }

    /// Where it lies: a folder or a packed file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// The manifest.
    pub fn manifest(&self) -> &M {
        &self.manifest
    }

    /// The files that should be there by name, without the manifest: of a folder all that the manifest
    /// lists, of a packed file those that were packed.
    pub fn files(&self) -> impl Iterator<Item = (&str, &FileRecord)> {
        let listed = self.manifest.records().iter().map(|(name, record)| (name.as_str(), record));
        listed.filter(|(name, _)| self.source.should_hold(name))
    }

    /// The content of one file that the manifest lists, checked against its size and hash.
    ///
    /// # Errors
    /// [`BundleError::Io`], [`BundleError::TooLarge`], [`BundleError::Changed`], or
    /// [`BundleError::Invalid`] if the manifest does not list it or it was not packed.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        let path = self.source.place(name);
        let Some(record) = self.manifest.records().get(name) else {
            return Err(BundleError::invalid(path, "the manifest does not list it"));
        };
        let bytes = self.source.read(name, FILE_LIMIT)?;
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
    /// Those of [`Opened::read`] and of [`checked_model`].
    pub fn graph(&self, ports: &GraphPorts) -> Result<Vec<u8>, BundleError> {
        let bytes = self.read(&ports.file)?;
        let model = checked_model(&self.source.place(&ports.file), &bytes, ports)?;
        Ok(model.encode_to_vec())
    }

    /// The stored rows and the trainer's outputs for them.
    ///
    /// # Errors
    /// Those of [`Opened::read`] and of [`Contract::probe`].
    pub fn probe(&self) -> Result<M::Probe, BundleError> {
        self.manifest.probe(&self.source.place(PROBE), &self.read(PROBE)?)
    }

    /// The bytes of a packed file: the manifest, both graphs, and the probe where there is one. The same
    /// bundle gives the same bytes, from a folder or a packed file.
    ///
    /// # Errors
    /// Those of [`Opened::read`], and [`BundleError::TooLarge`] for more than a packed file may hold.
    pub fn pack(&self) -> Result<Vec<u8>, BundleError> {
        let (current, text) = read_manifest::<M>(&self.source)?;
        if current.digest() != self.manifest.digest() {
            let what = "another manifest stands there since the bundle was opened".to_owned();
            return Err(BundleError::Changed { path: self.source.place(MANIFEST), what });
        }
        let names = self.names_to_pack();
        let records = names.iter().filter_map(|name| self.manifest.records().get(*name));
        let found = records.fold(text.len() as u64, |total, record| total.saturating_add(record.bytes));
        if found > CONTENT_LIMIT {
            return Err(BundleError::TooLarge { path: self.path().to_owned(), found, limit: CONTENT_LIMIT });
        }
        let mut files = BTreeMap::from([(MANIFEST, text)]);
        for name in names {
            files.insert(name, self.read(name)?);
        }
        packed(&files).map_err(|error| BundleError::invalid(self.path(), format!("it cannot be packed: {error}")))
    }

    /// What runs and what proves.
    fn names_to_pack(&self) -> BTreeSet<&str> {
        let probe = self.manifest.records().contains_key(PROBE).then_some(PROBE);
        self.manifest.graphs().map(|graph| graph.file.as_str()).into_iter().chain(probe).collect()
    }
}
