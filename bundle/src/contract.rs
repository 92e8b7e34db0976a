//! What the manifests of all sorts of bundles have in common, and how one is read.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    BundleError, ClassifierKind, FORMAT, FileRecord, GraphPorts, Kind, MANIFEST, seal::sealed, source::Source,
};

const MANIFEST_LIMIT: u64 = 16 << 20;

/// A manifest: [`Manifest`](crate::Manifest) or [`ClassifierManifest`](crate::ClassifierManifest).
pub trait Contract: Serialize + DeserializeOwned {
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

    /// "an autoencoder (vae): open it with Autoencoder::open".
    fn told(self, kind: &str) -> String {
        match self {
            Sort::Autoencoder => format!("an autoencoder ({kind}): open it with Autoencoder::open"),
            Sort::Transferred => format!("a {kind}: open it with Classifier::open"),
        }
    }
}

/// Reads a manifest and checks all that it says of itself.
pub(crate) fn read_manifest<M: Contract>(source: &Source) -> Result<(M, Vec<u8>), BundleError> {
    let path = source.place(MANIFEST);
    let bytes = source.read(MANIFEST, MANIFEST_LIMIT)?;
    let malformed = |source| BundleError::Manifest { path: path.clone(), source };
    // The format comes first: a newer manifest should be called newer, not malformed.
    let raw: Value = serde_json::from_slice(&bytes).map_err(malformed)?;
    let format = raw.get("format").and_then(Value::as_u64);
    if let Some(found) = format.filter(|&found| found != u64::from(FORMAT)) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(BundleError::Format { path, found, supported: FORMAT });
    }
    let kind = raw.get("kind").and_then(Value::as_str).unwrap_or_default();
    if let Some(other) = Sort::of(kind).filter(|&sort| sort != M::SORT) {
        return Err(BundleError::OtherSort { path: source.path().to_owned(), told: other.told(kind) });
    }
    let manifest: M = serde_json::from_slice(&bytes).map_err(malformed)?;
    if std::str::from_utf8(&bytes).is_ok_and(|text| sealed(text, manifest.digest()) != text) {
        let what = "it does not have the digest that it names".to_owned();
        return Err(BundleError::Changed { path, what });
    }
    manifest.check().map_err(|what| BundleError::invalid(path, what))?;
    Ok((manifest, bytes))
}
