//! Converts a record batch to cells.

use arrow_array::{Array, RecordBatch};

use super::values::for_each_value;
use crate::{
    codec_error::CodecError,
    encoder::{ColumnEncoder, Encoder, UnseenLevels},
    value::Value,
};

impl Encoder {
    /// Converts a record batch to cells of shape `[rows, width]`. Columns are found by their names, so that their order
    /// does not matter, and other columns are ignored. Accepts text, dictionaries, integers, floats, decimals,
    /// booleans, dates and timestamps. `first` is the row in the file of the first row, for errors.
    ///
    /// # Errors
    /// [`CodecError`] if columns are missing, or a column or a value is not of the expected type. Missing values become
    /// NaN; [`Encoder::check_complete`] refuses them.
    pub fn encode_batch(
        &self,
        first: usize,
        batch: &RecordBatch,
        unseen: &mut UnseenLevels,
    ) -> Result<Vec<f32>, CodecError> {
        let missing: Vec<_> =
            self.required().filter(|name| batch.column_by_name(name).is_none()).map(str::to_owned).collect();
        if !missing.is_empty() {
            return Err(CodecError::ColumnsMissing { names: missing });
        }
        let mut cells = vec![0.0; batch.num_rows().saturating_mul(self.width())];
        for (index, column) in self.columns().iter().enumerate().filter(|(_, column)| column.cells > 0) {
            let Some(array) = batch.column_by_name(&column.name) else { continue };
            encode_column(column, (first, index, self.width()), array, &mut cells, unseen)?;
        }
        Ok(cells)
    }
}

/// Writes the cells of a column. `place` is the first row, the position of the column and the cells of a row.
fn encode_column(
    column: &ColumnEncoder,
    (first, index, width): (usize, usize, usize),
    array: &dyn Array,
    cells: &mut [f32],
    unseen: &mut UnseenLevels,
) -> Result<(), CodecError> {
    let own = column.first..column.first + column.cells;
    let mut rows = cells.chunks_exact_mut(width.max(1)).enumerate();
    let put = |value: Value<'_>| match rows.next() {
        Some((row, cells)) => column.encode(first + row, index, value, &mut cells[own.clone()], unseen),
        None => Ok(()),
    };
    let is_known = for_each_value(array, put)?;
    if is_known {
        Ok(())
    } else {
        Err(CodecError::Type { column: column.name.clone(), found: array.data_type().to_string() })
    }
}
