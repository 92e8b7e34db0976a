//! Tables of typed columns (Parquet and Arrow): selects the columns of the features, and reads rows.
//!
//! The features are the columns that the options name. Otherwise they are the only column of lists, or else all columns
//! of numbers and booleans. All other columns are passed through unchanged, and notes name those that no option names.

mod batches;
mod bounded;
mod labels;
mod lists;
mod numbers;
mod pictures;
mod plan;
mod schema;
mod tensors;

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::{
    check::{check_from, column_label},
    chunk::Chunk,
    decoding::caught,
    error::DataError,
    head::Head,
    notes::Notes,
    precision::Precision,
    reader::{Opened, Reader},
    reading::{LoadOptions, Missing},
};

pub(crate) use batches::Batches;
use batches::next_rows;
use bounded::Bounded;
use pictures::{Pictures, column_of_images};
use plan::{Plan, find};
use schema::{Renamed, with_unique_names};

/// Selects the columns of the features, and reads the first rows to find the length of lists.
///
/// `length` is the size of the file in bytes, and `rows` the number of rows that the header declares.
pub(crate) fn open(
    path: &Path,
    length: u64,
    schema: &Schema,
    rows: Option<usize>,
    batches: impl Batches + 'static,
    options: &LoadOptions,
) -> Result<Opened, DataError> {
    let batches = Bounded::new(path, length, options.limits.unpack, batches);
    let (schema, renamed) = with_unique_names(path, schema);
    if renamed.is_none() {
        return open_table(path, &schema, rows, batches, options, Notes::default());
    }
    let mut notes = Notes::default();
    notes.extend(renamed);
    open_table(path, &schema, rows, Renamed { batches, schema: Arc::clone(&schema) }, options, notes)
}

/// Opens a table whose columns have different names.
fn open_table(
    path: &Path,
    schema: &Schema,
    rows: Option<usize>,
    mut batches: impl Batches + 'static,
    options: &LoadOptions,
    mut notes: Notes,
) -> Result<Opened, DataError> {
    let reading = &options.reading;
    if let Some(column) = column_of_images(schema, reading) {
        let label = reading.label_column.as_ref().map(|label| find(path, schema, label)).transpose()?;
        let pictures = Pictures::open(path, schema, (column, label), rows, batches, reading, notes)?;
        return Ok(Opened::Reader(Box::new(pictures)));
    }
    for (option, is_given) in [
        ("resize", reading.resize.is_some()),
        ("channels", reading.channels.is_some()),
        ("depth", reading.depth.is_some()),
    ] {
        if is_given {
            let (option, spec) = (option.to_owned(), path.display().to_string());
            return Err(DataError::OptionUnused { option, spec, kind: "a table without a column of images" });
        }
    }
    let plan = Plan::new(path, schema, options)?;
    notes.extend(plan.notes(schema, options));
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
        date_columns: None,
        table: None,
        notes,
    };
    let missing = options.reading.missing.unwrap_or_default();
    let features = head.sample_shape.iter().product();
    let precision = if plan.names().is_some() { Precision::new(features) } else { Precision::of_all() };
    let opening_notes = head.notes.clone();
    let table = Table {
        path: path.to_owned(),
        plan,
        head,
        opening_notes,
        precision,
        batches,
        rest: Some(first),
        read: 0,
        missing,
    };
    Ok(Opened::Reader(Box::new(table)))
}

/// Calls a decoder. Converts its errors, and its panics on damaged files, to a [`DataError`].
pub(crate) fn decode<T, E: Into<Box<dyn Error + Send + Sync>>>(
    path: &Path,
    format: &'static str,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, DataError> {
    let source = match caught(decode) {
        Some(Ok(decoded)) => return Ok(decoded),
        Some(Err(error)) => match error.into().downcast() {
            Ok(known) => return Err(*known),
            Err(source) => source,
        },
        None => "its content is inconsistent".into(),
    };
    Err(DataError::TableDamaged { path: path.to_owned(), format, source })
}

/// Reads the rows of a table.
struct Table<B> {
    path: PathBuf,
    plan: Plan,
    head: Head,
    /// The notes of the open file, before its rows are read.
    opening_notes: Notes,
    precision: Precision,
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
        let values = self.plan.values(&batch, &self.head.sample_shape, self.read, &mut self.precision)?;
        self.plan.compare(&batch, &values, &mut self.precision);
        let place = self.path.display();
        let rounded = match self.plan.list() {
            Some(list) => self.precision.array_note(place, |_| format!("the lists of `{list}`")),
            None => self.precision.note(place, |feature| column_label(feature, self.head.columns.as_deref())),
        };
        self.head.notes = self.opening_notes.clone();
        self.head.notes.extend(rounded);
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

#[cfg(test)]
pub(crate) mod tests;
