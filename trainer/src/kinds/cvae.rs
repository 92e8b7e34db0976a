//! The conditional variational autoencoder: a VAE in which both halves are told the class (Sohn et al.
//! 2015).
//!
//! Since the decoder knows the class, the code is free to hold what the class does not say: slant,
//! thickness, style. Asked for another class with the same code, the decoder redraws the sample.

use candle_core::Result;

use super::{Batch, Bound, Draw, Loss, Model, Network};
use crate::network::{Graph, GraphError, mlp::Mlp};

/// A conditional variational autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cvae {
    /// What is maximised, given the class.
    pub bound: Bound,
}

impl Model for Cvae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.variational_encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        self.bound.loss(network, batch, draw)
    }

    fn draws(&self) -> usize {
        self.bound.draws()
    }
}
