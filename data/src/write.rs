//! Rows of floats to a file, a chunk at a time: NumPy, CSV or Parquet, with other columns carried along.

mod cell;
mod csv;
mod error;
mod layout;
mod npy;
mod parquet;

use std::{
    io::{self, Seek, Write},
    mem,
};

use arrow_array::RecordBatch;
use ndarray::ArrayViewD;

use self::{csv::CsvRows, npy::NpyRows, parquet::ParquetRows};
pub use self::{error::WriteError, layout::Layout};

/// What a file of rows is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A NumPy array of `f32` in row-major order, version 1.0; other columns have no place in it.
    Npy,
    /// Comma-separated text with a heading: the other columns, then the features.
    Csv,
    /// Parquet: the other columns as they are, then the features as columns of `f32`.
    Parquet,
}

/// Writes rows in constant memory.
///
/// What comes is written to anything that can be gone back in, since the header of an `.npy` has the number of
/// rows, which is known at the end. Nothing is whole before [`Writer::finish`].
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

/// The columns of a table are known when the first rows come.
enum State<W: Write + Seek + Send> {
    Begun(W),
    Npy(NpyRows<W>),
    Csv(Box<CsvRows<W>>),
    Parquet(Box<ParquetRows<W>>),
    Failed,
}

impl<W: Write + Seek + Send> Writer<W> {
    /// For rows of this layout; `into` is at its beginning.
    ///
    /// # Errors
    /// [`WriteError::Wide`] for a Parquet file of more columns than anybody reads.
    pub fn create(into: W, format: Format, layout: Layout) -> Result<Self, WriteError> {
        match format {
            Format::Npy | Format::Csv => {}
            Format::Parquet => layout.check_columns()?,
        }
        Ok(Writer { format, layout, rows: 0, state: State::Begun(into) })
    }

    /// Writes `rows: [count, ...shape of a row]`, with `others` beside them where the format has room for them:
    /// as many rows, and the same columns every time.
    ///
    /// # Errors
    /// [`WriteError`]; what was written is of no use then.
    pub fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> Result<(), WriteError> {
        self.layout.check(rows)?;
        match self.begin(others)? {
            State::Npy(npy) => npy.write(rows)?,
            State::Csv(csv) => csv.write(rows, others)?,
            State::Parquet(parquet) => parquet.write(rows, others)?,
            State::Begun(_) | State::Failed => return Err(failed()),
        }
        self.rows += rows.shape().first().map_or(0, |&count| count as u64);
        Ok(())
    }

    /// Rows that were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file and returns what it was written to; nothing is made durable here.
    ///
    /// # Errors
    /// [`WriteError`], also when the disk is full.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.begin(None)?;
        match self.state {
            State::Npy(npy) => npy.finish(self.rows),
            State::Csv(csv) => csv.finish(),
            State::Parquet(parquet) => parquet.finish(),
            State::Begun(_) | State::Failed => Err(failed()),
        }
    }

    /// The state behind the header.
    fn begin(&mut self, others: Option<&RecordBatch>) -> Result<&mut State<W>, WriteError> {
        self.state = match mem::replace(&mut self.state, State::Failed) {
            State::Begun(into) => match self.format {
                Format::Npy => State::Npy(NpyRows::begin(into, self.layout.shape())?),
                Format::Csv => State::Csv(Box::new(CsvRows::begin(into, &self.layout, others)?)),
                Format::Parquet => State::Parquet(Box::new(ParquetRows::begin(into, &self.layout, others)?)),
            },
            begun => begun,
        };
        Ok(&mut self.state)
    }
}

fn failed() -> WriteError {
    WriteError::Io(io::Error::other("an earlier write failed"))
}

#[cfg(test)]
mod tests;
