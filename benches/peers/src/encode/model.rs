//! The model that all peers run: a bundle with a fitted model.

use std::path::PathBuf;

use anyhow::Result;
use narrows_bundle::Bundle;
use narrows_tests::{exported, fitted};
use tempfile::TempDir;

use super::{images::Images, network::Network};

/// Name of the encoder's input, the images.
pub(crate) const INPUT: &str = "x";
/// Name of the encoder's output, the means, which are the codes.
pub(crate) const CODES: &str = "mu";

/// Number of training rows. They give 50 training steps, after which the codes differ clearly.
const TRAINING_ROWS: usize = 6400;

/// A bundle in a temporary folder, which is removed when this is dropped.
pub(crate) struct Model {
    folder: TempDir,
    pub(crate) bundle: Bundle,
    /// The bytes of the encoder's file.
    pub(crate) encoder: Vec<u8>,
}

impl Model {
    /// Fits the network for one epoch.
    pub(crate) fn fitted(network: &Network, images: &Images) -> Result<Self> {
        let options = network.options();
        let data = images.dataset(TRAINING_ROWS);
        let (folder, bundle) = exported(&fitted(&options, &data), &data);
        let encoder = bundle.read(&bundle.manifest().graphs.encoder.file)?;
        Ok(Model { folder, bundle, encoder })
    }

    /// Returns the path of the encoder's file.
    pub(crate) fn encoder_path(&self) -> PathBuf {
        self.bundle.path().join(&self.bundle.manifest().graphs.encoder.file)
    }

    /// Returns a path for a temporary file, which is removed with the model.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
