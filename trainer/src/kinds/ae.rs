//! The autoencoder: the encoder compresses a sample to a code with fewer dimensions, and the decoder reconstructs the
//! sample from it.
//!
//! Encoder and decoder are trained together and can be used separately. With identity activations and the squared
//! error, the optimum is the subspace of the principal components (Baldi and Hornik 1989). With other activations an
//! autoencoder is a non-linear generalisation of PCA.
//!
//! With a penalty on the code it is a sparse or contractive autoencoder (`penalty.rs`).

use candle_core::{Result, Tensor};

use super::{
    Batch, CodeLayer, CodeOptions, CodePenalty, Loss, LossContext, Model, Network, PenaltyOptions, network::first,
};
use crate::{
    network::{Graph, GraphError, builder::Builder},
    options::takes,
    pretrain::{PretrainOptions, Pretraining},
    problems::Problems,
};

takes! {
    /// The options of an autoencoder, in addition to those of every network.
    pub(crate) struct AeOptions { code: CodeOptions, penalty: PenaltyOptions, pretrain: PretrainOptions }
}

/// A plain, sparse or contractive autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ae {
    /// Settings of the code layer.
    pub code: CodeLayer,
    /// Penalties on the code.
    pub penalty: CodePenalty,
}

impl AeOptions<'_> {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> Ae {
        Ae { code: self.code.check(), penalty: self.penalty.check(problems) }
    }

    /// Checks the options of layer-wise pretraining; `epochs` and `learning_rate` of the complete network are the
    /// defaults.
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
    fn encoder(&self, builder: &Builder) -> std::result::Result<Graph, GraphError> {
        builder.encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, context: LossContext) -> Result<Loss> {
        reconstruction_loss(self.penalty, network, batch.inputs(), batch, context)
    }

    fn code_layer(&self) -> CodeLayer {
        self.code
    }
}

/// Computes the reconstruction error of the clean samples in `batch` and the penalties on the code, where `inputs` are
/// the possibly corrupted samples that the encoder receives.
pub(super) fn reconstruction_loss(
    penalty: CodePenalty,
    network: &Network<'_>,
    inputs: &Tensor,
    batch: &Batch,
    context: LossContext,
) -> Result<Loss> {
    let z = first(network.encode(inputs, None)?)?;
    let error = network.error(&z, None, &batch.x)?;
    let loss = Loss { parts: vec![("reconstruction", error.clone())], total: error };
    penalty.add_to(loss, network, inputs, &z, context)
}
