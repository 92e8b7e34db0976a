//! A bundle of whichever sort.

use std::path::PathBuf;

use crate::{Bundle, BundleError, ClassifierBundle, Opened, Sort, contract::sort_of, storage::Storage};

/// An opened bundle whose manifest says which sort it is.
#[derive(Debug, Clone)]
pub enum AnyBundle {
    /// Encoder and decoder.
    Autoencoder(Bundle),
    /// A head on an encoder.
    Transferred(ClassifierBundle),
}

impl AnyBundle {
    /// Opens the bundle at `path`, a folder or a packed file.
    ///
    /// # Errors
    /// Those of [`Opened::open`], but for [`BundleError::OtherSort`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BundleError> {
        let source = Storage::open(path.into())?;
        match sort_of(&source)? {
            Some(Sort::Transferred) => Opened::of(source).map(AnyBundle::Transferred),
            // A kind that nobody knows is refused as the manifest is read.
            Some(Sort::Autoencoder) | None => Opened::of(source).map(AnyBundle::Autoencoder),
        }
    }
}
