//! What the manifests of all sorts of bundles have in common, and how one is read.

mod autoencoder;
mod classifier;

use std::{collections::BTreeMap, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    BundleError, ClassifierKind, FileRecord, GraphParity, GraphPorts, Kind, MANIFEST, Sample, TrainingRecord,
    seal::sealed, storage::Storage,
};

/// The bundle format that this version writes and reads.
pub const FORMAT: u32 = 1;

const MANIFEST_LIMIT: u64 = 16 << 20;

/// A manifest: [`Manifest`](crate::Manifest) or [`ClassifierManifest`](crate::ClassifierManifest).
pub trait Contract: Serialize + DeserializeOwned {
    /// Stored rows and outputs that prove the graphs: [`Probe`](crate::Probe) or
    /// [`HeadProbe`](crate::HeadProbe).
    type Probe;

    /// The sort of bundle that it describes.
    const SORT: Sort;

    /// SHA-256 of its text with zeros in that place.
    fn digest(&self) -> &str;

    /// Size and SHA-256 of every other file.
    fn records(&self) -> &BTreeMap<String, FileRecord>;

    /// Puts both in.
    fn complete(&mut self, digest: &str, records: &BTreeMap<String, FileRecord>);

    /// Both graphs.
    fn graphs(&self) -> [&GraphPorts; 2];

    /// What the graphs are called, in the same order.
    fn graph_names(&self) -> [&'static str; 2];

    /// How far each graph was from the trainer's own outputs, in the same order.
    fn parity(&self) -> Option<[&GraphParity; 2]>;

    /// What was fitted: `vae`, `classifier` and so on.
    fn kind_name(&self) -> &'static str;

    /// What one sample looks like.
    fn sample(&self) -> &Sample;

    /// Numbers in a code.
    fn latent_dim(&self) -> usize;

    /// How it came to be.
    fn training(&self) -> &TrainingRecord;

    /// Reads the probe's file; `path` is named in errors.
    ///
    /// # Errors
    /// [`BundleError::Invalid`], with the tensor that is missing or does not fit.
    fn probe(&self, path: &Path, bytes: &[u8]) -> Result<Self::Probe, BundleError>;

    /// Whether it makes sense in itself.
    ///
    /// # Errors
    /// What contradicts what.
    fn check(&self) -> Result<(), String>;
}

/// The sorts of bundle, each with a type that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Encoder and decoder: [`Bundle`](crate::Bundle).
    Autoencoder,
    /// A head on an encoder: [`ClassifierBundle`](crate::ClassifierBundle).
    Transferred,
}

impl Sort {
    /// The sort of a bundle whose manifest names this kind.
    fn of(kind: &str) -> Option<Self> {
        if Kind::ALL.iter().any(|known| known.name() == kind) {
            Some(Sort::Autoencoder)
        } else if ClassifierKind::ALL.iter().any(|known| known.name() == kind) {
            Some(Sort::Transferred)
        } else {
            None
        }
    }

    /// "an autoencoder (vae): open it with Autoencoder::open, run it by `narrows encode`".
    fn message(self, kind: &str) -> String {
        match self {
            Sort::Autoencoder => {
                format!("an autoencoder ({kind}): open it with Autoencoder::open, run it by `narrows encode`")
            }
            Sort::Transferred => format!("a {kind}: open it with Classifier::open, run it by `narrows classify`"),
        }
    }
}

/// The sort of a bundle by what its manifest says, if that names a kind that is known.
pub(crate) fn sort_of(source: &Storage) -> Result<Option<Sort>, BundleError> {
    let (raw, _) = read_raw(source)?;
    Ok(Sort::of(kind_in(&raw)))
}

/// Reads a manifest and checks all that it says of itself.
pub(crate) fn read_manifest<M: Contract>(source: &Storage) -> Result<(M, Vec<u8>), BundleError> {
    let path = source.place(MANIFEST);
    // The format comes first: a newer manifest should be called newer, not malformed.
    let (raw, bytes) = read_raw(source)?;
    let format = raw.get("format").and_then(Value::as_u64);
    if let Some(found) = format.filter(|&found| found != u64::from(FORMAT)) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(BundleError::Format { path, found, supported: FORMAT });
    }
    let kind = kind_in(&raw);
    if let Some(other) = Sort::of(kind).filter(|&sort| sort != M::SORT) {
        return Err(BundleError::OtherSort { path: source.path().to_owned(), message: other.message(kind) });
    }
    let manifest: M = serde_json::from_slice(&bytes).map_err(malformed(&path))?;
    if std::str::from_utf8(&bytes).is_ok_and(|text| sealed(text, manifest.digest()) != text) {
        let what = "it does not have the digest that it names".to_owned();
        return Err(BundleError::Changed { path, what });
    }
    manifest.check().map_err(|what| BundleError::invalid(path, what))?;
    Ok((manifest, bytes))
}

/// The manifest as JSON of whatever form, and its bytes.
fn read_raw(source: &Storage) -> Result<(Value, Vec<u8>), BundleError> {
    let bytes = source.read(MANIFEST, MANIFEST_LIMIT)?;
    let raw = serde_json::from_slice(&bytes).map_err(malformed(&source.place(MANIFEST)))?;
    Ok((raw, bytes))
}

fn kind_in(raw: &Value) -> &str {
    raw.get("kind").and_then(Value::as_str).unwrap_or_default()
}

fn malformed(path: &Path) -> impl FnOnce(serde_json::Error) -> BundleError {
    |source| BundleError::Manifest { path: path.to_owned(), source }
}
