//! The model that all peers run: a real bundle, fitted here.

use std::path::PathBuf;

use anyhow::Result;
use narrows_bundle::{Bundle, Kind};
use narrows_tests::{exported, fitted};
use narrows_trainer::Options;
use tempfile::TempDir;

use super::images::Images;

/// Names of the encoder's ports: images, and the means that are the codes.
pub(crate) const INPUT: &str = "x";
pub(crate) const CODES: &str = "mu";

/// Numbers in a code.
pub(crate) const LATENT: usize = 20;

/// Rows that it is fitted on: 50 steps, after which the codes are far from equal.
const TRAINING_ROWS: usize = 6400;

/// A bundle in a temporary folder, which goes with this.
pub(crate) struct Model {
    folder: TempDir,
    pub(crate) bundle: Bundle,
    /// The encoder, as it lies in the bundle.
    pub(crate) encoder: Vec<u8>,
}

impl Model {
    /// A VAE 784-400-20 after one epoch.
    pub(crate) fn fitted(images: &Images) -> Result<Self> {
        let options = Options { latent: Some(LATENT), ..Options::new(Kind::Vae) }.with(|options| {
            options.architecture.hidden = Some(vec![400]);
            options.steps.batch_size = Some(128);
            options.split.valid_fraction = Some(0.0);
            options.length.epochs = Some(1);
        });
        let data = images.dataset(TRAINING_ROWS);
        let (folder, bundle) = exported(&fitted(&options, &data), &data);
        let encoder = bundle.read(&bundle.manifest().graphs.encoder.file)?;
        Ok(Model { folder, bundle, encoder })
    }

    /// The encoder's file.
    pub(crate) fn encoder_path(&self) -> PathBuf {
        self.bundle.path().join(&self.bundle.manifest().graphs.encoder.file)
    }

    /// A place for a file that goes with the model.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
