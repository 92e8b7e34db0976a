//! Writes Parquet in row groups of bounded size, so that memory is constant.

use std::{io::Write, sync::Arc};

use ::parquet::{
    arrow::ArrowWriter, basic::Compression, errors::ParquetError, file::properties::WriterProperties,
    schema::types::ColumnPath,
};
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use ndarray::{ArrayViewD, Axis};

use super::{
    error::WriteError,
    layout::{Layout, check_others, other_fields},
};

/// The approximate size of a row group in bytes. It stays in memory until it is written.
const ROW_GROUP_BYTES: usize = 16 << 20;

pub(super) struct ParquetRows<W: Write + Send> {
    into: ArrowWriter<W>,
    names: Vec<String>,
    others: Vec<Field>,
    schema: SchemaRef,
    may_miss: bool,
}

impl<W: Write + Send> ParquetRows<W> {
    /// Writes the start of the file.
    pub(super) fn begin(into: W, layout: &Layout, others: Option<&RecordBatch>) -> Result<Self, WriteError> {
        let names = layout.names();
        let fields = other_fields(&names, others);
        let features = names.iter().map(|name| Field::new(name, DataType::Float32, layout.may_miss()));
        let schema: SchemaRef = Schema::new(fields.iter().cloned().chain(features).collect::<Vec<_>>()).into();
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES));
        for name in &names {
            // Floats rarely repeat, so a dictionary does not help.
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), false);
        }
        let into = ArrowWriter::try_new(into, Arc::clone(&schema), Some(properties.build())).map_err(write_error)?;
        Ok(ParquetRows { into, names, others: fields, schema, may_miss: layout.may_miss() })
    }

    pub(super) fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> Result<(), WriteError> {
        check_others(&self.others, &self.names, others)?;
        let count = rows.len_of(Axis(0));
        let standard = rows.as_standard_layout();
        let flat = standard.as_slice().unwrap_or_default();
        let width = self.names.len();
        let feature = |index: usize| -> ArrayRef {
            let values = flat.iter().skip(index).step_by(width).copied().take(count);
            if self.may_miss {
                Arc::new(Float32Array::from_iter(values.map(|value| (!value.is_nan()).then_some(value))))
            } else {
                Arc::new(Float32Array::from_iter_values(values))
            }
        };
        let columns = others.map_or(&[][..], RecordBatch::columns).iter().cloned();
        let columns = columns.chain((0..width).map(feature)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(WriteError::Columns)?;
        self.into.write(&batch).map_err(write_error)?;
        if self.into.in_progress_size() > ROW_GROUP_BYTES {
            self.into.flush().map_err(write_error)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<W, WriteError> {
        self.into.into_inner().map_err(write_error)
    }
}

fn write_error(error: ParquetError) -> WriteError {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => WriteError::Io(*source),
            Err(source) => WriteError::Parquet(source),
        },
        other => WriteError::Parquet(other.into()),
    }
}
