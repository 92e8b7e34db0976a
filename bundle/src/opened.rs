//! Reading a bundle, with size limits and a hash check of every file.

mod detector;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    BundleError, CALIBRATION, CheckedGraph, ClassifierManifest, Contract, DETECTOR, DETECTOR_PROBE, FileRecord,
    GraphPorts, MANIFEST, Manifest, Mixture, PRIOR, PROBE, Prior, SAMPLER, Sampler, checked_model,
    contract::read_manifest,
    git::{check_pointer, with_line_feeds},
    packed::{CONTENT_LIMIT, pack_files},
    sha256_hex,
    storage::Storage,
};

const FILE_LIMIT: u64 = 2 << 30;

/// An opened bundle of an autoencoder: the checked manifest and the location of the files.
pub type Bundle = Opened<Manifest>;

/// An opened bundle of a classifier or regressor.
pub type ClassifierBundle = Opened<ClassifierManifest>;

/// A bundle whose manifest is an `M`: [`Bundle`] or [`ClassifierBundle`].
#[derive(Debug, Clone)]
pub struct Opened<M> {
    source: Storage,
    manifest: M,
}

impl<M: Contract> Opened<M> {
    /// Opens the bundle at `path`, a folder or a packed file: reads the manifest and checks its consistency. Other
    /// files are checked against their hashes when they are read.
    ///
    /// # Errors
    /// - [`BundleError::Missing`] if there is nothing at `path`,
    /// - [`BundleError::NotABundle`] for a folder without a manifest,
    /// - [`BundleError::NotPacked`] for a file that is not a packed bundle,
    /// - [`BundleError::OtherType`] for a bundle of the other type,
    /// - [`BundleError::Manifest`] or [`BundleError::Format`] for a manifest that this version cannot read,
    /// - [`BundleError::Changed`] for a manifest or packed file that was changed after export,
    /// - [`BundleError::LineEndings`] or [`BundleError::LfsPointer`] if Git changed the manifest or packed file,
    /// - [`BundleError::Invalid`] for a manifest that contradicts itself or the packed file,
    /// - [`BundleError::TooLarge`] for a manifest or packed file above the size limit,
    /// - [`BundleError::Io`] if a file cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BundleError> {
        Self::of(Storage::open(path.into())?)
    }

    /// Opens a packed bundle in memory. Errors refer to it as `packed bundle`.
    ///
    /// # Errors
    /// Those of [`Opened::open`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        Self::of(Storage::from_bytes(bytes)?)
    }

    pub(crate) fn of(source: Storage) -> Result<Self, BundleError> {
        let (manifest, _) = read_manifest::<M>(&source)?;
        let bundle = Opened { source, manifest };
        let missing = bundle.names_to_pack().into_iter().find(|name| !bundle.source.should_contain(name));
        let unlisted = bundle.source.unlisted_file(|name| bundle.manifest.records().contains_key(name));
        let defect = missing.map(|name| (name, "the packed file does not contain it"));
        match defect.or(unlisted.map(|name| (name, "the manifest does not list it"))) {
            Some((name, what)) => Err(BundleError::invalid(bundle.source.file_path(name), what)),
            None => Ok(bundle),
        }
    }

    /// Returns the path of the folder or packed file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &M {
        &self.manifest
    }

    /// Iterates over the expected files, without the manifest: in a folder all files that the manifest lists, in a
    /// packed file those that were packed.
    pub fn files(&self) -> impl Iterator<Item = (&str, &FileRecord)> {
        let listed = self.manifest.records().iter().map(|(name, record)| (name.as_str(), record));
        listed.filter(|(name, _)| self.source.should_contain(name))
    }

    /// Reads one file that the manifest lists, and checks its size and hash.
    ///
    /// # Errors
    /// [`BundleError::Io`], [`BundleError::TooLarge`], [`BundleError::Changed`] if the size or hash differs,
    /// [`BundleError::LineEndings`] or [`BundleError::LfsPointer`] if Git is the cause, or [`BundleError::Invalid`] if
    /// the manifest does not list the file or it was not packed.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        let path = self.source.file_path(name);
        let Some(record) = self.manifest.records().get(name) else {
            return Err(BundleError::invalid(path, "the manifest does not list it"));
        };
        let bytes = self.source.read(name, FILE_LIMIT)?;
        let sha256 = sha256_hex(&bytes);
        if bytes.len() as u64 == record.bytes && sha256 == record.sha256 {
            return Ok(bytes);
        }
        check_pointer(&path, &bytes)?;
        if with_line_feeds(&bytes).is_some_and(|bytes| sha256_hex(&bytes) == record.sha256) {
            return Err(BundleError::LineEndings { path });
        }
        let what = match bytes.len() as u64 == record.bytes {
            true => format!("its SHA-256 is {sha256}, the manifest says {}", record.sha256),
            false => format!("it has {} bytes, the manifest says {}", bytes.len(), record.bytes),
        };
        Err(BundleError::Changed { path, what })
    }

    /// Reads one graph, checks it against its ports, and returns the bytes for the engine.
    ///
    /// # Errors
    /// Those of [`Opened::read`] and of [`checked_model`].
    pub fn graph(&self, ports: &GraphPorts) -> Result<Vec<u8>, BundleError> {
        Ok(self.graph_with_cost(ports)?.bytes)
    }

    /// Reads and checks one graph like [`Opened::graph`], and computes what one row costs in it.
    ///
    /// # Errors
    /// Those of [`Opened::graph`].
    pub fn graph_with_cost(&self, ports: &GraphPorts) -> Result<CheckedGraph, BundleError> {
        let bytes = self.read(&ports.file)?;
        let model = checked_model(&self.source.file_path(&ports.file), &bytes, ports)?;
        Ok(CheckedGraph::of(&model))
    }

    /// Reads the probe: the stored rows and the trainer's outputs for them.
    ///
    /// # Errors
    /// Those of [`Opened::read`] and of [`Contract::probe`].
    pub fn probe(&self) -> Result<M::Probe, BundleError> {
        self.manifest.probe(&self.source.file_path(PROBE), &self.read(PROBE)?)
    }

    /// Packs the manifest, both graphs, and the probe, the prior, the sampler and the detector, where they exist, into
    /// the bytes of one file. The same bundle gives the same bytes, whether it was opened from a folder or a packed
    /// file.
    ///
    /// # Errors
    /// Those of [`Opened::open`] and [`Opened::read`], [`BundleError::TooLarge`] if the files exceed the limit of a
    /// packed file, and [`BundleError::Changed`] if the manifest was replaced since the bundle was opened.
    pub fn pack(&self) -> Result<Vec<u8>, BundleError> {
        let (current, text) = read_manifest::<M>(&self.source)?;
        if current.digest() != self.manifest.digest() {
            let what = "the manifest was replaced since the bundle was opened".to_owned();
            return Err(BundleError::Changed { path: self.source.file_path(MANIFEST), what });
        }
        let names = self.names_to_pack();
        let records = names.iter().filter_map(|name| self.manifest.records().get(*name));
        let total = records.fold(text.len() as u64, |total, record| total.saturating_add(record.bytes));
        if total > CONTENT_LIMIT {
            return Err(BundleError::TooLarge { path: self.path().to_owned(), found: total, limit: CONTENT_LIMIT });
        }
        let mut files = BTreeMap::from([(MANIFEST, text)]);
        for name in names {
            files.insert(name, self.read(name)?);
        }
        pack_files(&files).map_err(|error| BundleError::invalid(self.path(), format!("it cannot be packed: {error}")))
    }

    /// Returns the names of the graphs, and of the probe, the prior, the sampler and the detector, where they exist.
    pub(crate) fn names_to_pack(&self) -> BTreeSet<&str> {
        let records = self.manifest.records();
        let others = [PROBE, PRIOR, SAMPLER, DETECTOR, DETECTOR_PROBE, CALIBRATION]
            .into_iter()
            .filter(|name| records.contains_key(*name));
        self.manifest.graphs().map(|graph| graph.file.as_str()).into_iter().chain(others).collect()
    }
}

