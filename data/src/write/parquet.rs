//! Parquet: row groups of a bounded size, so that memory stays flat.

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
    layout::{Layout, check_beside, fields_beside},
};

/// Bytes of a row group, which is in memory until it is written: about so many.
const GROUP: usize = 16 << 20;

pub(super) struct ParquetRows<W: Write + Send> {
    into: ArrowWriter<W>,
    names: Vec<String>,
    beside: Vec<Field>,
    schema: SchemaRef,
}

impl<W: Write + Send> ParquetRows<W> {
    pub(super) fn begin(into: W, layout: &Layout, others: Option<&RecordBatch>) -> Result<Self, WriteError> {
        let names = layout.names();
        let beside = fields_beside(&names, others);
        let features = names.iter().map(|name| Field::new(name, DataType::Float32, false));
        let schema: SchemaRef = Schema::new(beside.iter().cloned().chain(features).collect::<Vec<_>>()).into();
        let mut properties =
            WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_bytes(Some(GROUP));
        for name in &names {
            // Hardly two floats are alike.
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), false);
        }
        let into = ArrowWriter::try_new(into, Arc::clone(&schema), Some(properties.build())).map_err(refused)?;
        Ok(ParquetRows { into, names, beside, schema })
    }

    pub(super) fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> Result<(), WriteError> {
        check_beside(&self.beside, &self.names, others)?;
        let count = rows.len_of(Axis(0));
        let standard = rows.as_standard_layout();
        let flat = standard.as_slice().unwrap_or_default();
        let width = self.names.len();
        let feature = |index: usize| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(flat.iter().skip(index).step_by(width).copied().take(count)))
        };
        let columns = others.map_or(&[][..], RecordBatch::columns).iter().cloned();
        let columns = columns.chain((0..width).map(feature)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(WriteError::Columns)?;
        self.into.write(&batch).map_err(refused)?;
        if self.into.in_progress_size() > GROUP {
            self.into.flush().map_err(refused)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<W, WriteError> {
        self.into.into_inner().map_err(refused)
    }
}

fn refused(error: ParquetError) -> WriteError {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => WriteError::Io(*source),
            Err(source) => WriteError::Parquet(source),
        },
        other => WriteError::Parquet(other.into()),
    }
}
