//! The interface of all manifests, and reading a manifest.

mod autoencoder;
mod classifier;

use std::{collections::BTreeMap, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    BundleError, ClassifierKind, FileRecord, GraphParity, GraphPorts, Kind, MANIFEST, Sample, TrainingRecord,
    git::{check_pointer, with_line_feeds},
    seal::sealed,
    storage::Storage,
};

/// The bundle format that this version writes and reads.
pub const FORMAT: u32 = 1;

const MANIFEST_LIMIT: u64 = 16 << 20;

/// The interface of a manifest: [`Manifest`](crate::Manifest) or
/// [`ClassifierManifest`](crate::ClassifierManifest).
pub trait Contract: Serialize + DeserializeOwned {
    /// Stored rows and outputs for the parity check: [`Probe`](crate::Probe) or
    /// [`HeadProbe`](crate::HeadProbe).
    type Probe;

    /// The type of bundle that it describes.
    const BUNDLE_TYPE: BundleType;

    /// Returns the digest: the SHA-256 of the manifest's text in which the digest itself is replaced by zeros.
    fn digest(&self) -> &str;

    /// Returns the size and SHA-256 of every other file.
    fn records(&self) -> &BTreeMap<String, FileRecord>;

    /// Sets the digest and the file records.
    fn complete(&mut self, digest: &str, records: &BTreeMap<String, FileRecord>);

    /// Returns the ports of both graphs.
    fn graphs(&self) -> [&GraphPorts; 2];

    /// Returns the names of the graphs, in the same order.
    fn graph_names(&self) -> [&'static str; 2];

    /// Returns the difference between each graph and the trainer's outputs, in the same order.
    fn parity(&self) -> Option<[&GraphParity; 2]>;

    /// Returns the name of the model's kind: `vae`, `classifier` and so on.
    fn kind_name(&self) -> &'static str;

    /// Returns the description of one sample.
    fn sample(&self) -> &Sample;

    /// Returns the number of latent dimensions.
    fn latent_dim(&self) -> usize;

    /// Returns the record of the training run.
    fn training(&self) -> &TrainingRecord;

    /// Parses the probe's file; `path` is used in errors.
    ///
    /// # Errors
    /// [`BundleError::Invalid`], which names the tensor that is missing or does not fit.
    fn probe(&self, path: &Path, bytes: &[u8]) -> Result<Self::Probe, BundleError>;

    /// Checks that the manifest is consistent.
    ///
    /// # Errors
    /// A message that describes the contradiction.
    fn check(&self) -> Result<(), String>;
}

/// The types of bundle; each is opened by its own Rust type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleType {
    /// An encoder and a decoder: [`Bundle`](crate::Bundle).
    Autoencoder,
    /// A head on an encoder: [`ClassifierBundle`](crate::ClassifierBundle).
    Transferred,
}

impl BundleType {
    /// Returns the type of a bundle whose manifest names this kind.
    fn of(kind: &str) -> Option<Self> {
        if Kind::ALL.iter().any(|known| known.name() == kind) {
            Some(BundleType::Autoencoder)
        } else if ClassifierKind::ALL.iter().any(|known| known.name() == kind) {
            Some(BundleType::Transferred)
        } else {
            None
        }
    }

    /// Returns the text for [`BundleError::OtherType`], such as "an autoencoder (vae): open it with
    /// Autoencoder::open or run `narrows encode`".
    fn message(self, kind: &str) -> String {
        match self {
            BundleType::Autoencoder => {
                format!("an autoencoder ({kind}): open it with Autoencoder::open or run `narrows encode`")
            }
            BundleType::Transferred => format!("a {kind}: open it with Classifier::open or run `narrows classify`"),
        }
    }
}

/// Returns the type of a bundle, or `None` if its manifest names no known kind.
pub(crate) fn type_of(source: &Storage) -> Result<Option<BundleType>, BundleError> {
    let (raw, _) = read_raw(source)?;
    Ok(BundleType::of(kind_in(&raw)))
}

/// Reads a manifest and checks its format, bundle type, digest and consistency.
pub(crate) fn read_manifest<M: Contract>(source: &Storage) -> Result<(M, Vec<u8>), BundleError> {
    let path = source.file_path(MANIFEST);
    // The format is checked first, so that a newer manifest is reported as newer and not as malformed.
    let (raw, bytes) = read_raw(source)?;
    let format = raw.get("format").and_then(Value::as_u64);
    if let Some(found) = format.filter(|&found| found != u64::from(FORMAT)) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(BundleError::Format { path, found, supported: FORMAT });
    }
    let kind = kind_in(&raw);
    if let Some(other) = BundleType::of(kind).filter(|&bundle_type| bundle_type != M::BUNDLE_TYPE) {
        let (path, message) = (source.path().to_owned(), other.message(kind));
        return Err(BundleError::OtherType { path, kind: kind.to_owned(), message });
    }
    let manifest: M = serde_json::from_slice(&bytes).map_err(malformed(&path))?;
    let has_digest = |text: &str| sealed(text, manifest.digest()) == text;
    if std::str::from_utf8(&bytes).is_ok_and(|text| !has_digest(text)) {
        let converted = with_line_feeds(&bytes).and_then(|bytes| String::from_utf8(bytes).ok());
        if converted.is_some_and(|text| has_digest(&text)) {
            return Err(BundleError::LineEndings { path });
        }
        let what = "its content does not match its own digest".to_owned();
        return Err(BundleError::Changed { path, what });
    }
    manifest.check().map_err(|what| BundleError::invalid(path, what))?;
    Ok((manifest, bytes))
}

/// Reads the manifest as untyped JSON, together with its bytes.
fn read_raw(source: &Storage) -> Result<(Value, Vec<u8>), BundleError> {
    let bytes = source.read(MANIFEST, MANIFEST_LIMIT)?;
    check_pointer(&source.file_path(MANIFEST), &bytes)?;
    let raw = serde_json::from_slice(&bytes).map_err(malformed(&source.file_path(MANIFEST)))?;
    Ok((raw, bytes))
}

fn kind_in(raw: &Value) -> &str {
    raw.get("kind").and_then(Value::as_str).unwrap_or_default()
}

fn malformed(path: &Path) -> impl FnOnce(serde_json::Error) -> BundleError {
    |source| BundleError::Manifest { path: path.to_owned(), source }
}
