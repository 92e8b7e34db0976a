//! Files on disk become arrays: what a model is trained on, encodes and is judged by.
//!
//! [`load`] takes the words a person writes for data (`digits`, `mnist`, a path) and returns a
//! [`Dataset`]: values of shape `[rows, features]` in the data's own unit, labels where there are
//! any, and the split into a training and a test part where the source has one. Rows that are too
//! many for memory stay on disk. [`stream`] goes through a source once instead, a chunk at a time.
//! Nothing is scaled and nothing is shuffled here.
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

mod array;
mod check;
mod chunk;
mod collect;
mod dataset;
mod describe;
mod element;
mod error;
mod file_rows;
mod fingerprint;
mod finite;
mod found;
mod head;
mod held_out;
mod in_memory;
mod labels;
mod load;
mod memory;
mod missing;
mod overlap;
mod packed;
mod reader;
mod reading;
mod row;
mod source;
mod spool;
pub mod statistics;
mod stream;
mod unpack;
mod values;
pub mod write;

pub use arrow_array::RecordBatch;
pub use chunk::Chunk;
pub use dataset::{Dataset, Part};
pub use describe::{Described, Description, MissingCounts};
pub use error::DataError;
pub use file_rows::FileRows;
pub use head::Head;
pub use held_out::HeldOut;
pub use labels::Labels;
pub use load::{load, load_filled};
pub use ndarray;
pub use overlap::shared_rows;
pub use reading::{Bytes, Channels, Character, Header, Limits, LoadOptions, Missing, Names, Reading, Size};
pub use row::Row;
pub use source::is_known;
pub use stream::{Stream, Streams, stream};
pub use values::Values;
