//! Loads what `narrows train-export` leaves, and runs it in ONNX Runtime.
//!
//! An [`Autoencoder`] is a bundle with both halves ready to run. Samples go in and come out in the
//! unit of the data that the model was fitted on: scaling is part of the graphs.
//!
//! ```no_run
//! use narrows_runtime::{Autoencoder, ndarray::Array3};
//!
//! # fn main() -> Result<(), narrows_runtime::Error> {
//! let model = Autoencoder::open("models/vae")?;
//! let images = Array3::<u8>::zeros((32, 8, 8)); // [batch, ...sample shape]
//! let codes = model.encode(&images)?; // [32, latent]
//! let restored = model.decode(&codes)?; // [32, 8, 8]
//! let drawn = model.generate(16, 7)?; // [16, 8, 8], the same for the same seed
//! # Ok(())
//! # }
//! ```
//!
//! ONNX Runtime itself is a shared library that is looked for when the first bundle is opened; see
//! [`library`] for where. A host that uses `ort` itself passes its environment by [`Options::environment`]. With
//! `default-features = false` and the feature `download-binaries`, ONNX Runtime is linked into the program
//! instead (which our CI does not exercise). [`diagnose`] says what there is.
//!
//! Every error says what was expected, what was found, and what to do.
//!
//! The crate's README goes through the rest: where to get ONNX Runtime, devices, threads, classes, scores,
//! models inside the program, a host with an `ort` of its own. Its code is compiled with the tests.

#[cfg(not(any(feature = "load-dynamic", feature = "download-binaries")))]
compile_error!("narrows-runtime gets ONNX Runtime by its feature `load-dynamic`, the default, or `download-binaries`");

mod autoencoder;
mod classifier;
mod cut;
mod destination;
mod device;
mod diagnosis;
mod engine;
mod error;
mod generate;
mod interpolate;
mod label;
mod latent;
pub mod library;
mod loaded_graph;
mod machine;
mod metadata;
mod options;
mod placed;
mod placement;
mod pool;
pub mod proof;
mod provable;
mod random;
mod room;
mod rows;
mod samples;
mod score;
mod scratch;
mod tolerance;
mod trial;
mod verify;

pub use autoencoder::Autoencoder;
pub use classifier::Classifier;
pub use device::Device;
pub use diagnosis::{Diagnosis, Trial, diagnose};
pub use error::Error;
pub use interpolate::{Interpolation, codes_between};
pub use label::Class;
pub use latent::Posterior;
pub use machine::{Machine, Processor};
pub use narrows_bundle as bundle;
pub use ndarray;
pub use options::Options;
pub use ort;
pub use placed::Placement;
pub use placement::{GraphPlacement, NodePlacement, placement};
pub use samples::{Codes, Samples};
pub use score::{ScoreOptions, Scores};
pub use verify::{Check, verify};

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
