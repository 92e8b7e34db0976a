//! The core graphs of encoder and decoder, between scaled features and logits.

use narrows_data::Dataset;

use crate::{
    Config, Method, TrainError,
    architecture::Architecture,
    candle::{Kernels, Parameters},
    kinds::{Ae, Model, Network},
    network::{Activation, Graph, Node, builder::Builder},
};

/// The graphs of encoder and decoder between scaled features and logits, without weights.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreGraphs {
    /// Maps scaled features (and a label) to `z`, or to `mu` and `log_var`.
    pub encoder: Graph,
    /// Maps a code (and a label) to logits.
    pub decoder: Graph,
}

impl CoreGraphs {
    /// Builds the graphs of a configuration for the samples of a data set.
    ///
    /// # Errors
    /// [`TrainError::Graph`]; never for a checked configuration.
    pub fn new(config: &Config, data: &Dataset) -> Result<Self, TrainError> {
        let (Architecture { convolutions, hidden, normalisation, activation }, latent_activation) = match &config.method
        {
            Method::ClosedForm(_) => (Architecture::linear(), Activation::Identity),
            Method::Descent(descent) => (descent.architecture.clone(), descent.objective.code_layer().activation),
        };
        let classes = data.classes.as_ref().map(Vec::len).filter(|_| config.kind().is_conditional());
        let features = data.train.values.features();
        let mlp = Builder {
            convolutions,
            features,
            hidden,
            latent_dim: config.latent_dim,
            normalisation,
            activation,
            latent_activation,
            classes,
        };
        let encoder = match &config.method {
            Method::ClosedForm(_) => Ae::default().encoder(&mlp)?,
            Method::Descent(descent) => descent.objective.model().encoder(&mlp)?,
        };
        Ok(CoreGraphs { encoder, decoder: mlp.decoder()? })
    }

    /// Returns the layers without a fused kernel. The graph that contains one is computed by Candle's operations.
    pub(crate) fn without_kernel(&self) -> Vec<&Node> {
        self.encoder.nodes_without_kernel().chain(self.decoder.nodes_without_kernel()).collect()
    }

    pub(crate) fn network<'a>(&'a self, parameters: &'a Parameters, config: &Config) -> Network<'a> {
        let kernels = match &config.method {
            Method::ClosedForm(_) => Kernels::Fused,
            Method::Descent(descent) => descent.kernels,
        };
        let output_distribution = config.output_distribution;
        Network {
            encoder: &self.encoder,
            decoder: &self.decoder,
            parameters,
            output_distribution,
            kernels,
            below: None,
        }
    }
}
