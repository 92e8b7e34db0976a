//! A value for every option.

use narrows_bundle::{Kind, Likelihood, Link};
use narrows_data::{Channels, Character, Header, Missing, Reading, Size};

use super::Options;
use crate::{
    Activation, Corruption,
    binarize::Binarize,
    candle::Kernels,
    config::OptimizerName,
    kinds::{Capacity, KlWarmup},
    pretrain::Pretrain,
    scaling::{Scale, ScalePer},
    schedule::Schedule,
    source::Source,
    variance::Variance,
};

impl Options {
    /// Every option with a value that it may have, to show how it is written. As a whole it makes no
    /// sense: options of all kinds stand side by side.
    pub fn example() -> Self {
        Options {
            kind: Some(Kind::Vae),
            source: Source {
                reading: Reading {
                    data: Some("digits".to_owned()),
                    labels: Some("labels.npy".to_owned()),
                    label_column: Some("species".to_owned()),
                    columns: Some(vec!["height".to_owned(), "width".to_owned()]),
                    ignore: Some(vec!["id".to_owned(), "date".to_owned()]),
                    key: Some("x_train".to_owned()),
                    delimiter: Some(Character(b';')),
                    quote: Some(Character(b'"')),
                    header: Some(Header::Yes),
                    missing: Some(Missing::Median),
                    resize: Some(Size { width: 28, height: 28 }),
                    channels: Some(Channels::Grey),
                },
                valid: Some("valid.csv".to_owned()),
                valid_labels: Some("valid-labels.npy".to_owned()),
                test: Some("test.csv".to_owned()),
                test_labels: Some("test-labels.npy".to_owned()),
            },
            scale: Some(Scale::Standard),
            scale_per: Some(ScalePer::Column),
            valid_fraction: Some(0.1),
            binarize: Some(Binarize::Dynamic),
            latent: Some(8),
            hidden: Some(vec![128, 64]),
            activation: Some(Activation::Relu),
            latent_activation: Some(Activation::Sigmoid),
            tied: Some(true),
            likelihood: Some(Likelihood::Gaussian),
            output_link: Some(Link::Sigmoid),
            variance: Some(Variance::Learned),
            whiten: Some(true),
            beta: Some(1.0),
            kl_warmup: Some(KlWarmup::Linear { epochs: 10.0 }),
            free_bits: Some(0.1),
            capacity: Some(Capacity { nats: 25.0, epochs: 10.0 }),
            importance_samples: Some(5),
            corruption: Some(Corruption::Gaussian(0.3)),
            l1: Some(0.001),
            l2: Some(0.0001),
            contractive: Some(0.1),
            pretrain: Some(Pretrain::Layerwise),
            pretrain_epochs: Some(10),
            pretrain_learning_rate: Some(0.001),
            epochs: Some(50),
            batch_size: Some(64),
            optimizer: Some(OptimizerName::Adam),
            learning_rate: Some(0.001),
            schedule: Some(Schedule::Step { epochs: 10.0, factor: 0.5 }),
            warmup: Some(500),
            momentum: Some(0.9),
            nesterov: Some(true),
            beta1: Some(0.9),
            beta2: Some(0.999),
            epsilon: Some(1e-8),
            weight_decay: Some(0.01),
            clip_norm: Some(10.0),
            average: Some(0.999),
            patience: Some(10),
            min_delta: Some(0.01),
            kernels: Some(Kernels::Fused),
            seed: Some(0),
        }
    }
}