impl Opened<Manifest> {
    /// Reads the mixture of a learned prior; `None` for a bundle without one.
    ///
    /// # Errors
    /// Those of [`Opened::read`] and [`Mixture::from_bytes`], and [`BundleError::Invalid`] if the number of components
    /// or the form of the covariance differs from the manifest.
    pub fn mixture_prior(&self) -> Result<Option<Mixture>, BundleError> {
        match self.manifest.prior {
            Some(Prior::Mixture { components }) => {
                let path = self.source.file_path(PRIOR);
                let mixture = Mixture::from_bytes(&path, &self.read(PRIOR)?, self.manifest.latent_dim)?;
                check_components(&path, &mixture, components)?;
                Ok(Some(mixture))
            }
            Some(Prior::StandardNormal) | None => Ok(None),
        }
    }

    /// Reads the fitted sampler; `None` for a bundle without one.
    ///
    /// # Errors
    /// Those of [`Opened::mixture_prior`] and [`Sampler::from_bytes`], and [`BundleError::Invalid`] if the components
    /// of the classes differ from the manifest.
    pub fn sampler(&self) -> Result<Option<Sampler>, BundleError> {
        let Some(record) = &self.manifest.sampler else { return Ok(None) };
        let path = self.source.file_path(SAMPLER);
        let classes = self.manifest.classes.as_ref().map_or(0, Vec::len);
        let sampler = Sampler::from_bytes(&path, &self.read(SAMPLER)?, self.manifest.latent_dim, classes)?;
        let mixture = sampler.mixture();
        check_components(&path, mixture, record.components)?;
        if mixture.covariance() != record.covariance {
            let (found, expected) = (mixture.covariance().name(), record.covariance.name());
            let what = format!("its covariance is {found}, the manifest says {expected}");
            return Err(BundleError::invalid(path, what));
        }
        match (sampler.class_components(), &record.class_components) {
            (None, None) => Ok(Some(sampler)),
            (Some(found), Some(expected)) if found == *expected => Ok(Some(sampler)),
            (Some(found), Some(expected)) => {
                let what = format!("its classes have {found:?} components, the manifest says {expected:?}");
                Err(BundleError::invalid(path, what))
            }
            (None, Some(_)) => {
                Err(BundleError::invalid(path, "it has no tensor `classes`, the manifest says it has one"))
            }
            (Some(_), None) => {
                Err(BundleError::invalid(path, "it has a tensor `classes`, the manifest says it has none"))
            }
        }
    }
}

fn check_components(path: &Path, mixture: &Mixture, components: usize) -> Result<(), BundleError> {
    if mixture.components() == components {
        return Ok(());
    }
    let what = format!("it has {} components, the manifest says {components}", mixture.components());
    Err(BundleError::invalid(path, what))
}
