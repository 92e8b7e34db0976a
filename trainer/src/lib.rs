//! Trains autoencoders in [Candle](https://docs.rs/candle-core) and exports them as ONNX graphs.
//!
//! Six kinds are trained: `pca`, `ae`, `dae`, `wae`, `vae` and `cvae`. The way from data to a bundle has three steps:
//!
//! 1. [`Config::check`] checks [`Options`] against the data and fills in every default. It reports all problems at
//!    once.
//! 2. [`fit`] trains the model. [`fit_in`] does the same in the folder of a [`Run`], which saves checkpoints and can be
//!    resumed after an interruption.
//! 3. [`Fitted::export`] makes the ONNX graphs of the encoder and the decoder, the weights and the manifest, and
//!    [`Export::write`] writes them to a folder. The crate `narrows-runtime` opens that folder.
//!
//! # Train on an array and export
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use narrows_trainer::{Config, Options, bundle::Kind, data::Dataset, fit, ndarray::Array2};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temporary = tempfile::tempdir()?;
//! # let folder = temporary.path().join("bundle");
//! let samples = Array2::from_shape_fn((200, 8), |(row, column)| (0.1 * row as f32 + column as f32).sin());
//! let data = Dataset::from_array("waves", samples)?;
//! let options = Options::new(Kind::Vae).with(|options| {
//!     options.latent = Some(2);
//!     options.architecture.hidden = Some(vec![16]);
//!     options.length.epochs = Some(3);
//! });
//! let config = Config::check(&options, &data)?;
//! let model = fit(&config, &data, &mut |_| ControlFlow::Continue(()))?;
//! println!("training loss: {:.2} nats per sample", model.train.loss);
//! model.export(&data)?.write(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! - [`device`]: the processor or an NVIDIA GPU.
//! - [`options`]: every option of a run, in groups, with its meaning, unit and default.
//! - [`detector`]: fits an anomaly detector on a trained autoencoder and makes its ONNX graph.
//! - [`sampler`]: fits a distribution over the codes of a trained encoder, from which generation samples.
//! - [`transfer`]: fits a classifier or a regressor on the codes of a trained encoder.
//! - [`data`], [`bundle`] and [`ndarray`] are re-exported, so that a program needs one dependency.

mod architecture;
mod augmentation;
mod binarize;
mod candle;
mod config;
mod core_graphs;
mod data_checks;
mod data_options;
mod descent;
pub mod detector;
pub mod device;
mod error;
mod evaluation;
mod event;
mod export;
mod export_sampler;
mod fit;
mod fitted;
mod history;
mod kinds;
mod learned_variance;
mod likelihood;
mod loss_context;
mod memory;
mod moments;
mod network;
mod numeric;
mod onnx;
mod opened;
mod optimizer;
pub mod options;
mod order;
mod output_defaults;
mod placement;
mod pretrain;
mod problem;
mod problems;
mod pseudo_inputs;
mod random;
mod read_ahead;
mod run;
pub mod sampler;
mod sampler_option;
mod samples;
mod scaling;
mod schedule;
mod split;
mod store;
mod stored;
mod table;
mod text;
pub mod transfer;
mod variance;

pub use config::{Config, EpochPlace};
pub use descent::DeviceReport;
pub use device::{DeviceChoice, DeviceError};
pub use error::TrainError;
pub use evaluation::{Averages, Figures};
pub use event::Event;
pub use export::Export;
pub use fit::{fit, fit_in, fitted_in};
pub use fitted::Fitted;
pub use history::EpochRecord;
pub use narrows_bundle as bundle;
pub use narrows_data as data;
pub use ndarray;
pub use network::{GraphError, Weights};
pub use options::Options;
pub use pretrain::PretrainedLayer;
pub use problem::{Cause, ConfigError, Problem};
pub use run::{Access, Cadence, Every, Resumed, Run, RunError};
pub use split::{split, split_for_detector};
pub use table::{CellFigures, TableFigures};

pub(crate) use candle::Kernels;
pub(crate) use config::{Descent, Method};
pub(crate) use data_options::DataOptions;
pub(crate) use kinds::Corruption;
pub(crate) use network::Activation;
pub(crate) use optimizer::OptimizerName;
pub(crate) use pretrain::Pretrain;
pub(crate) use scaling::{ScalePer, ScalingRule};

/// Parts of the trainer for the program, the tests and the benches of this workspace. Any release may change them.
#[doc(hidden)]
pub mod internals {
    pub use crate::{
        architecture::Architecture,
        candle::{
            Optimizer, Parameters, Rule, bernoulli_loss, kl_divergence, norms, reparameterise, run, squared_error,
        },
        config::{Descent, Method},
        core_graphs::CoreGraphs,
        likelihood::OutputDistribution,
        memory::estimated_memory,
        moments::LoadedMoments,
        network::{
            Add, AddChannels, Affine, BatchNorm, CellOrder, Clamp, Columns, Concat, Conv2d, Convolutions, CountMean,
            Dense, FromMap, Graph, LabelRow, LayerNorm, Level, Normalisation, Order, Pool, Pooling, Primitive, Reshape,
            SampleMap, ScaleChannels, Softmax, TableInputs, TableRow, ToMap, Value, builder::Builder, folded, summary,
            with_decoder_ports, with_encoder_ports,
        },
        numeric::{Convolution, LogRate, Windows},
        onnx::to_model,
        order::order_of,
        pretrain::Pretraining,
        problem::listed,
        scaling::ScalingRule,
    };
}

/// Compiles the examples of the guide as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/rust.md")]
struct Guide;
