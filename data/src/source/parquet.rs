//! Parquet: a table in groups of rows, each column of which lies compressed for itself.

mod claims;
mod damaged;
mod pages;
mod thrift;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use ::parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
    },
    errors::ParquetError,
};
use arrow_array::RecordBatch;

use crate::{
    error::DataError,
    reader::Opened,
    reading::LoadOptions,
    source::columnar::{self, Batches, decode},
};
use damaged::FORMAT;

/// Opens a file to be read one group of rows after the other, some rows at a time.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length == 0 {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    decode(path, FORMAT, || claims::check_schema(&file, length))?;
    let metadata = decode(path, FORMAT, || ArrowReaderMetadata::load(&file, Default::default()))?;
    let rows = claims::check_metadata(path, length, &metadata, options.limits.unpack)?;
    let schema = metadata.schema().clone();
    let width = claims::width(schema.fields());
    let groups = Groups {
        path: path.to_owned(),
        file,
        metadata,
        times: options.limits.unpack,
        at_once: (NUMBERS / width.max(1)).clamp(1, NUMBERS) as usize,
        next: 0,
        open: None,
    };
    columnar::open(path, &schema, Some(rows), groups, options)
}

/// Numbers of all columns that are decoded at once.
const NUMBERS: u64 = 1 << 18;

/// The groups of rows of a file.
struct Groups {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    /// How many times its own size a part of the file may unpack to.
    times: u32,
    /// Rows that are decoded at once.
    at_once: usize,
    /// The first group that was not opened.
    next: usize,
    open: Option<ParquetRecordBatchReader>,
}

impl Batches for Groups {
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError> {
        loop {
            if let Some(open) = &mut self.open {
                let batch = decode(&self.path, FORMAT, || open.next().transpose())?;
                if batch.is_some() {
                    return Ok(batch);
                }
                self.open = None;
            }
            let Some(group) = self.metadata.metadata().row_groups().get(self.next) else { return Ok(None) };
            let at_once = pages::check(&self.path, &self.file, group, self.times)?.min(self.at_once);
            let index = self.next;
            self.next += 1;
            let open = || -> Result<_, ParquetError> {
                // All groups read through one position of the file, but only one of them at a time.
                let file = self.file.try_clone()?;
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
                builder
                    .with_projection(ProjectionMask::all())
                    .with_row_groups(vec![index])
                    .with_batch_size(at_once)
                    .build()
            };
            self.open = Some(decode(&self.path, FORMAT, open)?);
        }
    }
}

#[cfg(test)]
mod tests;
