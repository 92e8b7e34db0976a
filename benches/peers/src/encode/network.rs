//! The networks whose encoders are compared.

use narrows_bundle::Kind;
use narrows_trainer::{Options, options::ArchitectureName};

use super::batches::{Batch, OF_CONVOLUTIONS, OF_DENSE};

/// Number of latent dimensions.
pub(crate) const LATENT: usize = 20;

/// A network, its batch sizes and its bound.
pub(crate) struct Network {
    /// The name on the command line.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) layers: Layers,
    pub(crate) batches: &'static [Batch],
    /// Upper bound of the latency of one row relative to bare `ort`.
    pub(crate) latency_bound: f64,
}

/// The layers of a network.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layers {
    Dense,
    Convolutions,
}

/// All networks.
pub(crate) static NETWORKS: [Network; 2] = [
    Network { name: "dense", title: "VAE 784-400-20", layers: Layers::Dense, batches: &OF_DENSE, latency_bound: 1.15 },
    Network {
        name: "conv",
        title: "convolutional VAE (filters 32,64, 20 dimensions)",
        layers: Layers::Convolutions,
        batches: &OF_CONVOLUTIONS,
        latency_bound: 1.1,
    },
];

impl Network {
    /// Returns the network with this name.
    ///
    /// # Errors
    /// A message with all names, if there is none.
    pub(crate) fn named(name: &str) -> Result<&'static Network, String> {
        let names = || NETWORKS.iter().map(|network| network.name).collect::<Vec<_>>().join(", ");
        NETWORKS
            .iter()
            .find(|network| network.name == name)
            .ok_or_else(|| format!("unknown network `{name}`; choose one of {}", names()))
    }

    /// Returns the options of one epoch of training.
    pub(crate) fn options(&self) -> Options {
        Options { latent: Some(LATENT), ..Options::new(Kind::Vae) }.with(|options| {
            match self.layers {
                Layers::Dense => {
                    options.architecture.architecture = Some(ArchitectureName::Mlp);
                    options.architecture.hidden = Some(vec![400]);
                }
                Layers::Convolutions => {
                    options.architecture.architecture = Some(ArchitectureName::Conv);
                    options.architecture.filters = Some(vec![32, 64]);
                }
            }
            options.steps.batch_size = Some(128);
            options.split.valid_fraction = Some(0.0);
            options.length.epochs = Some(1);
        })
    }
}
