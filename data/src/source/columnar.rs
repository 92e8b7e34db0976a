//! Tables of typed columns (Parquet and Arrow): selects the columns of the features, and reads rows.
//!
//! The features are the columns that the options name. Otherwise they are the only column of lists, or else all columns
//! of numbers and booleans. All other columns are passed through unchanged.

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

/// Reads a file batch by batch. The file determines the size of a batch.
pub(crate) trait Batches: Send {
    /// Returns the next rows, with the columns of the schema, or `None` at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError>;
}

/// Selects the columns of the features, and reads the first rows to find the length of lists.
///
/// `rows` is the number of rows that the header declares.
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
        roles: plan.roles(),
    };
    let missing = options.reading.missing.unwrap_or_default();
    let table = Table { path: path.to_owned(), plan, head, batches, rest: Some(first), read: 0, missing };
    Ok(Opened::Reader(Box::new(table)))
}

/// Calls a decoder. Converts its errors, and its panics on damaged files, to a [`DataError`].
pub(crate) fn decode<T, E: Into<Box<dyn Error + Send + Sync>>>(
    path: &Path,
    format: &'static str,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, DataError> {
    // Unwind safety: the state of the decoder is not used after a panic.
    let source = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => return Ok(decoded),
        Ok(Err(error)) => match error.into().downcast() {
            Ok(known) => return Err(*known),
            Err(source) => source,
        },
        Err(_) => "its content is inconsistent".into(),
    };
    Err(DataError::TableDamaged { path: path.to_owned(), format, source })
}

/// Reads the rows of a table.
struct Table<B> {
    path: PathBuf,
    plan: Plan,
    head: Head,
    batches: B,
    /// Rows of the current batch that have not been returned yet.
    rest: Option<RecordBatch>,
    /// The number of rows returned so far.
    read: usize,
    missing: Missing,
}

impl<B: Batches> Reader for Table<B> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => match next_rows(&mut self.batches)? {
                Some(batch) => batch,
                None => return self.check_end(),
            },
        };
        let rows = batch.num_rows().min(max_rows.max(1));
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        let batch = batch.slice(0, rows);
        let values = self.plan.values(&batch, &self.head.sample_shape, self.read)?;
        check_from(&self.path, self.read, &values, self.head.columns.as_deref(), self.missing)?;
        let labels = self.plan.labels(&batch, self.read)?;
        let others = self.plan.others(&batch)?;
        self.read += rows;
        Ok(Some(Chunk { values, labels, others, recorded: None }))
    }
}

impl<B> Table<B> {
    /// Checks that the number of rows is the declared one.
    fn check_end(&self) -> Result<Option<Chunk>, DataError> {
        match self.head.rows {
            Some(declared) if declared != self.read => {
                Err(DataError::RowCount { path: self.path.clone(), declared, found: self.read })
            }
            Some(_) | None => Ok(None),
        }
    }
}

/// Returns the next batch that is not empty.
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
