//! Arguments that choose a bundle and the device to run it on.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Arg, Args};
use narrows_bundle::BundleError;
use narrows_runtime::{Autoencoder, Classifier, Detector, Device, Error, Options, Placement};

use crate::{report::note, stop::runtime_options};

/// A model to run.
#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Bundle of an autoencoder: a folder written by `train-export` or `export`, or a file written by `pack`
    bundle: PathBuf,
    /// Device to compute on: cpu, cuda (the first NVIDIA GPU), cuda:N, or auto (a GPU if one is usable)
    #[arg(long, value_name = "DEVICE", default_value_t)]
    device: Device,
}

impl ModelArguments {
    /// Returns the path of the bundle.
    pub(crate) fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// Returns the options to open it with.
    pub(crate) fn options(&self) -> Options {
        runtime_options().device(self.device)
    }

    /// Returns the flag that repeats the device, if it is not the default.
    #[cfg(feature = "train")]
    pub(crate) fn device_flag(&self) -> String {
        if self.device == Device::default() { String::new() } else { format!(" --device {}", self.device) }
    }

    /// Opens an autoencoder. With `--device auto`, prints the device that was chosen.
    pub(crate) fn open(&self) -> anyhow::Result<Autoencoder> {
        let model = open_reference(&self.bundle, &self.options())?;
        self.print_device(model.device());
        Ok(model)
    }

    /// Opens a classifier or regressor, like [`ModelArguments::open`].
    pub(crate) fn open_classifier(&self) -> anyhow::Result<Classifier> {
        let model = Classifier::open_with(&self.bundle, &self.options()).map_err(|error| match error {
            Error::Bundle(BundleError::OtherType { path, kind, .. }) => anyhow!(
                "`{0}` is an autoencoder ({kind}), but this command needs a classifier or regressor; train one on it with \
                 `narrows transfer {0}`",
                path.display()
            ),
            other => other.into(),
        })?;
        self.print_device(model.device());
        Ok(model)
    }

    /// Opens the detector of an autoencoder, like [`ModelArguments::open`].
    pub(crate) fn open_detector(&self) -> anyhow::Result<Detector> {
        let detector = Detector::open_with(&self.bundle, &self.options()).map_err(|error| match error {
            Error::Bundle(error) => needs_autoencoder(error),
            other => other.into(),
        })?;
        self.print_device(detector.device());
        Ok(detector)
    }

    fn print_device(&self, placement: &Placement) {
        if self.device == Device::Auto {
            let reason = placement.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            note(format_args!("computing on {}{reason}", placement.device));
        }
    }
}

/// Opens the bundle of an autoencoder that another model is compared with.
pub(crate) fn open_reference(path: &Path, options: &Options) -> anyhow::Result<Autoencoder> {
    Autoencoder::open_with(path, options).map_err(|error| match error {
        Error::Bundle(error) => needs_autoencoder(error),
        other => other.into(),
    })
}

/// Sets the help of the bundle, for verbs that take other bundles than those of autoencoders.
pub(crate) fn with_bundle_help(arg: Arg, help: &'static str) -> Arg {
    if arg.get_id() == "bundle" { arg.help(help) } else { arg }
}

/// Words the error of a bundle that is not that of an autoencoder.
pub(crate) fn needs_autoencoder(error: BundleError) -> anyhow::Error {
    match error {
        BundleError::OtherType { path, kind, .. } => anyhow!(
            "`{0}` is a {kind}, but this command needs an autoencoder: pass a bundle of `train-export` or `export`, such as \
             the one with the encoder of the {kind} (`narrows classify {0}` runs the {kind})",
            path.display()
        ),
        other => other.into(),
    }
}
