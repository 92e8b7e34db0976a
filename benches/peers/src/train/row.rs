//! Rows of the table: a model, its data and its batch size.

use std::path::Path;

use narrows_bundle::{Kind, Likelihood, Link};
use narrows_data::{Reading, SampleKind};
use narrows_trainer::{
    Options,
    options::{ArchitectureName, DataOptions},
};

use super::series;

/// A model, its data and its batch size.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// The title in the table.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    pub(crate) data: Samples,
    pub(crate) layers: Layers,
    pub(crate) latent: usize,
    pub(crate) likelihood: Likelihood,
    pub(crate) batch_size: usize,
    /// Number of epochs per round.
    pub(crate) epochs: usize,
    /// Number of rounds, each with its own seed.
    pub(crate) rounds: usize,
    /// Required upper bound of the time per epoch relative to PyTorch.
    pub(crate) bound: f64,
}

/// The data that a row is trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Samples {
    /// Fashion-MNIST, with all 60,000 rows.
    FashionMnist,
    /// The embedded digits.
    Digits,
    /// Synthetic series of 6 channels and 100 steps.
    Series,
    /// Colour patches of 64 x 64 pixels, which `just data patches` makes: 4,000 rows.
    Patches,
}

/// The layers of the encoder, which the decoder mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layers {
    /// Dense hidden layers of these widths.
    Dense(&'static [usize]),
    /// Convolutions with these numbers of filters, without dense hidden layers.
    Convolutions(&'static [usize]),
    /// The same with one residual block after each.
    Resnet(&'static [usize]),
}

/// All rows, in the order of the table.
pub(crate) static ROWS: [Row; 9] = [
    VAE,
    Row {
        name: "deep-ae",
        title: "AE 784-1000-500-250-30, batch 128",
        kind: Kind::Ae,
        layers: Layers::Dense(&[1000, 500, 250]),
        latent: 30,
        likelihood: Likelihood::Gaussian,
        epochs: 2,
        rounds: 4,
        bound: 1.0,
        ..VAE
    },
    Row { name: "cvae", title: "CVAE 784-400-20, batch 128", kind: Kind::Cvae, bound: 0.9, ..VAE },
    Row { name: "dae", title: "DAE 784-400-32, batch 128", kind: Kind::Dae, latent: 32, bound: 0.9, ..VAE },
    Row {
        name: "digits-vae",
        title: "VAE 64-32-8, batch 64, digits",
        data: Samples::Digits,
        layers: Layers::Dense(&[32]),
        latent: 8,
        batch_size: 64,
        epochs: 60,
        bound: 0.9,
        ..VAE
    },
    Row { name: "vae-1024", title: "VAE 784-400-20, batch 1024", batch_size: 1024, bound: 1.0, ..VAE },
    Row {
        name: "conv-vae",
        title: "VAE 28x28, filters 32,64, 20 dimensions, batch 128",
        layers: Layers::Convolutions(&[32, 64]),
        epochs: 2,
        rounds: 3,
        bound: 0.9,
        ..VAE
    },
    Row {
        name: "series-vae",
        title: "VAE 6 x 100, filters 32,64, 20 dimensions, batch 128, series",
        data: Samples::Series,
        layers: Layers::Convolutions(&[32, 64]),
        bound: 0.8,
        ..VAE
    },
    Row {
        name: "resnet-vae",
        title: "VAE 64x64x3, resnet, filters 32,64,128, 64 dimensions, batch 64, patches",
        data: Samples::Patches,
        layers: Layers::Resnet(&[32, 64, 128]),
        latent: 64,
        batch_size: 64,
        epochs: 2,
        rounds: 2,
        bound: 1.1,
        ..VAE
    },
];

/// The first row, from which the others differ.
const VAE: Row = Row {
    name: "vae",
    title: "VAE 784-400-20, batch 128",
    kind: Kind::Vae,
    data: Samples::FashionMnist,
    layers: Layers::Dense(&[400]),
    latent: 20,
    likelihood: Likelihood::Bernoulli,
    batch_size: 128,
    epochs: 3,
    rounds: 5,
    bound: 0.75,
};

impl Row {
    /// Returns the row with this name.
    ///
    /// # Errors
    /// A message with all names, if there is none.
    pub(crate) fn named(name: &str) -> Result<&'static Row, String> {
        let names = || ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        ROWS.iter()
            .find(|row| row.name == name)
            .ok_or_else(|| format!("unknown row `{name}`; choose one of {}", names()))
    }

    /// Returns the training options for `epochs` epochs. All other options have their defaults, such as ReLU and
    /// Adam with a learning rate of 0.001. Data that is not a named data set is in `folder`.
    pub(crate) fn options(&self, seed: u64, epochs: usize, folder: &Path) -> Options {
        let (train, test) = match self.data {
            Samples::FashionMnist => ("fashion-mnist".to_owned(), None),
            Samples::Digits => ("digits".to_owned(), None),
            Samples::Series => {
                let [train, test] = series::files(folder).map(|path| path.display().to_string());
                (train, Some(test))
            }
            Samples::Patches => {
                let [train, test] = ["train", "test"].map(|part| format!("data/sets/patches-64/{part}"));
                (train, Some(test))
            }
        };
        let sample = (self.data == Samples::Series).then_some(SampleKind::Series);
        let reading = Reading { data: Some(train), sample, ..Reading::default() };
        Options {
            data: DataOptions { reading, test, ..DataOptions::default() },
            latent: Some(self.latent),
            seed: Some(seed),
            ..Options::new(self.kind)
        }
        .with(|options| {
            match self.layers {
                Layers::Dense(widths) => {
                    options.architecture.architecture = Some(ArchitectureName::Mlp);
                    options.architecture.hidden = Some(widths.to_vec());
                }
                Layers::Convolutions(filters) => {
                    options.architecture.architecture = Some(ArchitectureName::Conv);
                    options.architecture.filters = Some(filters.to_vec());
                }
                Layers::Resnet(filters) => {
                    options.architecture.architecture = Some(ArchitectureName::Resnet);
                    options.architecture.filters = Some(filters.to_vec());
                    options.architecture.blocks = Some(1);
                }
            }
            options.steps.batch_size = Some(self.batch_size);
            options.output.likelihood = Some(self.likelihood);
            options.output.output_link = Some(Link::Sigmoid);
            options.split.valid_fraction = Some(0.0);
            options.length.epochs = Some(epochs);
        })
    }
}
