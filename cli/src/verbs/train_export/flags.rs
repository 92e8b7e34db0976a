//! The flags that say what to train and how.

use clap::{Args, ValueEnum};
use narrows_bundle::{Kind, Likelihood, Link};
use narrows_trainer::{Activation, Corruption, Options};

#[derive(Debug, Args)]
pub(super) struct ModelFlags {
    /// Which model
    #[arg(value_enum)]
    kind: KindFlag,
    /// Numbers in a code [default: 8]
    #[arg(long)]
    latent: Option<usize>,
    /// Widths of the encoder's hidden layers, like 128,64; `none` for a single layer [default: 128]
    #[arg(long, value_name = "WIDTHS", value_parser = widths)]
    hidden: Option<Widths>,
    /// identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu [default: relu]
    #[arg(long)]
    activation: Option<Activation>,
    /// Distribution of a sample given its code [default: by the range of the data]
    #[arg(long, value_enum)]
    likelihood: Option<LikelihoodFlag>,
    /// Between the last layer and the reconstruction [default: by the likelihood]
    #[arg(long, value_enum)]
    output_link: Option<LinkFlag>,
    /// Weight of the divergence: vae, cvae [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    beta: Option<f64>,
    /// What the encoder's input suffers in training: dae [default: masking:0.25]
    #[arg(long, value_name = "masking:P|gaussian:SD|salt-pepper:P")]
    corruption: Option<Corruption>,
    /// Codes of unit variance: pca
    #[arg(long)]
    whiten: bool,
    /// Passes over the training rows [default: about 5000 steps, 10 to 200 passes]
    #[arg(long)]
    epochs: Option<usize>,
    /// Rows in a step [default: 64]
    #[arg(long)]
    batch_size: Option<usize>,
    /// Step size of Adam [default: 0.001]
    #[arg(long, allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Share of the training rows to hold out [default: 0.1, and 0 where the data has a test part]
    #[arg(long, allow_negative_numbers = true)]
    valid_fraction: Option<f64>,
    /// Seed of all randomness [default: 0]
    #[arg(long)]
    seed: Option<u64>,
}

impl ModelFlags {
    pub(super) fn options(&self) -> Options {
        Options {
            latent: self.latent,
            hidden: self.hidden.clone().map(|Widths(widths)| widths),
            activation: self.activation,
            likelihood: self.likelihood.map(LikelihoodFlag::likelihood),
            output_link: self.output_link.map(LinkFlag::link),
            beta: self.beta,
            corruption: self.corruption,
            whiten: self.whiten.then_some(true),
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            valid_fraction: self.valid_fraction,
            seed: self.seed,
            ..Options::new(self.kind.kind())
        }
    }
}

/// A type of its own, since clap would take a list for a repeated flag.
#[derive(Debug, Clone)]
struct Widths(Vec<usize>);

fn widths(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Widths(Vec::new()));
    }
    let width = |part: &str| part.trim().parse().map_err(|_| format!("`{part}` is not a width; write 128,64 or none"));
    text.split(',').map(width).collect::<Result<_, _>>().map(Widths)
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindFlag {
    /// Principal component analysis
    Pca,
    /// Autoencoder
    Ae,
    /// Denoising autoencoder
    Dae,
    /// Variational autoencoder
    Vae,
    /// Conditional variational autoencoder
    Cvae,
}

impl KindFlag {
    fn kind(self) -> Kind {
        match self {
            KindFlag::Pca => Kind::Pca,
            KindFlag::Ae => Kind::Ae,
            KindFlag::Dae => Kind::Dae,
            KindFlag::Vae => Kind::Vae,
            KindFlag::Cvae => Kind::Cvae,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LikelihoodFlag {
    /// Binary cross-entropy
    Bernoulli,
    /// Squared error
    Gaussian,
}

impl LikelihoodFlag {
    fn likelihood(self) -> Likelihood {
        match self {
            LikelihoodFlag::Bernoulli => Likelihood::Bernoulli,
            LikelihoodFlag::Gaussian => Likelihood::Gaussian,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LinkFlag {
    /// Nothing
    Identity,
    /// The logistic function
    Sigmoid,
}

impl LinkFlag {
    fn link(self) -> Link {
        match self {
            LinkFlag::Identity => Link::Identity,
            LinkFlag::Sigmoid => Link::Sigmoid,
        }
    }
}
