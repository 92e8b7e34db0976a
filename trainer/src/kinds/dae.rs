//! The denoising autoencoder: corrupt the sample, ask for the clean one (Vincent et al. 2008).
//!
//! The corruption exists only while training. What is exported takes samples as they are, clean or
//! noisy, and pulls them towards what the data looks like.

use candle_core::Result;

use super::{
    Ae, AeOptions, Batch, CodeLayer, Corruption, CorruptionOptions, Draw, Loss, Model, Network, ae::reconstruction_loss,
};
use crate::{
    network::{Graph, GraphError, mlp::Mlp},
    options::takes,
    problems::Problems,
    random::{Stream, stream},
};

takes! {
    /// The options of a denoising autoencoder: those of an autoencoder, and the corruption.
    pub(crate) struct DaeOptions {
        corruption: CorruptionOptions;
        ae: AeOptions,
    }
}

/// A denoising autoencoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dae {
    /// What is done to the samples that the encoder sees in training.
    pub corruption: Corruption,
    /// The autoencoder that is trained on them.
    pub ae: Ae,
}

impl DaeOptions<'_> {
    /// What these options mean.
    pub(crate) fn check(&self, problems: &mut Problems) -> Dae {
        let corruption = self.corruption.corruption.unwrap_or(Corruption::Masking(0.25));
        if let Some(problem) = corruption.problem() {
            problems.add("corruption", format!("{corruption}: the number {problem}"));
        }
        Dae { corruption, ae: self.ae.check(problems) }
    }
}

impl Model for Dae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        let seen = match draw {
            Draw::Training { seed, step, .. } => {
                self.corruption.apply(&batch.x, &mut stream(seed, Stream::Corruption, step))?
            }
            Draw::Evaluation { .. } => batch.x.clone(),
        };
        reconstruction_loss(self.ae.penalty, network, &seen, batch, draw)
    }

    fn code_layer(&self) -> CodeLayer {
        self.ae.code
    }
}
