//! The interface of a kind that is trained by gradient descent: its encoder and the loss of a batch.

use candle_core::{Result, Tensor};

use super::{CodeLayer, Divergence, LatentPrior, LossContext, Network};
use crate::network::{Graph, GraphError, builder::Builder};

/// A kind of autoencoder that is trained by gradient descent.
pub(crate) trait Model {
    /// Builds the core graph of the encoder, from scaled features to its outputs.
    fn encoder(&self, builder: &Builder) -> std::result::Result<Graph, GraphError>;

    /// Computes the loss of one batch.
    fn loss(&self, network: &Network<'_>, batch: &Batch, context: LossContext) -> Result<Loss>;

    /// Returns the number of latent samples per row, by which the work for a row grows.
    fn latent_samples(&self) -> usize {
        1
    }

    /// Returns the smallest number of rows of a training batch.
    fn min_batch_rows(&self) -> usize {
        1
    }

    /// Returns the settings of the KL term, if the loss has one.
    fn divergence(&self) -> Option<Divergence> {
        None
    }

    /// Returns the prior over codes.
    fn prior(&self) -> LatentPrior {
        LatentPrior::Normal
    }

    /// Returns the settings of the code layer, for kinds whose code is a vector and not a distribution.
    fn code_layer(&self) -> CodeLayer {
        CodeLayer::default()
    }
}

/// A batch of scaled samples.
pub(crate) struct Batch {
    /// The samples, `[batch, features]`, which are reconstructed.
    pub(crate) x: Tensor,
    /// The same samples with masked cells, if the encoder receives these.
    pub(crate) masked: Option<Tensor>,
    /// Labels, `[batch]`, only if the model takes labels.
    pub(crate) labels: Option<Tensor>,
}

impl Batch {
    /// Creates a batch whose samples are both the inputs of the encoder and the targets of the decoder.
    pub(crate) fn new(x: Tensor, labels: Option<Tensor>) -> Self {
        Batch { x, masked: None, labels }
    }

    /// Returns the inputs of the encoder, `[batch, features]`.
    pub(crate) fn inputs(&self) -> &Tensor {
        self.masked.as_ref().unwrap_or(&self.x)
    }
}

/// A loss and its components.
pub(crate) struct Loss {
    /// The loss that training minimises, a scalar.
    pub(crate) total: Tensor,
    /// Its components by name, as scalars.
    pub(crate) parts: Vec<(&'static str, Tensor)>,
}

impl Loss {
    /// Returns the loss with one more component added.
    pub(super) fn plus(mut self, name: &'static str, part: Tensor) -> Result<Self> {
        self.total = (&self.total + &part)?;
        self.parts.push((name, part));
        Ok(self)
    }
}
