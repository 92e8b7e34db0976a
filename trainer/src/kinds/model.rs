//! What a kind that is trained by gradient descent defines: its encoder and the loss of a batch.

use candle_core::{Result, Tensor};

use super::{CodeLayer, Divergence, Draw, Network};
use crate::network::{Graph, GraphError, mlp::Mlp};

/// A kind of autoencoder that is trained by gradient descent.
pub(crate) trait Model {
    /// The encoder's core, from scaled features to its outputs.
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError>;

    /// The loss of one batch.
    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss>;

    /// Latent samples per row: how many rows of work a row of data makes.
    fn draws(&self) -> usize {
        1
    }

    /// Rows that a step needs at least.
    fn fewest_rows(&self) -> usize {
        1
    }

    /// The KL term and its schedule, where the loss has one.
    fn divergence(&self) -> Option<Divergence> {
        None
    }

    /// The layer that gives the code, where the code is a plain vector and not a distribution.
    fn code_layer(&self) -> CodeLayer {
        CodeLayer::default()
    }
}

/// A batch in the network's unit.
pub(crate) struct Batch {
    /// What the encoder takes, `[batch, features]`.
    pub(crate) x: Tensor,
    /// `[batch]`, only where the model takes labels.
    pub(crate) labels: Option<Tensor>,
}

/// A loss and what it is made of.
pub(crate) struct Loss {
    /// What is minimised; a scalar.
    pub(crate) total: Tensor,
    /// Its parts by name, as scalars.
    pub(crate) parts: Vec<(&'static str, Tensor)>,
}

impl Loss {
    /// The loss with one more part.
    pub(super) fn plus(mut self, name: &'static str, part: Tensor) -> Result<Self> {
        self.total = (&self.total + &part)?;
        self.parts.push((name, part));
        Ok(self)
    }
}
