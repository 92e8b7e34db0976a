//! Reads files into arrays, to train, encode and evaluate models on.
//!
//! [`load`] takes the name of a data set (`digits`, `mnist`) or a path and returns a [`Dataset`]: values of shape
//! `[rows, features]` in the unit of the data, labels if there are any, and the split into a training and a test part
//! if the source has one. Rows that exceed the memory limit stay on disk. [`stream`] reads a source once, a chunk at a
//! time. This crate neither scales nor shuffles values.
//!
//! Every file is untrusted: sizes in headers are compared with the length of the file before memory is allocated, and
//! invalid content is a [`DataError`] that names the position.
//!
//! ```
//! let digits = narrows_data::load("digits", &narrows_data::LoadOptions::default())?;
//! assert_eq!(digits.sample_shape, [8, 8]);
//! assert_eq!((digits.train.values.rows(), digits.train.values.features()), (1437, 64));
//! # Ok::<(), narrows_data::DataError>(())
//! ```

mod array;
mod array_precision;
mod arrays;
mod binarize;
mod check;
mod chunk;
mod collect;
mod column_names;
mod column_types;
mod content_error;
mod counted;
mod dataset;
mod date_columns;
mod decoding;
mod describe;
mod element;
mod error;
mod file_rows;
mod fingerprint;
mod finite;
mod folder_entries;
mod head;
mod held_out;
mod in_memory;
mod labels;
mod load;
mod memory;
mod missing;
mod notation;
mod notes;
mod open_data;
mod overlap;
mod packed;
mod precision;
mod printable;
mod read_at;
mod reader;
mod reading;
mod row;
mod sample_kind;
mod series_error;
mod source;
mod spool;
mod standard_input;
pub mod statistics;
mod stream;
mod table_error;
mod unique_names;
mod unpack;
mod values;
mod windows;
pub mod write;

pub use arrays::Samples;
pub use arrow_array::RecordBatch;
pub use binarize::{Binarize, PartName, binarize_row, sample_bit};
pub use chunk::{Chunk, Recorded};
pub use column_types::{ColumnType, ColumnTypes, TypeName};
pub use content_error::ContentError;
pub use dataset::{Dataset, Part};
pub use date_columns::{DateColumn, DateColumns, DateForm, Day};
pub use decoding::silence_decoders;
pub use describe::{Described, DescribedColumn, Description, MissingCounts};
pub use error::DataError;
pub use file_rows::FileRows;
pub use head::{Head, Roles};
pub use held_out::HeldOut;
pub use labels::{Labels, SEPARATOR};
pub use load::{load, load_filled};
pub use narrows_table as table;
pub use ndarray;
pub use notes::{Note, NoteCode, Notes};
pub use overlap::shared_rows;
pub use reading::{
    Bytes, Channels, Character, Depth, Features, Header, InputFormat, Limits, LoadOptions, Missing, Names, Reading,
    Size,
};
pub use row::Row;
pub use sample_kind::SampleKind;
pub use series_error::SeriesError;
pub use source::{is_image_path, is_known, is_standard_input};
pub use stream::{Stream, Streams, stream};
pub use table_error::TableError;
pub use values::Values;
pub use windows::{
    rows::WindowRows,
    step_means::{StepMeans, StepRows},
    walk::WindowCounts,
    windowing::Windowing,
};
