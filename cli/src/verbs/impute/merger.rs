//! Puts the values of the file and those that were filled in together.

use std::{collections::HashMap, ops::Range, sync::Arc};

use anyhow::Context;
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{Field, Schema};
use narrows_data::{
    table::{self, Decoder},
    write,
};
use narrows_runtime::Autoencoder;
use ndarray::Array2;

use crate::output::{ExtraColumn, Format, with_columns};

/// Name of the column with the number of an imputation.
const IMPUTATION: &str = "imputation";

/// Puts the values of the file and those that were filled in together.
pub(super) struct Merger {
    schema: table::Schema,
    /// The positions of the cells of each column.
    cells: HashMap<String, Range<usize>>,
    format: write::Format,
}

impl Merger {
    pub(super) fn of(model: &Autoencoder, format: Format) -> anyhow::Result<Self> {
        let schema = model.manifest().sample.table.clone().context("the model is of a mixed table")?;
        let mut cells: HashMap<String, Range<usize>> = HashMap::new();
        for (position, cell) in schema.cells().iter().enumerate() {
            let name = &schema.columns[cell.column].name;
            cells.entry(name.clone()).or_insert(position..position).end = position + 1;
        }
        let format = if format == Format::Parquet { write::Format::Parquet } else { write::Format::Csv };
        Ok(Merger { schema, cells, format })
    }

    /// Returns the columns of the file, in its order: a value that is there as it is, and a missing one as it was
    /// filled in. `given` are the cells before, and `file` the columns of the file. `number` is that of a multiple
    /// imputation.
    pub(super) fn columns(
        &self,
        given: &Array2<f32>,
        filled: &Array2<f32>,
        file: &RecordBatch,
        number: Option<usize>,
    ) -> anyhow::Result<RecordBatch> {
        let cells: Vec<f32> = filled.iter().copied().collect();
        let decoded = Decoder::new(&write::stored_as(&self.schema, file)).decode_batch(&cells, None)?;
        let is_missing = |name: &str, row: usize| {
            self.cells.get(name).is_some_and(|cells| cells.clone().any(|cell| given[[row, cell]].is_nan()))
        };
        let features = write::filled(&decoded, file, self.format, is_missing)?;
        let schema = file.schema();
        let columns = schema.fields().iter().zip(file.columns()).map(|(field, array)| {
            let array = features.column_by_name(field.name()).unwrap_or(array);
            (Field::new(field.name(), array.data_type().clone(), true), Arc::clone(array))
        });
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.unzip();
        let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(match number {
            None => columns,
            Some(number) => {
                let values = Arc::new(Int64Array::from(vec![number as i64; filled.nrows()]));
                let column = ExtraColumn { name: IMPUTATION.to_owned(), values };
                with_columns(Some(&columns), vec![column])?
            }
        })
    }
}
