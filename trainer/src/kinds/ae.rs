//! The autoencoder: squeeze a sample through a code that is narrower than it, and ask for the sample
//! back.
//!
//! Encoder and decoder are trained together and used apart. With identity activations and a squared
//! error the best it can do is the subspace of the principal components (Baldi and Hornik 1989); what
//! it does beyond that is the non-linear part of "non-linear PCA".
//!
//! With a penalty on the code it is a sparse or a contractive autoencoder (`penalty.rs`).

use candle_core::{Result, Tensor};

use super::{Batch, CodeLayer, CodeOptions, CodePenalty, Draw, Loss, Model, Network, PenaltyOptions, network::first};
use crate::{
    network::{Graph, GraphError, mlp::Mlp},
    options::takes,
    pretrain::{PretrainOptions, Pretraining},
    problems::Problems,
};

takes! {
    /// The options of an autoencoder beside those of every network.
    pub(crate) struct AeOptions { code: CodeOptions, penalty: PenaltyOptions, pretrain: PretrainOptions }
}

/// A plain, sparse or contractive autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ae {
    /// The layer that gives the code.
    pub code: CodeLayer,
    /// What the code pays for.
    pub penalty: CodePenalty,
}

impl AeOptions<'_> {
    /// What these options mean.
    pub(crate) fn check(&self, problems: &mut Problems) -> Ae {
        Ae { code: self.code.check(), penalty: self.penalty.check(problems) }
    }

    /// How its layers are trained one by one first, where `epochs` and `learning_rate` are those of the whole.
    pub(crate) fn pretraining(
        &self,
        epochs: usize,
        learning_rate: f64,
        problems: &mut Problems,
    ) -> Option<Pretraining> {
        self.pretrain.check(epochs, learning_rate, problems)
    }
}

impl Model for Ae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        reconstruction_loss(self.penalty, network, &batch.x, batch, draw)
    }

    fn code_layer(&self) -> CodeLayer {
        self.code
    }
}

/// The error of the clean sample's reconstruction from `seen`, which may be corrupted, and the penalty
/// on the code of `seen`.
pub(super) fn reconstruction_loss(
    penalty: CodePenalty,
    network: &Network<'_>,
    seen: &Tensor,
    batch: &Batch,
    draw: Draw,
) -> Result<Loss> {
    let z = first(network.encode(seen, None)?)?;
    let error = network.error(&z, None, &batch.x)?;
    let loss = Loss { parts: vec![("reconstruction", error.clone())], total: error };
    penalty.add_to(loss, network, seen, &z, draw)
}
