//! Runs autoencoders and classifiers trained with Narrows, in ONNX Runtime.
//!
//! `narrows train-export` writes a *bundle*: a folder, or a packed file, with two ONNX graphs and a manifest.
//!
//! - [`Autoencoder`] loads the encoder and the decoder of a bundle: it encodes, decodes, reconstructs, generates,
//!   interpolates and scores samples.
//! - [`Detector`] loads the anomaly detector of a bundle: it scores samples, labels anomalies and names the values that
//!   are unusual.
//! - [`Classifier`] loads a classifier or regressor on a trained encoder.
//! - [`verify()`] checks a bundle; [`diagnose`] reports the available ONNX Runtime and devices.
//!
//! Samples and reconstructions are in the unit of the training data, because the graphs contain the scaling.
//! Arrays are [`ndarray`] arrays whose first dimension is the batch. Random methods take a seed; the same seed
//! gives the same result.
//!
//! ```no_run
//! use narrows_runtime::{Autoencoder, ndarray::Array3};
//!
//! # fn main() -> Result<(), narrows_runtime::Error> {
//! let model = Autoencoder::open("models/vae")?;
//! let images = Array3::<u8>::zeros((32, 8, 8)); // [batch, ...sample shape]
//! let codes = model.encode(&images)?; // [32, latent]
//! let restored = model.decode(&codes)?; // [32, 8, 8]
//! let samples = model.generate(16, 7)?; // 16 samples with seed 7, [16, 8, 8]
//! # Ok(())
//! # }
//! ```
//!
//! # ONNX Runtime
//!
//! ONNX Runtime is a shared library. Opening the first bundle searches for it; [`library`] lists the search order.
//! A host that uses `ort` itself passes its environment with [`Options::environment`]. With
//! `default-features = false` and the feature `download-binaries`, ONNX Runtime is linked into the program
//! instead; CI does not test this feature.
//!
//! # Errors
//!
//! Every [`Error`] states what was expected, what was received, and what to do. After an error, a loaded model
//! remains usable.
//!
//! The README of this crate explains where to get ONNX Runtime, devices, threads, classes, scores, bundles
//! compiled into the program, and hosts that use `ort` themselves.

#[cfg(not(any(feature = "load-dynamic", feature = "download-binaries")))]
compile_error!(
    "narrows-runtime needs ONNX Runtime: enable the feature `load-dynamic` (the default) or `download-binaries`"
);

mod autoencoder;
mod bounds;
mod cancellation;
mod cell_sampler;
mod check;
mod class_path;
mod classifier;
mod cut;
mod destination;
mod detections;
mod detector;
mod diagnosis;
mod draw;
mod engine;
mod error;
mod far_outside;
mod generate;
mod generate_options;
mod impute;
mod interpolate;
mod label;
mod latent;
mod levels;
pub mod library;
mod ln_gamma;
mod load_on_device;
mod loaded_graph;
mod machine;
mod memory_estimate;
mod memory_limit;
mod metadata;
mod noise;
mod normal;
mod options;
mod placement;
mod pool;
mod prior;
mod prior_noise;
mod probe_batches;
pub mod proof;
mod provable;
mod random;
mod rows;
mod samples;
mod score;
mod scratch;
mod spread;
mod table;
mod table_classes;
mod table_edge;
mod table_rows;
mod tolerance;
mod traverse;
mod trial;
mod verify;

#[cfg(feature = "arrow")]
pub use arrow_array;
pub use autoencoder::Autoencoder;
pub use cancellation::Cancellation;
pub use check::Check;
pub use class_path::ClassPath;
pub use classifier::Classifier;
pub use detections::{Detections, DetectionsMut, Explained, Reason};
pub use detector::Detector;
pub use diagnosis::{Diagnosis, Trial, diagnose};
pub use draw::CellChoice;
pub use error::Error;
pub use generate_options::GenerateOptions;
pub use impute::{Imputation, ImputeOptions};
pub use interpolate::{Interpolation, codes_between};
pub use label::Class;
pub use latent::Posterior;
pub use load_on_device::Placement;
pub use machine::{Machine, Processor};
pub use memory_estimate::{MemoryEstimate, check_engine_memory};
pub use memory_limit::MemoryLimit;
pub use narrows_bundle as bundle;
pub use narrows_crew::Device;
pub use narrows_table::{UnseenLevel, UnseenLevels, Value};
pub use ndarray;
pub use noise::{Noise, NoiseSource};
pub use normal::normal_quantile;
pub use options::Options;
pub use ort;
pub use placement::{GraphPlacement, NodePlacement, placement};
pub use prior::CodeDistribution;
pub use samples::{Codes, Samples};
pub use score::{ScoreOptions, Scores};
pub use spread::{CodeMoments, CodeSpread};
pub use table::Table;
pub use table_rows::TableRows;
pub use traverse::{quantile_grid, traversal};
pub use verify::verify;

/// Compiles the examples of the README as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the examples of the guide as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/runtime.md")]
#[doc = include_str!("../../docs/guide/tables.md")]
#[doc = include_str!("../../docs/guide/devices.md")]
#[doc = include_str!("../../docs/guide/scoring.md")]
#[doc = include_str!("../../docs/guide/anomalies.md")]
#[doc = include_str!("../../docs/guide/generation.md")]
#[doc = include_str!("../../docs/guide/priors.md")]
struct Guide;
