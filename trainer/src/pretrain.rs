//! Greedy layer-wise pretraining: each layer is first trained alone to reconstruct its input, then the complete network
//! is trained (Hinton and Salakhutdinov 2006; Bengio et al. 2007).
//!
//! A layer of the encoder and the layer of the decoder that mirrors it form a small autoencoder. Its input is the
//! output of the layers below, whose weights stay fixed. If the input is corrupted, the layer is one of a stacked
//! denoising autoencoder (Vincent et al. 2010). The layer shares its weights with the complete network, so the later
//! training starts from the pretrained weights.

mod layer;

use std::{fmt, str::FromStr};

pub(crate) use layer::Layer;
use serde::Serialize;

use crate::{options::options, problems::Problems, text::as_text};

options! {
    /// Layer-wise pretraining.
    pub struct PretrainOptions in "Training" {
        /// Pretraining: none, or layerwise, which first trains each layer as an autoencoder of the outputs of the layer
        /// below (ae, dae) [default: none]
        #[flag(value_name = "none|layerwise")]
        pub pretrain: Pretrain = Pretrain::Layerwise,
        /// Number of epochs for each pretrained layer (ae, dae) [default: the value of --epochs]
        #[flag(value_name = "NUMBER")]
        pub pretrain_epochs: usize = 10,
        /// Peak learning rate for each pretrained layer (ae, dae) [default: the value of --learning-rate]
        #[flag(value_name = "RATE")]
        pub pretrain_learning_rate: f64 = 0.001,
    }
}

/// Pretraining before the complete network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pretrain {
    /// No pretraining.
    #[default]
    None,
    /// Each layer is trained alone, from the input layer to the code.
    Layerwise,
}

/// Checked settings of layer-wise pretraining.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pretraining {
    /// Number of epochs for each layer, at least 1.
    pub epochs: usize,
    /// Peak learning rate, positive.
    pub learning_rate: f64,
}

impl PretrainOptions {
    /// Checks the options. `epochs` and `learning_rate` are those of the complete network; they are the defaults.
    /// Returns `None` without pretraining. Problems are added to `problems`.
    pub(crate) fn check(&self, epochs: usize, learning_rate: f64, problems: &mut Problems) -> Option<Pretraining> {
        match self.pretrain.unwrap_or_default() {
            Pretrain::None => {
                let set = [
                    ("pretrain_epochs", self.pretrain_epochs.is_some()),
                    ("pretrain_learning_rate", self.pretrain_learning_rate.is_some()),
                ];
                for (key, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
                    problems.add(key, "has no effect without pretraining; pass --pretrain layerwise");
                }
                None
            }
            Pretrain::Layerwise => Some(Pretraining {
                epochs: self.pretrain_epochs.map_or(epochs, |epochs| problems.epochs("pretrain_epochs", epochs)),
                learning_rate: self
                    .pretrain_learning_rate
                    .map_or(learning_rate, |rate| problems.positive("pretrain_learning_rate", rate)),
            }),
        }
    }
}

impl Pretraining {
    /// Returns the options that give these settings. Without pretraining none is set, so that configurations without
    /// pretraining stay byte-identical.
    pub(crate) fn options(pretraining: Option<Self>) -> PretrainOptions {
        PretrainOptions {
            pretrain: pretraining.map(|_| Pretrain::Layerwise),
            pretrain_epochs: pretraining.map(|pretraining| pretraining.epochs),
            pretrain_learning_rate: pretraining.map(|pretraining| pretraining.learning_rate),
        }
    }
}

/// Result of the pretraining of a layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PretrainedLayer {
    /// Number of the layer, counted from 1 at the input.
    pub layer: usize,
    /// Number of inputs of the layer.
    pub inputs: usize,
    /// Number of outputs of the layer.
    pub outputs: usize,
    /// Number of epochs.
    pub epochs: usize,
    /// Mean training loss in the last epoch. It is a cross-entropy in nats if the input of the layer is in `[0, 1]`
    /// (data with a Bernoulli likelihood, or outputs of a sigmoid), otherwise a squared error.
    pub loss: f64,
    /// Time of the recorded epochs in seconds.
    pub seconds: f64,
}

impl Pretrain {
    /// All kinds of pretraining.
    pub const ALL: [Pretrain; 2] = [Pretrain::None, Pretrain::Layerwise];

    /// The name on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Pretrain::None => "none",
            Pretrain::Layerwise => "layerwise",
        }
    }
}

as_text!(Pretrain);

impl fmt::Display for Pretrain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Pretrain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Pretrain::ALL
            .into_iter()
            .find(|pretrain| pretrain.name() == text)
            .ok_or_else(|| format!("`{text}` is not a kind of pretraining: write none or layerwise"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_to_its_pretraining() {
        for pretrain in Pretrain::ALL {
            assert_eq!(pretrain.to_string().parse(), Ok(pretrain));
        }
        assert!("greedy".parse::<Pretrain>().expect_err("an unknown name").contains("none or layerwise"));
    }
}
