//! Converts cells to a record batch.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema as ArrowSchema, TimeUnit};

use crate::{
    codec_error::{CodecError, quoted},
    column::{Column, ColumnKind, SEPARATOR, Stored},
    decoder::{Decoder, of_level},
    value::Value,
};

impl Decoder {
    /// Converts cells of shape `[rows, width]` to a record batch with the columns of the table, in its names, order and
    /// types. `labels` are the names of the classes, one for each row; those of several columns are separated by `;`.
    /// Without `labels`, columns of the label are left out.
    ///
    /// # Errors
    /// [`CodecError`] if the number of cells or labels is not that of whole rows, or a class cannot be stored in the
    /// column of the label.
    pub fn decode_batch(&self, cells: &[f32], labels: Option<&[String]>) -> Result<RecordBatch, CodecError> {
        let width = self.width().max(1);
        if !cells.len().is_multiple_of(width) {
            return Err(CodecError::Length { found: cells.len(), cells: self.width() });
        }
        let rows = cells.len() / width;
        if let Some(labels) = labels.filter(|labels| labels.len() != rows) {
            return Err(CodecError::Labels { found: labels.len(), rows });
        }
        let parts = self.schema().columns.iter().filter(|column| column.kind.is_label()).count();
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (index, column) in self.schema().columns.iter().enumerate() {
            let array = match (&column.kind, labels) {
                (ColumnKind::Label { .. }, None) => continue,
                (ColumnKind::Label { part }, Some(labels)) => label_column(column, labels, *part, parts)?,
                _ => {
                    let value = |row: &[f32]| self.decode_value(index, row);
                    let values = cells.chunks_exact(width).map(value).collect::<Result<Vec<_>, _>>()?;
                    array(column, &values)
                }
            };
            fields.push(Field::new(&column.name, data_type(column.stored), true));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::new(ArrowSchema::new(fields));
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .map_err(|_| CodecError::Length { found: cells.len(), cells: self.width() })
    }
}

/// Returns a column of the label: the part at `position` of each class of `parts` values.
fn label_column(column: &Column, labels: &[String], position: usize, parts: usize) -> Result<ArrayRef, CodecError> {
    let part = |label: &'_ String| -> String {
        if parts < 2 { label.clone() } else { label.split(SEPARATOR).nth(position).unwrap_or_default().to_owned() }
    };
    let texts: Vec<String> = labels.iter().map(part).collect();
    let mut values = Vec::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        match of_level(text, column.stored) {
            Value::Text(text) if column.stored != Stored::Text => {
                let (column, stored) = (column.name.clone(), column.stored);
                return Err(CodecError::Label { column, row, value: quoted(text), stored });
            }
            value => values.push(value),
        }
    }
    Ok(array(column, &values))
}

/// Returns the type of a column in Arrow.
fn data_type(stored: Stored) -> DataType {
    match stored {
        Stored::Text => DataType::Utf8,
        Stored::Boolean => DataType::Boolean,
        Stored::Int8 => DataType::Int8,
        Stored::Int16 => DataType::Int16,
        Stored::Int32 => DataType::Int32,
        Stored::Int64 => DataType::Int64,
        Stored::UInt8 => DataType::UInt8,
        Stored::UInt16 => DataType::UInt16,
        Stored::UInt32 => DataType::UInt32,
        Stored::UInt64 => DataType::UInt64,
        Stored::Float32 => DataType::Float32,
        Stored::Float64 => DataType::Float64,
        Stored::Date32 => DataType::Date32,
        Stored::TimestampSecond => DataType::Timestamp(TimeUnit::Second, None),
        Stored::TimestampMillisecond => DataType::Timestamp(TimeUnit::Millisecond, None),
        Stored::TimestampMicrosecond => DataType::Timestamp(TimeUnit::Microsecond, None),
        Stored::TimestampNanosecond => DataType::Timestamp(TimeUnit::Nanosecond, None),
    }
}

/// Stores the values of a column. The decoder has converted them to its type.
fn array(column: &Column, values: &[Value<'_>]) -> ArrayRef {
    let integer = |value: &Value<'_>| match value {
        Value::Integer(integer) => Some(*integer),
        Value::Number(number) => Some(number.round() as i64),
        Value::Boolean(boolean) => Some(i64::from(*boolean)),
        Value::Missing | Value::Text(_) | Value::Date(_) => None,
    };
    let number = |value: &Value<'_>| match value {
        Value::Number(number) => Some(*number),
        Value::Integer(integer) => Some(*integer as f64),
        Value::Boolean(boolean) => Some(f64::from(u8::from(*boolean))),
        Value::Missing | Value::Text(_) | Value::Date(_) => None,
    };
    let date = |value: &Value<'_>| match value {
        Value::Date(moment) => Some(*moment),
        Value::Missing | Value::Text(_) | Value::Number(_) | Value::Integer(_) | Value::Boolean(_) => None,
    };
    macro_rules! integers {
        ($array:ty) => {{
            let narrow = |value| integer(value).and_then(|integer| integer.try_into().ok());
            Arc::new(values.iter().map(narrow).collect::<$array>())
        }};
    }
    macro_rules! timestamps {
        ($array:ty, $per_second:expr) => {{
            let ticks = |value| date(value).map(|moment| moment.ticks($per_second));
            Arc::new(values.iter().map(ticks).collect::<$array>())
        }};
    }
    match column.stored {
        Stored::Text => {
            let has_time = matches!(column.kind, ColumnKind::Date { has_time: true });
            let text = |value: &Value<'_>| match value {
                Value::Missing => None,
                Value::Date(moment) if has_time => Some(moment.date_time_text()),
                Value::Date(moment) => Some(moment.date_text()),
                Value::Text(_) | Value::Number(_) | Value::Integer(_) | Value::Boolean(_) => {
                    Some(value.level().into_owned())
                }
            };
            Arc::new(values.iter().map(text).collect::<StringArray>())
        }
        Stored::Boolean => {
            let boolean = |value: &Value<'_>| number(value).map(|number| number >= 0.5);
            Arc::new(values.iter().map(boolean).collect::<BooleanArray>())
        }
        Stored::Int8 => integers!(Int8Array),
        Stored::Int16 => integers!(Int16Array),
        Stored::Int32 => integers!(Int32Array),
        Stored::Int64 => integers!(Int64Array),
        Stored::UInt8 => integers!(UInt8Array),
        Stored::UInt16 => integers!(UInt16Array),
        Stored::UInt32 => integers!(UInt32Array),
        Stored::UInt64 => integers!(UInt64Array),
        Stored::Float32 => {
            Arc::new(values.iter().map(|value| number(value).map(|number| number as f32)).collect::<Float32Array>())
        }
        Stored::Float64 => Arc::new(values.iter().map(number).collect::<Float64Array>()),
        Stored::Date32 => {
            Arc::new(values.iter().map(|value| date(value).map(|date| date.day())).collect::<Date32Array>())
        }
        Stored::TimestampSecond => timestamps!(TimestampSecondArray, 1),
        Stored::TimestampMillisecond => timestamps!(TimestampMillisecondArray, 1_000),
        Stored::TimestampMicrosecond => timestamps!(TimestampMicrosecondArray, 1_000_000),
        Stored::TimestampNanosecond => timestamps!(TimestampNanosecondArray, 1_000_000_000),
    }
}
