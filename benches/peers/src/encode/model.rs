//! The model that all peers run: a bundle with a fitted model.

use std::path::PathBuf;

use anyhow::Result;
use narrows_bundle::{Bundle, Kind};
use narrows_tests::{exported, fitted};
use narrows_trainer::Options;
use tempfile::TempDir;

use super::images::Images;

/// Name of the encoder's input, the images.
pub(crate) const INPUT: &str = "x";
/// Name of the encoder's output, the means, which are the codes.
pub(crate) const CODES: &str = "mu";

/// Number of latent dimensions.
pub(crate) const LATENT: usize = 20;

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
    /// Fits a VAE 784-400-20 for one epoch.
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

    /// Returns the path of the encoder's file.
    pub(crate) fn encoder_path(&self) -> PathBuf {
        self.bundle.path().join(&self.bundle.manifest().graphs.encoder.file)
    }

    /// Returns a path for a temporary file, which is removed with the model.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
