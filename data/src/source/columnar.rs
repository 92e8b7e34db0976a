//! Tables of typed columns, as Parquet and Arrow have them: which columns are the sample, and their rows.
//!
//! The sample is what is named; else the only column of lists; else all columns of numbers and booleans. All
//! other columns are carried beside it as they are.

mod labels;
mod lists;
mod numbers;
mod plan;

use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::{
    check::check_from,
    chunk::Chunk,
    error::DataError,
    head::Head,
    reader::{Opened, Reader},
    reading::{LoadOptions, Missing},
};

use plan::Plan;

/// What a file gives, a piece at a time; how large the pieces are is up to the file.
pub(crate) trait Batches: Send {
    /// The next rows, in the columns of the schema; `None` at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError>;
}

/// Chooses the columns that are the sample and reads the first rows, which tell how long lists are.
/// `rows` are those that the header promises.
pub(crate) fn open(
    path: &Path,
    schema: &Schema,
    rows: Option<usize>,
    mut batches: impl Batches + 'static,
    options: &LoadOptions,
) -> Result<Opened, DataError> {
    let plan = Plan::new(path, schema, &options.reading)?;
    let Some(first) = next_rows(&mut batches)? else {
        return Err(DataError::NoRows { path: path.to_owned() });
    };
    let head = Head {
        sample_shape: plan.sample_shape(&first)?,
        is_bytes: plan.is_bytes(),
        range: plan.range(),
        columns: plan.names(),
        rows,
        has_labels: plan.has_labels(),
    };
    let missing = options.reading.missing.unwrap_or_default();
    let table = Table { path: path.to_owned(), plan, head, batches, rest: Some(first), read: 0, missing };
    Ok(Opened::Reader(Box::new(table)))
}

/// Calls a decoder, which may fail or, on what it did not expect of a damaged file, panic: both are an error.
pub(crate) fn decode<T, E: Into<Box<dyn Error + Send + Sync>>>(
    path: &Path,
    format: &'static str,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, DataError> {
    // What the decoder was about is not used any more after a panic.
    let source = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => return Ok(decoded),
        Ok(Err(error)) => match error.into().downcast() {
            Ok(known) => return Err(*known),
            Err(source) => source,
        },
        Err(_) => "its content contradicts itself".into(),
    };
    Err(DataError::TableDamaged { path: path.to_owned(), format, source })
}

/// A table that is gone through.
struct Table<B> {
    path: PathBuf,
    plan: Plan,
    head: Head,
    batches: B,
    /// Rows that were read and not given out.
    rest: Option<RecordBatch>,
    /// Rows that were given out.
    read: usize,
    missing: Missing,
}

impl<B: Batches> Reader for Table<B> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, most: usize) -> Result<Option<Chunk>, DataError> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match next_rows(&mut self.batches)? {
                Some(batch) => batch,
                None => return self.end(),
            },
        };
        let rows = batch.num_rows().min(most.max(1));
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        let batch = batch.slice(0, rows);
        let values = self.plan.values(&batch, &self.head.sample_shape, self.read)?;
        check_from(&self.path, self.read, &values, self.head.columns.as_deref(), self.missing)?;
        let labels = self.plan.labels(&batch, self.read)?;
        let others = self.plan.others(&batch)?;
        self.read += rows;
        Ok(Some(Chunk { values, labels, others }))
    }
}

impl<B> Table<B> {
    fn end(&self) -> Result<Option<Chunk>, DataError> {
        match self.head.rows {
            Some(promised) if promised != self.read => {
                Err(DataError::RowCount { path: self.path.clone(), promised, found: self.read })
            }
            Some(_) | None => Ok(None),
        }
    }
}

/// The next batch that is not empty.
fn next_rows(batches: &mut impl Batches) -> Result<Option<RecordBatch>, DataError> {
    loop {
        match batches.next()? {
            Some(batch) if batch.num_rows() == 0 => {}
            outcome => return Ok(outcome),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
