//! What planning knows of a model: the parts of its manifest that determine arguments and results.

use std::path::{Path, PathBuf};

use narrows_runtime::bundle::{AnyBundle, Bundle, ClassifierBundle, ClassifierManifest, Manifest, Sample};

use crate::Error;

/// A bundle whose manifest was read and checked.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) path: PathBuf,
    /// The digest of the manifest.
    pub(crate) digest: String,
    pub(crate) sample: Sample,
    /// Class names in the order of the labels; empty for a model without classes.
    pub(crate) classes: Vec<String>,
    pub(crate) kind: ModelKind,
}

/// The type of the model.
#[derive(Debug)]
pub(crate) enum ModelKind {
    /// An encoder and a decoder.
    Autoencoder(Box<Manifest>),
    /// A classifier or regressor on an encoder.
    Classifier(Box<ClassifierManifest>),
}

impl Description {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Ok(match AnyBundle::open(path)? {
            AnyBundle::Autoencoder(bundle) => Self::of_autoencoder(path, bundle.manifest().clone()),
            AnyBundle::Transferred(bundle) => Self::of_classifier(path, bundle.manifest().clone()),
        })
    }

    /// Reads a packed bundle in memory.
    pub(crate) fn of_packed(bytes: &[u8]) -> Result<Self, Error> {
        let path = Path::new("");
        match Bundle::from_bytes(bytes) {
            Ok(bundle) => Ok(Self::of_autoencoder(path, bundle.manifest().clone())),
            Err(narrows_runtime::bundle::BundleError::OtherType { .. }) => {
                let bundle = ClassifierBundle::from_bytes(bytes)?;
                Ok(Self::of_classifier(path, bundle.manifest().clone()))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn of_autoencoder(path: &Path, manifest: Manifest) -> Self {
        Description {
            path: path.to_owned(),
            digest: manifest.digest.clone(),
            sample: manifest.sample.clone(),
            classes: manifest.classes.clone().unwrap_or_default(),
            kind: ModelKind::Autoencoder(Box::new(manifest)),
        }
    }

    fn of_classifier(path: &Path, manifest: ClassifierManifest) -> Self {
        Description {
            path: path.to_owned(),
            digest: manifest.digest.clone(),
            sample: manifest.sample.clone(),
            classes: manifest.classes.clone().unwrap_or_default(),
            kind: ModelKind::Classifier(Box::new(manifest)),
        }
    }

    /// Returns whether every row needs a label.
    pub(crate) fn takes_labels(&self) -> bool {
        match &self.kind {
            ModelKind::Autoencoder(manifest) => manifest.kind.is_conditional(),
            ModelKind::Classifier(_) => false,
        }
    }

    /// Returns the name of the model's kind.
    pub(crate) fn kind_name(&self) -> &'static str {
        match &self.kind {
            ModelKind::Autoencoder(manifest) => manifest.kind.name(),
            ModelKind::Classifier(manifest) => manifest.kind.name(),
        }
    }

    /// Returns the names of the features, if there is one for each value of a sample.
    pub(crate) fn columns(&self) -> Option<&[String]> {
        self.sample.columns.as_deref().filter(|columns| columns.len() == self.sample.features())
    }

    /// Returns the replacements of missing values, if there is one for each value of a sample.
    pub(crate) fn fill(&self) -> Option<&[f32]> {
        self.sample.fill.as_deref().filter(|fill| fill.len() == self.sample.features())
    }
}
