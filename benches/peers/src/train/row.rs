//! Rows of the table: a model, its data and its batch size.

use std::str::FromStr;

use narrows_bundle::{Kind, Likelihood, Link};
use narrows_data::Reading;
use narrows_trainer::{Options, options::DataOptions};

/// A model, its data and its batch size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Vae,
    DeepAe,
    Cvae,
    Dae,
    DigitsVae,
    Vae1024,
}

impl Row {
    pub(crate) const ALL: [Row; 6] = [Row::Vae, Row::DeepAe, Row::Cvae, Row::Dae, Row::DigitsVae, Row::Vae1024];

    /// Returns the name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Row::Vae => "vae",
            Row::DeepAe => "deep-ae",
            Row::Cvae => "cvae",
            Row::Dae => "dae",
            Row::DigitsVae => "digits-vae",
            Row::Vae1024 => "vae-1024",
        }
    }

    /// Returns the title in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Row::Vae => "VAE 784-400-20, batch 128",
            Row::DeepAe => "AE 784-1000-500-250-30, batch 128",
            Row::Cvae => "CVAE 784-400-20, batch 128",
            Row::Dae => "DAE 784-400-32, batch 128",
            Row::DigitsVae => "VAE 64-32-8, batch 64, digits",
            Row::Vae1024 => "VAE 784-400-20, batch 1024",
        }
    }

    /// Returns the training options for `epochs` epochs. All other options have their defaults, such as ReLU and
    /// Adam with a learning rate of 0.001.
    pub(crate) fn options(self, seed: u64, epochs: usize) -> Options {
        let (kind, hidden, latent, batch) = match self {
            Row::Vae => (Kind::Vae, vec![400], 20, 128),
            Row::DeepAe => (Kind::Ae, vec![1000, 500, 250], 30, 128),
            Row::Cvae => (Kind::Cvae, vec![400], 20, 128),
            Row::Dae => (Kind::Dae, vec![400], 32, 128),
            Row::DigitsVae => (Kind::Vae, vec![32], 8, 64),
            Row::Vae1024 => (Kind::Vae, vec![400], 20, 1024),
        };
        let (likelihood, link) = match self {
            Row::DeepAe => (Likelihood::Gaussian, Link::Sigmoid),
            Row::Vae | Row::Cvae | Row::Dae | Row::DigitsVae | Row::Vae1024 => (Likelihood::Bernoulli, Link::Sigmoid),
        };
        Options {
            data: DataOptions {
                reading: Reading {
                    data: Some(if self.is_of_images() { "fashion-mnist" } else { "digits" }.to_owned()),
                    ..Reading::default()
                },
                ..DataOptions::default()
            },
            latent: Some(latent),
            seed: Some(seed),
            ..Options::new(kind)
        }
        .with(|options| {
            options.architecture.hidden = Some(hidden);
            options.steps.batch_size = Some(batch);
            options.output.likelihood = Some(likelihood);
            options.output.output_link = Some(link);
            options.split.valid_fraction = Some(0.0);
            options.length.epochs = Some(epochs);
        })
    }

    /// Returns whether the row is trained on Fashion-MNIST, with all 60,000 rows.
    pub(crate) fn is_of_images(self) -> bool {
        match self {
            Row::Vae | Row::DeepAe | Row::Cvae | Row::Dae | Row::Vae1024 => true,
            Row::DigitsVae => false,
        }
    }

    /// Returns the number of epochs per round.
    pub(crate) fn epochs(self) -> usize {
        match self {
            Row::Vae | Row::Cvae | Row::Dae | Row::Vae1024 => 3,
            Row::DeepAe => 2,
            Row::DigitsVae => 60,
        }
    }

    /// Returns the number of rounds, each with its own seed.
    pub(crate) fn rounds(self) -> usize {
        match self {
            Row::DeepAe => 4,
            Row::Vae | Row::Cvae | Row::Dae | Row::DigitsVae | Row::Vae1024 => 5,
        }
    }

    /// Returns the required upper bound of the time per epoch relative to PyTorch.
    pub(crate) fn bound(self) -> f64 {
        match self {
            Row::Vae => 0.75,
            Row::Cvae | Row::Dae | Row::DigitsVae => 0.9,
            Row::DeepAe | Row::Vae1024 => 1.0,
        }
    }
}

impl FromStr for Row {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = || Row::ALL.map(Row::name).join(", ");
        Row::ALL
            .into_iter()
            .find(|row| row.name() == text)
            .ok_or_else(|| format!("unknown row `{text}`; choose one of {}", names()))
    }
}
