//! A bundle of any type.

use std::path::PathBuf;

use crate::{Bundle, BundleError, BundleType, ClassifierBundle, Opened, contract::type_of, storage::Storage};

/// An opened bundle, whose manifest determines its type.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a program has a few bundles, and opens each from a file")]
pub enum AnyBundle {
    /// An encoder and a decoder.
    Autoencoder(Bundle),
    /// A head on an encoder.
    Transferred(ClassifierBundle),
}

impl AnyBundle {
    /// Opens the bundle at `path`, a folder or a packed file.
    ///
    /// # Errors
    /// Those of [`Opened::open`], except [`BundleError::OtherType`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let source = Storage::open(path.into())?;
        match type_of(&source)? {
            Some(BundleType::Transferred) => Opened::of(source).map(AnyBundle::Transferred),
            // Reading the manifest reports an unknown kind.
            Some(BundleType::Autoencoder) | None => Opened::of(source).map(AnyBundle::Autoencoder),
        }
    }
}
