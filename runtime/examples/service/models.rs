//! The models of a bundle.

use std::path::PathBuf;

use narrows_runtime::{Autoencoder, Detector, Error, Options, bundle::Bundle};

/// The autoencoder of a bundle, and its detector.
pub(crate) struct Models {
    pub(crate) autoencoder: Autoencoder,
    pub(crate) detector: Option<Detector>,
}

impl Models {
    /// Loads the autoencoder of a bundle, and its detector if it has one.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let (bundle, options) = (Bundle::open(path)?, Options::default());
        let detector = match Detector::from_bundle(&bundle, &options) {
            Ok(detector) => Some(detector),
            Err(Error::NoDetector { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Models { autoencoder: Autoencoder::from_bundle(&bundle, &options)?, detector })
    }
}
