//! Parquet: a table in row groups, with each column compressed separately.

mod damaged;
mod declared;
mod dictionaries;
mod pages;
mod thrift;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use ::parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
        },
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

/// Opens a file to read its row groups sequentially, some rows at a time.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length == 0 {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    decode(path, FORMAT, || declared::check_schema(&file, length))?;
    let mut metadata = decode(path, FORMAT, || ArrowReaderMetadata::load(&file, Default::default()))?;
    if let Some(schema) = dictionaries::plain(metadata.schema()) {
        let options = ArrowReaderOptions::new().with_schema(schema);
        metadata = decode(path, FORMAT, || ArrowReaderMetadata::load(&file, options))?;
    }
    let rows = declared::check_metadata(path, length, &metadata, options.limits.unpack)?;
    let schema = metadata.schema().clone();
    let width = declared::width(schema.fields());
    let groups = RowGroups {
        path: path.to_owned(),
        file,
        metadata,
        times: options.limits.unpack,
        batch_size: (BATCH_VALUES / width.max(1)).clamp(1, BATCH_VALUES) as usize,
        next: 0,
        open: None,
    };
    columnar::open(path, length, &schema, Some(rows), groups, options)
}

/// The number of values of all columns to decode at a time.
const BATCH_VALUES: u64 = 1 << 18;

/// Reads the row groups of a file.
struct RowGroups {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    /// The largest unpacked size of a page, as a multiple of its compressed size.
    times: u32,
    /// The number of rows to decode at a time.
    batch_size: usize,
    /// The next row group to open.
    next: usize,
    open: Option<ParquetRecordBatchReader>,
}

impl Batches for RowGroups {
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
            let batch_size = pages::check(&self.path, &self.file, group, self.times)?.min(self.batch_size);
            let index = self.next;
            self.next += 1;
            let open = || -> Result<_, ParquetError> {
                // Clones share the position of the file, but only one row group reads at a time.
                let file = self.file.try_clone()?;
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
                builder
                    .with_projection(ProjectionMask::all())
                    .with_row_groups(vec![index])
                    .with_batch_size(batch_size)
                    .build()
            };
            self.open = Some(decode(&self.path, FORMAT, open)?);
        }
    }
}

#[cfg(test)]
mod tests;
