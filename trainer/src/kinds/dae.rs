//! The denoising autoencoder: the encoder receives a corrupted sample, and the decoder reconstructs the clean one
//! (Vincent et al. 2008).
//!
//! Samples are corrupted during training only. The exported graphs take samples unchanged, clean or noisy, and map them
//! towards the distribution of the training data.

use candle_core::Result;

use super::{
    Ae, AeOptions, Batch, CodeLayer, Corruption, CorruptionOptions, Loss, LossContext, Model, Network,
    ae::reconstruction_loss,
};
use crate::{
    candle::Kernels,
    network::{Graph, GraphError, builder::Builder},
    options::takes,
    problems::Problems,
    random::{Stream, stream},
};

takes! {
    /// The options of a denoising autoencoder: those of an autoencoder and the corruption.
    pub(crate) struct DaeOptions {
        corruption: CorruptionOptions;
        ae: AeOptions,
    }
}

/// A denoising autoencoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dae {
    /// Corruption of the encoder's input during training.
    pub corruption: Corruption,
    /// Settings of the autoencoder that is trained.
    pub ae: Ae,
}

impl DaeOptions<'_> {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> Dae {
        let corruption = self.corruption.corruption.unwrap_or(Corruption::Masking(0.25));
        if let Some(problem) = corruption.problem() {
            problems.add("corruption", format!("is invalid: {problem}"));
        }
        Dae { corruption, ae: self.ae.check(problems) }
    }
}

impl Model for Dae {
    fn encoder(&self, builder: &Builder) -> std::result::Result<Graph, GraphError> {
        builder.encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, context: LossContext) -> Result<Loss> {
        let inputs = match context {
            LossContext::Training { seed, step, .. } => {
                let random = &mut stream(seed, Stream::Corruption, step);
                match (network.table, network.kernels) {
                    (Some(table), kernels) => self.corruption.apply_to_cells(kernels, table, batch.inputs(), random)?,
                    (None, Kernels::Fused) => self.corruption.apply(batch.inputs(), random)?,
                    (None, Kernels::Composed | Kernels::FusedOnDevice) => {
                        self.corruption.apply_composed(batch.inputs(), random)?
                    }
                }
            }
            LossContext::Evaluation { .. } => batch.inputs().clone(),
        };
        reconstruction_loss(self.ae.penalty, network, &inputs, batch, context)
    }

    fn code_layer(&self) -> CodeLayer {
        self.ae.code
    }
}
