//! The arguments of `narrows evaluate`.

use std::{fmt, path::PathBuf, str::FromStr};

use anyhow::bail;
use clap::Args;
use narrows_evaluate::RowSpace;
use narrows_runtime::Autoencoder;

use crate::{
    input::{BinarizeArguments, DataArguments, Part},
    model::{ModelArguments, open_reference},
};

/// Evaluate a model: errors, likelihoods, codes and generated samples
///
/// Runs a model on the rows of a data set in ONNX Runtime and prints its figures: reconstruction error and explained
/// variance; cross-entropy, ELBO and likelihood in nats; KL divergence, active units and mutual information of the
/// codes; PSNR and SSIM of images; for mixed tables, the figures of each
/// column; accuracy of a linear classifier and of nearest neighbours on the codes; and the
/// quality of generated samples. A figure that does not apply to the model or the data is left out. Rows are read in
/// chunks; the codes of all rows and --samples rows are kept in memory, and for a cvae with labels all training rows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows evaluate models/vae --data digits\n  \
    narrows evaluate models/vae --data digits --importance-samples 200 --json\n  \
    narrows evaluate models/cvae --data digits --features models/ae")]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) data: DataArguments,
    /// Part of the data set to evaluate; `all` are the training rows, then the test rows [default: test, or all rows if
    /// there is no test part]
    #[arg(long, value_enum)]
    pub(super) part: Option<Part>,
    /// Number of latent samples per row for the negative log-likelihood (vae, cvae), at most 5000; 0 leaves it out, and
    /// the ELBO then takes one
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0,
        value_parser = importance_samples,
        allow_negative_numbers = true
    )]
    pub(super) importance_samples: usize,
    #[command(flatten)]
    pub(super) binarize: BinarizeArguments,
    /// Features in which generated samples are compared with real ones: pixels (at most 2048 scaled values; of a
    /// mixed table, standardised numbers and one-hot categories), pca (up to
    /// 64 principal components of --samples training rows), or the bundle of a reference encoder
    #[arg(long, value_name = "pixels|pca|BUNDLE", default_value_t = Features::Pca)]
    pub(super) features: Features,
    /// Number of generated samples, and of the real rows that they are compared with; at most the number of rows, and 0
    /// leaves the comparison out
    #[arg(long, value_name = "NUMBER", default_value_t = 5000, allow_negative_numbers = true)]
    pub(super) samples: usize,
    /// Number of nearest neighbours for precision, recall, density, coverage and the nearest-neighbour accuracy
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "5",
        value_parser = clap::value_parser!(u16).range(1..),
        allow_negative_numbers = true
    )]
    pub(super) neighbours: u16,
    /// Random seed of latent samples, generated samples, subsets of rows, and --binarize dynamic; the same seed gives
    /// the same figures
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(super) seed: u64,
    /// Print one JSON object with every figure under its name, and its standard error under NAME_standard_error
    #[arg(long)]
    pub(super) json: bool,
}

/// The largest number of latent samples per row.
const MAX_IMPORTANCE_SAMPLES: usize = 5000;

fn importance_samples(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number <= MAX_IMPORTANCE_SAMPLES => Ok(number),
        Ok(_) | Err(_) => Err(format!("expected a whole number from 0 to {MAX_IMPORTANCE_SAMPLES}")),
    }
}

/// The features in which samples are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Features {
    /// The scaled values.
    Pixels,
    /// Principal components.
    Pca,
    /// Codes of the encoder of a bundle.
    Bundle(PathBuf),
}

impl FromStr for Features {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "pixels" => Features::Pixels,
            "pca" => Features::Pca,
            path => Features::Bundle(path.into()),
        })
    }
}

impl fmt::Display for Features {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Features::Pixels => formatter.write_str("pixels"),
            Features::Pca => formatter.write_str("pca"),
            Features::Bundle(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// Largest number of features of which a covariance matrix is decomposed.
const MAX_PIXELS: usize = 2048;

/// Refuses samples with so many features that a Fréchet distance would take hours.
fn check_width(model: &Autoencoder) -> anyhow::Result<()> {
    let features = RowSpace::of(model.manifest()).dimensions();
    if model.is_generative() && features > MAX_PIXELS {
        bail!(
            "--features pixels takes at most {MAX_PIXELS} features, but a sample has {features}; pass --features pca"
        );
    }
    Ok(())
}

impl Evaluate {
    /// Opens the reference encoder, if one is named and the model generates samples to compare.
    ///
    /// # Errors
    /// If it cannot be opened, takes other samples than the model, or takes labels.
    pub(super) fn reference(&self, model: &Autoencoder) -> anyhow::Result<Option<Autoencoder>> {
        let path = match &self.features {
            Features::Bundle(path) => path,
            Features::Pca => return Ok(None),
            Features::Pixels => {
                check_width(model)?;
                return Ok(None);
            }
        };
        if !model.is_generative() {
            bail!("--features has no effect, because this {} generates no samples; leave it out", model.kind());
        }
        let reference = open_reference(path, &self.model.options())?;
        let (expected, found) = (model.sample_shape(), reference.sample_shape());
        if expected != found {
            bail!(
                "--features `{}` takes samples of shape {found:?}, but the model generates {expected:?}; pass a bundle \
                 that was trained on the same samples",
                path.display()
            );
        }
        if reference.takes_labels() {
            bail!(
                "--features `{}` is a {}, whose code does not contain the class; pass the bundle of a pca, ae, dae, \
                 wae or vae",
                path.display(),
                reference.kind()
            );
        }
        Ok(Some(reference))
    }
}
