//! A bundle to run as arguments: which one, and on what.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows_runtime::{Autoencoder, Classifier, Device, Options, Placement};

use crate::report::note;

/// A model to run.
#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Bundle: the folder that an export left, or the file that `pack` made of it
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
        self.tell(model.device());
        Ok(model)
    }

    /// The same of a classifier or regressor.
    pub(crate) fn open_classifier(&self) -> anyhow::Result<Classifier> {
        let model = Classifier::open_with(&self.bundle, &self.options())?;
        self.tell(model.device());
        Ok(model)
    }

    fn tell(&self, placement: &Placement) {
        if self.device == Device::Auto {
            let reason = placement.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            note(format_args!("computing on {}{reason}", placement.device));
        }
    }
}
