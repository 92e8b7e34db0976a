//! Files on disk become arrays: what a model is trained on, encodes and is judged by.
//!
//! [`load`] takes the words a person writes for data (`digits`, `mnist`, a path) and returns a
//! [`Dataset`]: values of shape `[rows, features]` in the data's own unit, labels where there are
//! any, and the split into a training and a test part where the source has one. Nothing is scaled
//! and nothing is shuffled here.
//!
//! Every file is taken as untrusted: sizes in headers are compared with the file before memory is
//! asked for, and what cannot be read is a [`DataError`] that names the place.
//!
//! ```
//! let digits = narrows_data::load("digits", &narrows_data::LoadOptions::default())?;
//! assert_eq!(digits.sample_shape, [8, 8]);
//! assert_eq!((digits.train.values.rows(), digits.train.values.features()), (1437, 64));
//! # Ok::<(), narrows_data::DataError>(())
//! ```

mod csv;
mod dataset;
mod digits;
mod error;
mod fingerprint;
mod folder;
mod idx;
mod labels;
mod load;
mod npy;
mod sets;

pub use dataset::{Dataset, Part, Values};
pub use error::DataError;
pub use load::{LoadOptions, is_known, load};
pub use ndarray;
