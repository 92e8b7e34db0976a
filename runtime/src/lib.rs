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
//! [`library`] for where. Every error says what was expected, what was found, and what to do.

mod autoencoder;
mod engine;
mod error;
mod generate;
mod half;
mod interpolate;
mod label;
mod latent;
pub mod library;
mod options;
pub mod proof;
mod random;
mod rows;
mod samples;
mod score;
mod verify;
mod yardstick;

pub use autoencoder::Autoencoder;
pub use error::Error;
pub use interpolate::{Interpolation, codes_between};
pub use latent::Posterior;
pub use narrows_bundle as bundle;
pub use ndarray;
pub use options::Options;
pub use samples::{Codes, Samples};
pub use score::{ScoreOptions, Scores};
pub use verify::{Check, verify};
