//! Fits autoencoders in Candle and turns them into the files of a bundle.
//!
//! The way through: [`Options`] as somebody gave them are [checked](Config::check) against the data
//! into a [`Config`]; [`fit`] makes a [`Fitted`] model of it; [`Fitted::export`] makes the graphs, the
//! weights, the probe and the manifest. To learn what a kind of model is, read its file in
//! [`kinds`].

pub mod candle;
mod config;
mod error;
mod evaluation;
mod export;
mod fit;
mod fitted;
pub mod kinds;
mod likelihood;
pub mod network;
pub mod onnx;
mod options;
mod random;
mod samples;
mod scaling;
mod text;

pub use config::{Config, Descent, Method};
pub use error::{ConfigError, Problem, TrainError};
pub use evaluation::Figures;
pub use export::Export;
pub use fit::{Event, fit};
pub use fitted::{Core, Fitted};
pub use kinds::Corruption;
pub use narrows_bundle as bundle;
pub use narrows_data as data;
pub use ndarray;
pub use network::Activation;
pub use options::Options;
pub use samples::sample_of;
pub use scaling::ScalingRule;
