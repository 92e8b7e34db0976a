//! Converts cells back to the values of a table.

use crate::{
    codec_error::CodecError,
    column::{Column, ColumnKind, Stored},
    moment::Moment,
    schema::Schema,
    value::Value,
};

/// Converts cells back to the values of a table, in the types of its columns.
///
/// - A category is the level at the position in its cell; [`UNSEEN`](crate::UNSEEN) is a missing value, because the
///   vocabulary does not have its level.
/// - A number is rounded to the decimal places of the training data if they are few, and to a whole number within the
///   range of its type if it is stored as an integer.
/// - A count is a whole number of at least 0.
/// - A date is made of its day and time, in whole seconds. Its month and weekday follow from the day.
/// - NaN is a missing value.
#[derive(Debug, Clone)]
pub struct Decoder {
    schema: Schema,
    /// The first cell of each column.
    first: Vec<usize>,
    width: usize,
}

impl Decoder {
    /// Creates the decoder of a table.
    pub fn new(schema: &Schema) -> Self {
        let mut width = 0;
        let mut first = Vec::with_capacity(schema.columns.len());
        for (index, column) in schema.columns.iter().enumerate() {
            first.push(width);
            width += column.cells(index).len();
        }
        Decoder { schema: schema.clone(), first, width }
    }

    /// Returns the number of cells of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the schema of the table.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the value of the column at position `column` of the schema in a row of cells. A label has no cells, so
    /// that its value is missing.
    ///
    /// # Errors
    /// [`CodecError::Length`] if there is no such column, or the row has another number of cells.
    pub fn decode_value(&self, column: usize, cells: &[f32]) -> Result<Value<'_>, CodecError> {
        let length = || CodecError::Length { found: cells.len(), cells: self.width };
        let (described, &first) = self.schema.columns.get(column).zip(self.first.get(column)).ok_or_else(length)?;
        if cells.len() != self.width {
            return Err(length());
        }
        Ok(value(described, cells.get(first..).unwrap_or_default()))
    }
}

/// Returns the value of a column. Its cells are the first ones of `cells`.
#[inline]
fn value<'a>(column: &'a Column, cells: &[f32]) -> Value<'a> {
    let Some(&cell) = cells.first().filter(|cell| !cell.is_nan()) else { return Value::Missing };
    match &column.kind {
        ColumnKind::Number { decimals } | ColumnKind::HeavyTailed { decimals } => {
            number(cell, *decimals, column.stored)
        }
        ColumnKind::Count => number(cell.max(0.0).round(), Some(0), column.stored),
        ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => {
            // Negative numbers become 0, the unseen level.
            let position = cell.round() as usize;
            match position.min(levels.len()).checked_sub(1).and_then(|index| levels.get(index)) {
                Some(level) => of_level(level, column.stored),
                None => Value::Missing,
            }
        }
        ColumnKind::Date { has_time } => {
            let time = cells.get(1).copied().filter(|_| *has_time).unwrap_or(0.0);
            if time.is_nan() { Value::Missing } else { Value::Date(Moment::of_cells(cell, time)) }
        }
        ColumnKind::Label { .. } => Value::Missing,
    }
}

/// Returns text in the type of its column. Text that cannot be stored in this type stays text.
pub(crate) fn of_level(level: &str, stored: Stored) -> Value<'_> {
    match stored {
        Stored::Boolean => match level.to_ascii_lowercase().as_str() {
            "true" | "1" => Value::Boolean(true),
            "false" | "0" => Value::Boolean(false),
            _ => Value::Text(level),
        },
        Stored::Int8
        | Stored::Int16
        | Stored::Int32
        | Stored::Int64
        | Stored::UInt8
        | Stored::UInt16
        | Stored::UInt32
        | Stored::UInt64 => level.parse().map_or(Value::Text(level), Value::Integer),
        Stored::Float32 | Stored::Float64 => level.parse().map_or(Value::Text(level), Value::Number),
        Stored::Date32
        | Stored::TimestampSecond
        | Stored::TimestampMillisecond
        | Stored::TimestampMicrosecond
        | Stored::TimestampNanosecond => Moment::parse(level).map_or(Value::Text(level), Value::Date),
        Stored::Text => Value::Text(level),
    }
}

fn number<'a>(cell: f32, decimals: Option<u8>, stored: Stored) -> Value<'a> {
    let integer = |low: i64, high: i64| Value::Integer((f64::from(cell).round() as i64).clamp(low, high));
    match stored {
        Stored::Boolean => Value::Boolean(cell >= 0.5),
        Stored::Int8 => integer(i8::MIN.into(), i8::MAX.into()),
        Stored::Int16 => integer(i16::MIN.into(), i16::MAX.into()),
        Stored::Int32 => integer(i32::MIN.into(), i32::MAX.into()),
        Stored::Int64 => integer(i64::MIN, i64::MAX),
        Stored::UInt8 => integer(0, u8::MAX.into()),
        Stored::UInt16 => integer(0, u16::MAX.into()),
        Stored::UInt32 => integer(0, u32::MAX.into()),
        Stored::UInt64 => integer(0, i64::MAX),
        Stored::Float32
        | Stored::Float64
        | Stored::Text
        | Stored::Date32
        | Stored::TimestampSecond
        | Stored::TimestampMillisecond
        | Stored::TimestampMicrosecond
        | Stored::TimestampNanosecond => Value::Number(rounded(cell, decimals)),
    }
}

/// Rounds a cell to a number of decimal places. Without one, returns the shortest decimal number that is the cell in
/// 32-bit floats: 0.1, and not 0.10000000149.
fn rounded(cell: f32, decimals: Option<u8>) -> f64 {
    let exact = f64::from(cell);
    match decimals {
        Some(decimals) => {
            let factor = 10f64.powi(decimals.into());
            // Adding 0 makes -0 to 0.
            (exact * factor).round() / factor + 0.0
        }
        None if exact.fract() == 0.0 => exact,
        None => cell.to_string().parse().unwrap_or(exact),
    }
}
