//! Fits autoencoders in Candle and turns them into the files of a bundle.
//!
//! The way through: [`Options`] as somebody gave them are [checked](Config::check) against the data
//! into a [`Config`]; [`fit`] makes a [`Fitted`] model of it, [`fit_in`] the same in the folder of a [`Run`] that
//! can be broken off and taken up again; [`Fitted::export`] makes the graphs, the weights, the probe and the
//! manifest. To learn what a kind of model is, read its file in
//! [`kinds`].

mod architecture;
mod binarize;
pub mod candle;
mod config;
mod core_graphs;
mod data_options;
mod descent;
mod draw;
mod error;
mod evaluation;
mod event;
mod export;
mod fit;
mod fitted;
mod history;
pub mod kinds;
mod learned_variance;
mod likelihood;
pub mod network;
pub mod numeric;
pub mod onnx;
mod optimizer;
mod options;
mod order;
mod part_name;
mod pretrain;
mod problem;
mod problems;
mod random;
mod run;
mod samples;
mod scaling;
mod schedule;
mod split;
mod stored;
mod text;
pub mod transfer;
mod variance;

pub use architecture::{Architecture, ArchitectureOptions, Widths};
pub use binarize::{Binarize, BinarizeOptions};
pub use candle::Kernels;
pub use config::{Config, Descent, EpochPlace, Method};
pub use core_graphs::CoreGraphs;
pub use data_options::DataOptions;
pub use descent::{EarlyStop, End, KernelOptions, LengthOptions, StepOptions, Steps, StoppingOptions};
pub use error::TrainError;
pub use evaluation::{Averages, Figures};
pub use event::Event;
pub use export::Export;
pub use fit::{fit, fit_in, fitted_in};
pub use fitted::Fitted;
pub use history::EpochRecord;
pub use kinds::{Capacity, Corruption, KlWarmup};
pub use likelihood::OutputOptions;
pub use narrows_bundle as bundle;
pub use narrows_data as data;
pub use ndarray;
pub use network::Activation;
pub use optimizer::{AdamOptions, AdamWOptions, OptimizerName, OptimizerOptions, SgdOptions};
pub use options::Options;
pub use order::order_of;
pub use pretrain::{Pretrain, PretrainOptions, PretrainedLayer, Pretraining};
pub use problem::{ConfigError, Problem};
pub use run::{Cadence, Every, Resumed, Run, RunError};
pub use samples::sample_of;
pub use scaling::{Scale, ScalePer, ScalingOptions, ScalingRule};
pub use schedule::{LearningRate, Schedule, ScheduleOptions};
pub use split::SplitOptions;
pub use variance::{Variance, VarianceOptions};
