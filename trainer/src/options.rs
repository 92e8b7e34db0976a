//! What somebody asked for: every option may be left open.

mod belonging;
mod example;
mod fields;
mod file;

pub(crate) use fields::fields;
pub(crate) use file::parsed;
use narrows_bundle::{Kind, Likelihood, Link};
use serde::{Deserialize, Serialize};

use crate::{
    Activation, Corruption,
    binarize::Binarize,
    candle::Kernels,
    config::OptimizerName,
    kinds::{Capacity, KlWarmup},
    pretrain::Pretrain,
    scaling::{Scale, ScalePer},
    schedule::Schedule,
    source::Source,
    variance::Variance,
};

/// A list of widths; with a name of its own, since a flag that may be repeated is another thing.
pub type Widths = Vec<usize>;

/// Options of a run as flags or a file give them; what is open is filled in by [`Config::check`].
///
/// A field is a key of a configuration file, a flag of the command line (with the feature `clap`), and
/// what its documentation says is the help of both. The same type, with everything filled in, is the
/// configuration in a bundle's manifest.
///
/// [`Config::check`]: crate::Config::check
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct Options {
    /// Which model: pca, ae, dae, vae or cvae
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(required_unless_present_any = ["config", "resume"]))]
    pub kind: Option<Kind>,

    /// Where data comes from.
    #[serde(flatten)]
    #[cfg_attr(feature = "clap", command(flatten))]
    pub source: Source,
    /// How values are scaled for the network, by what is found in the rows that are fitted: auto, none, unit
    /// (the range of the data becomes 0 to 1), standard (mean 0, deviation 1), minmax (0 to 1) or robust
    /// (median 0, distance of the quartiles 1) [default: auto]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "HOW", help_heading = "Data"))]
    pub scale: Option<Scale>,
    /// Whether standard, minmax and robust look at every column alone: column or global [default: column for
    /// tables, global for images]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHICH", help_heading = "Data"))]
    pub scale_per: Option<ScalePer>,
    /// Share of the training rows to hold out, of every class the same [default: 0.1, and 0 where there is
    /// a test part or --valid]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "SHARE", help_heading = "Data")
    )]
    pub valid_fraction: Option<f64>,
    /// Pixels to 0 or 1, with their value as probability: none, static (one draw a row) or dynamic (a new
    /// draw at every step) [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "HOW", help_heading = "Data"))]
    pub binarize: Option<Binarize>,

    /// Numbers in a code [default: 8]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Model"))]
    pub latent: Option<usize>,
    /// Widths of the encoder's hidden layers, like 128,64, mirrored by the decoder; `none` (in a
    /// file []) for a single layer [default: 128]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "WIDTHS", value_parser = widths, help_heading = "Model"))]
    pub hidden: Option<Widths>,
    /// After every hidden layer: identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu [default:
    /// relu]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Model"))]
    pub activation: Option<Activation>,
    /// After the layer that gives the code, one of the same: ae, dae [default: identity]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Model"))]
    pub latent_activation: Option<Activation>,
    /// Whether the decoder's weights are the encoder's, transposed: ae, dae [default: false]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = "Model"))]
    pub tied: Option<bool>,
    /// Distribution of a sample given its code: bernoulli or gaussian [default: by the range of the data]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Model"))]
    pub likelihood: Option<Likelihood>,
    /// Between the last layer and the reconstruction: identity or sigmoid [default: by the likelihood]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Model"))]
    pub output_link: Option<Link>,
    /// Variance of the gaussian likelihood in scaled units, a number or `learned`: vae, cvae [default: 1]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "NUMBER|learned", help_heading = "Model")
    )]
    pub variance: Option<Variance>,
    /// Whether codes get unit variance: pca [default: false]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = "Model"))]
    pub whiten: Option<bool>,

    /// Weight of the divergence: vae, cvae [default: 1]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "WEIGHT", help_heading = "Objective")
    )]
    pub beta: Option<f64>,
    /// The divergence's weight rises to beta over so many epochs, once or in cycles of so many: vae, cvae
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "linear:EPOCHS|cyclical:EPOCHS", help_heading = "Objective"))]
    pub kl_warmup: Option<KlWarmup>,
    /// Nats of divergence that each latent number has free, so that it is not given up: vae, cvae [default:
    /// 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "NATS", help_heading = "Objective")
    )]
    pub free_bits: Option<f64>,
    /// Hold the divergence at so many nats, risen to over so many epochs; beta is the force: vae, cvae
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NATS:EPOCHS", help_heading = "Objective"))]
    pub capacity: Option<Capacity>,
    /// Draws a sample in the importance-weighted bound; 1 is the evidence lower bound: vae, cvae [default:
    /// 1]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Objective"))]
    pub importance_samples: Option<usize>,
    /// What the encoder's input suffers in training: dae [default: masking:0.25]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "masking:P|gaussian:SD|salt-pepper:P", help_heading = "Objective")
    )]
    pub corruption: Option<Corruption>,
    /// Weight of the code's absolute values, for sparse codes: ae, dae [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "WEIGHT", help_heading = "Objective")
    )]
    pub l1: Option<f64>,
    /// Weight of the squared weights, biases left out [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "WEIGHT", help_heading = "Objective")
    )]
    pub l2: Option<f64>,
    /// Weight of the squared derivatives of the code by the sample, estimated along one random direction a
    /// sample: ae, dae [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "WEIGHT", help_heading = "Objective")
    )]
    pub contractive: Option<f64>,

    /// What comes before the network is trained as a whole: none, or layerwise, which trains every layer alone, as
    /// an autoencoder of what the layers below it give: ae, dae [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "HOW", help_heading = "Training"))]
    pub pretrain: Option<Pretrain>,
    /// Passes over the training rows for each layer, with --pretrain: ae, dae [default: as many as --epochs]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Training"))]
    pub pretrain_epochs: Option<usize>,
    /// Step size for each layer at its highest, with --pretrain: ae, dae [default: that of --learning-rate]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "RATE", help_heading = "Training")
    )]
    pub pretrain_learning_rate: Option<f64>,
    /// Passes over the training rows [default: about 5000 steps, 10 to 200 passes]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Training"))]
    pub epochs: Option<usize>,
    /// Rows in a step [default: 64]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "ROWS", help_heading = "Training"))]
    pub batch_size: Option<usize>,
    /// adam, adamw or sgd [default: adam]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Training"))]
    pub optimizer: Option<OptimizerName>,
    /// Step size at its highest [default: 0.001]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "RATE", help_heading = "Training")
    )]
    pub learning_rate: Option<f64>,
    /// How the step size goes on: constant, step:EPOCHS:FACTOR, cosine or one-cycle [default: constant]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SHAPE", help_heading = "Training"))]
    pub schedule: Option<Schedule>,
    /// Steps over which the step size rises from 0, before the schedule begins [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "STEPS", help_heading = "Training"))]
    pub warmup: Option<u64>,
    /// Share of the velocity that a step keeps: sgd [default: 0.9]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "SHARE", help_heading = "Training")
    )]
    pub momentum: Option<f64>,
    /// Whether the gradient is taken where the velocity leads: sgd [default: false]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = "Training"))]
    pub nesterov: Option<bool>,
    /// Decay of the mean of the gradients: adam, adamw [default: 0.9]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "DECAY", help_heading = "Training")
    )]
    pub beta1: Option<f64>,
    /// Decay of the mean of their squares: adam, adamw [default: 0.999]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "DECAY", help_heading = "Training")
    )]
    pub beta2: Option<f64>,
    /// Added to the root of the mean square: adam, adamw [default: 1e-8]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "NUMBER", help_heading = "Training")
    )]
    pub epsilon: Option<f64>,
    /// Share of each weight that a step of size 1 takes away: adamw [default: 0.01]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "SHARE", help_heading = "Training")
    )]
    pub weight_decay: Option<f64>,
    /// Largest norm of the gradient; a larger one is scaled down, 0 for no limit [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "NORM", help_heading = "Training")
    )]
    pub clip_norm: Option<f64>,
    /// Decay of a moving average of the weights, which is what is kept then; 0 for none [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "DECAY", help_heading = "Training")
    )]
    pub average: Option<f64>,
    /// Stop after so many epochs without a better loss on the rows held out, and go back to the best; epochs
    /// of --kl-warmup do not count, 0 for never [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "EPOCHS", help_heading = "Training"))]
    pub patience: Option<usize>,
    /// By how much a loss must be lower to count as better, with --patience [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "LOSS", help_heading = "Training")
    )]
    pub min_delta: Option<f64>,
    /// What computes: fused, in as few passes as can be, or composed of Candle's own operations, slower and
    /// the same to rounding [default: fused]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Training"))]
    pub kernels: Option<Kernels>,
    /// Seed of all randomness [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64), help_heading = "Training"))]
    pub seed: Option<u64>,
}

impl Options {
    /// Nothing said but the kind.
    pub fn new(kind: Kind) -> Self {
        Options { kind: Some(kind), ..Options::default() }
    }
}

impl Options {
    /// With every file and every set that is named put as `rename` says.
    pub fn with_paths(self, rename: impl Fn(&String) -> String) -> Options {
        Options { source: self.source.with_paths(rename), ..self }
    }
}

/// `128,64`, or `none`.
#[cfg(feature = "clap")]
fn widths(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let width = |part: &str| part.trim().parse().map_err(|_| format!("`{part}` is not a width; write 128,64 or none"));
    text.split(',').map(width).collect()
}
