//! Greedy layer-wise pretraining: every layer learns on its own to give back what it is given, before the network
//! is trained as a whole (Hinton and Salakhutdinov 2006; Bengio et al. 2007).
//!
//! A layer of the encoder with the layer of the decoder that mirrors it is a small autoencoder of what the layers
//! below give, which stay as they are. With a corruption, which spoils that, it is a layer of a stacked denoising
//! autoencoder (Vincent et al. 2010). Its weights are those of the whole network, so that unrolling is nothing but
//! going on with them.

mod layer;

use std::{fmt, str::FromStr};

pub(crate) use layer::Layer;
use serde::Serialize;

use crate::{options::options, problems::Problems, text::as_text};

options! {
    /// Whether layers are trained one by one before the whole.
    pub struct PretrainOptions in "Training" {
        /// Pretraining before the network is trained as a whole: none, or layerwise, which trains each layer alone as
        /// an autoencoder of the outputs of the layers below it: ae, dae [default: none]
        #[flag(value_name = "HOW")]
        pub pretrain: Pretrain = Pretrain::Layerwise,
        /// Epochs for each layer, with --pretrain: ae, dae [default: as many as --epochs]
        #[flag(value_name = "NUMBER")]
        pub pretrain_epochs: usize = 10,
        /// Learning rate for each layer at its highest, with --pretrain: ae, dae [default: that of --learning-rate]
        #[flag(value_name = "RATE")]
        pub pretrain_learning_rate: f64 = 0.001,
    }
}

/// What comes before a network is trained as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pretrain {
    /// Nothing.
    #[default]
    None,
    /// Every layer is trained alone, from the data inwards.
    Layerwise,
}

/// How layers are trained alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pretraining {
    /// Passes over the training rows for each layer, at least 1.
    pub epochs: usize,
    /// Step size at its highest, positive.
    pub learning_rate: f64,
}

impl PretrainOptions {
    /// What these options mean, where `epochs` and `learning_rate` are those of the whole.
    pub(crate) fn check(&self, epochs: usize, learning_rate: f64, problems: &mut Problems) -> Option<Pretraining> {
        match self.pretrain.unwrap_or_default() {
            Pretrain::None => {
                let set = [
                    ("pretrain_epochs", self.pretrain_epochs.is_some()),
                    ("pretrain_learning_rate", self.pretrain_learning_rate.is_some()),
                ];
                for (key, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
                    problems.add(key, "means nothing without pretraining (--pretrain layerwise)");
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
    /// The options that say this. What is off is not recorded, so that older configurations keep their bytes.
    pub(crate) fn options(pretraining: Option<Self>) -> PretrainOptions {
        PretrainOptions {
            pretrain: pretraining.map(|_| Pretrain::Layerwise),
            pretrain_epochs: pretraining.map(|pretraining| pretraining.epochs),
            pretrain_learning_rate: pretraining.map(|pretraining| pretraining.learning_rate),
        }
    }
}

/// A layer after its pretraining.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PretrainedLayer {
    /// Which one, from 1, from the data inwards.
    pub layer: usize,
    /// Numbers that it takes.
    pub inputs: usize,
    /// Numbers that it gives.
    pub outputs: usize,
    /// Passes over the training rows.
    pub epochs: usize,
    /// Its loss over the steps of the last of them: nats where what it takes lies in `[0, 1]` by a bernoulli
    /// likelihood or behind a sigmoid, squared error elsewhere.
    pub loss: f64,
    /// Time of its steps in seconds, as far as it is known.
    pub seconds: f64,
}

impl Pretrain {
    /// Every way.
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
            .find(|way| way.name() == text)
            .ok_or_else(|| format!("`{text}` is no way to pretrain: write none or layerwise"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_as_they_are_written() {
        for way in Pretrain::ALL {
            assert_eq!(way.to_string().parse(), Ok(way));
        }
        assert!("greedy".parse::<Pretrain>().expect_err("no way").contains("none or layerwise"));
    }
}
