//! Fits autoencoders in Candle and turns them into the files of a bundle.
//!
//! The way through: [`Options`] as somebody gave them are [checked](Config::check) against the data
//! into a [`Config`]; [`fit`] makes a [`Fitted`] model of it, [`fit_in`] the same in the folder of a [`Run`] that
//! can be broken off and taken up again; [`Fitted::export`] makes the graphs, the weights, the probe and the
//! manifest. To learn what a kind of model is, read its file in
//! [`kinds`].

mod binarize;
pub mod candle;
mod config;
mod descent;
mod draw;
mod error;
mod evaluation;
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
mod options;
mod order;
mod pretrain;
mod random;
mod reconstruction;
mod run;
mod samples;
mod scaling;
mod schedule;
mod source;
mod stored;
mod text;
pub mod transfer;
mod variance;

pub use binarize::Binarize;
pub use candle::Kernels;
pub use config::{Config, Descent, EarlyStop, EpochPlace, Method, OptimizerName};
pub use descent::End;
pub use error::{ConfigError, Problem, TrainError};
pub use evaluation::{Averages, Figures};
pub use export::Export;
pub use fit::{Event, fit, fit_in, fitted_in};
pub use fitted::{Core, Fitted};
pub use history::EpochRecord;
pub use kinds::{Capacity, Corruption, KlWarmup};
pub use narrows_bundle as bundle;
pub use narrows_data as data;
pub use ndarray;
pub use network::Activation;
pub use options::{Options, Widths};
pub use order::order_of;
pub use pretrain::{Pretrain, PretrainedLayer, Pretraining};
pub use run::{Cadence, Every, Resumed, Run, RunError};
pub use samples::sample_of;
pub use scaling::{Scale, ScalePer, ScalingRule};
pub use schedule::Schedule;
pub use source::Source;
pub use variance::Variance;
