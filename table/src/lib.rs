//! Tables whose columns have several types: numbers, counts, categories, ordered categories and dates.
//!
//! A [`Schema`] lists the columns of a table, in the order of the file, with the vocabularies of its categories. It is
//! part of the manifest of a model, so that training and inference read the same table in the same way.
//!
//! Every row becomes a vector of *cells*, one or more per column, all of them `f32`:
//!
//! - a number or a count is its own value,
//! - a category is the position of its level in the vocabulary, counted from 1; 0 is a level that the vocabulary does
//!   not contain ([`UNSEEN`]),
//! - a date is a cell with its day, a cell with its time of day if the column has times, and two categories for the
//!   month and the weekday,
//! - a missing value is NaN, in cells of every kind.
//!
//! An [`Encoder`] converts values to cells, and a [`Decoder`] converts cells back to values, both with the schema.
//!
//! A [`Layout`] says which cells are the numbers and which are the categories of the two inputs of a graph.

#[cfg(feature = "arrow")]
mod batches;
mod cell;
mod codec_error;
mod column;
mod decoder;
mod encoder;
mod layout;
mod moment;
mod schema;
mod value;
mod vocabulary;

#[cfg(feature = "arrow")]
pub use batches::{for_each_value, is_value_type};
pub use cell::{Cell, CellKind, MONTHS, UNSEEN, WEEKDAYS};
pub use codec_error::CodecError;
pub use column::{Column, ColumnKind, SEPARATOR, Stored};
pub use decoder::Decoder;
pub use encoder::{Encoder, UnseenLevel, UnseenLevels};
pub use layout::Layout;
pub use moment::Moment;
pub use schema::{MissingCells, Schema, SchemaError};
pub use value::{Value, is_missing_word};
