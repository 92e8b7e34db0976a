//! A bundle to run as arguments: which one, and on what.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows_bundle::Manifest;
use narrows_runtime::{Autoencoder, Device, Options};

use crate::report::note;

/// A model to run.
#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Folder that `train-export` left, or the file that `pack` made of it
    bundle: PathBuf,
    /// What to compute on: cpu, cuda or cuda:N for an NVIDIA GPU, or auto, the GPU where it can be used
    #[arg(long, value_name = "DEVICE", default_value_t)]
    device: Device,
}

impl ModelArguments {
    /// Where the bundle is.
    pub(crate) fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// How to open it.
    pub(crate) fn options(&self) -> Options {
        Options::default().device(self.device)
    }

    /// Opens it, and says what was chosen where that was left open.
    pub(crate) fn open(&self) -> anyhow::Result<Autoencoder> {
        let model = Autoencoder::open_with(&self.bundle, &self.options())?;
        if self.device == Device::Auto {
            let placement = model.device();
            let reason = placement.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            note(format_args!("computing on {}{reason}", placement.device));
        }
        Ok(model)
    }
}

/// The columns of a table that the model was fitted on, in their order; they are taken where nobody names any.
pub(crate) fn chosen_columns(manifest: &Manifest) -> Option<Vec<String>> {
    manifest.sample.columns.clone()
}

/// What took the place of a missing value in each feature when the model was fitted.
pub(crate) fn fill_of(manifest: &Manifest) -> Option<Vec<f32>> {
    manifest.sample.fill.clone()
}
