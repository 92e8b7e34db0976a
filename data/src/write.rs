//! Writes rows of floats to a file, a chunk at a time: NumPy, CSV or Parquet, with pass-through columns.

pub(crate) mod cell;
mod csv;
mod error;
mod filled;
mod layout;
mod npy;
mod parquet;
mod table;

use std::{
    io::{self, Seek, Write},
    mem,
};

use arrow_array::RecordBatch;
use ndarray::ArrayViewD;

use self::{csv::CsvRows, npy::NpyRows, parquet::ParquetRows};
pub use self::{
    error::WriteError,
    filled::{filled, stored_as},
    layout::Layout,
    table::in_table_order,
};

/// The format of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A NumPy array of `f32` in row-major order, version 1.0. It cannot contain pass-through columns.
    Npy,
    /// Comma-separated text with a header: the pass-through columns, then the features.
    Csv,
    /// Parquet: the pass-through columns unchanged, then the features as columns of `f32`.
    Parquet,
}

/// Writes rows in constant memory.
///
/// The output must support seeking, because the header of an `.npy` contains the number of rows, which is known only at
/// the end. The output is incomplete until [`Writer::finish`].
///
/// ```
/// use narrows_data::write::{Format, Layout, Writer};
/// use ndarray::array;
///
/// let mut writer = Writer::create(std::io::Cursor::new(Vec::new()), Format::Csv, Layout::numbered(&[2], "z"))?;
/// writer.write(&array![[0.5, 1.0], [2.0, 3.0]].view().into_dyn(), None)?;
/// let text = writer.finish()?.into_inner();
/// assert_eq!(text, b"z0,z1\n0.5,1\n2,3\n");
/// # Ok::<(), narrows_data::write::WriteError>(())
/// ```
pub struct Writer<W: Write + Seek + Send> {
    format: Format,
    layout: Layout,
    rows: u64,
    state: State<W>,
}

/// The state of a writer. The columns of a table are known once the first rows are written.
enum State<W: Write + Seek + Send> {
    Empty(W),
    Npy(NpyRows<W>),
    Csv(Box<CsvRows<W>>),
    Parquet(Box<ParquetRows<W>>),
    Failed,
}

impl<W: Write + Seek + Send> Writer<W> {
    /// Creates a writer for rows of the given layout. `into` must be at its start.
    ///
    /// # Errors
    /// [`WriteError::Wide`] if a Parquet file would have more than 5000 columns of features, and
    /// [`WriteError::TableArray`] if an array would contain the rows of a mixed table.
    pub fn create(into: W, format: Format, layout: Layout) -> Result<Self, WriteError> {
        match format {
            Format::Npy if layout.is_table() => return Err(WriteError::TableArray),
            Format::Npy | Format::Csv => {}
            Format::Parquet => layout.check_columns()?,
        }
        Ok(Writer { format, layout, rows: 0, state: State::Empty(into) })
    }

    /// Writes `rows: [count, ...shape of a row]`, and the pass-through columns `others` if the format supports them.
    /// `others` must have the same number of rows, and the same columns in every call.
    ///
    /// # Errors
    /// [`WriteError`]. The output is then unusable.
    pub fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> Result<(), WriteError> {
        self.layout.check(rows)?;
        match self.begin(others)? {
            State::Npy(npy) => npy.write(rows)?,
            State::Csv(csv) => csv.write(rows, others)?,
            State::Parquet(parquet) => parquet.write(rows, others)?,
            State::Empty(_) | State::Failed => return Err(failed()),
        }
        self.rows += rows.shape().first().map_or(0, |&count| count as u64);
        Ok(())
    }

    /// Returns the number of rows written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file and returns the output. Does not sync it to disk.
    ///
    /// # Errors
    /// [`WriteError`], for example if the disk is full.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.begin(None)?;
        match self.state {
            State::Npy(npy) => npy.finish(self.rows),
            State::Csv(csv) => csv.finish(),
            State::Parquet(parquet) => parquet.finish(),
            State::Empty(_) | State::Failed => Err(failed()),
        }
    }

    /// Writes the header if it has not been written yet. Returns the state after it.
    fn begin(&mut self, others: Option<&RecordBatch>) -> Result<&mut State<W>, WriteError> {
        self.state = match mem::replace(&mut self.state, State::Failed) {
            State::Empty(into) => match self.format {
                Format::Npy => State::Npy(NpyRows::begin(into, self.layout.shape())?),
                Format::Csv => State::Csv(Box::new(CsvRows::begin(into, &self.layout, others)?)),
                Format::Parquet => State::Parquet(Box::new(ParquetRows::begin(into, &self.layout, others)?)),
            },
            started => started,
        };
        Ok(&mut self.state)
    }
}

fn failed() -> WriteError {
    WriteError::Io(io::Error::other("an earlier write failed"))
}

#[cfg(test)]
mod tests;
