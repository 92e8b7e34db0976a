//! The columns of a mixed table whose missing values are filled in: the values that were there are those of the file.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, RecordBatch, StringArray, make_array,
    types::{
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::zip::zip;

use super::{Format, cell, error::WriteError};
use crate::source::stored;

/// Returns the schema of a table in which a file stores its values as `given` does.
pub fn stored_as(schema: &narrows_table::Schema, given: &RecordBatch) -> narrows_table::Schema {
    let mut schema = schema.clone();
    for column in &mut schema.columns {
        match given.column_by_name(&column.name).map(|array| array.data_type()) {
            // A file of text stores numbers as the training data did.
            None | Some(DataType::Utf8) => {}
            Some(data_type) => column.stored = stored(data_type, &column.kind),
        }
    }
    schema
}

/// Fills in the missing values of the columns that a file has: a value that is not missing is taken from `given`, where
/// it is as in the file, and not from `decoded`, where it went through 32-bit floats and the vocabulary. `is_missing`
/// says of a column, by its name, whether its value in a row is missing. Columns of `decoded` that `given` does not
/// have stay as they are.
///
/// A column has the type of `decoded`. In a .csv, whose values are text, it becomes text if `given` has another type.
///
/// # Errors
/// [`WriteError::Value`] if a value of `given` is not of the type of its column, such as a fraction in a column of
/// whole numbers; [`WriteError::Columns`] if the batches have different numbers of rows.
pub fn filled(
    decoded: &RecordBatch,
    given: &RecordBatch,
    format: Format,
    is_missing: impl Fn(&str, usize) -> bool,
) -> Result<RecordBatch, WriteError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, array) in decoded.schema().fields().iter().zip(decoded.columns()) {
        let name = field.name();
        let column = match given.column_by_name(name) {
            None => Arc::clone(array),
            Some(own) => {
                let missing: BooleanArray = (0..array.len()).map(|row| Some(is_missing(name, row))).collect();
                of_column(name, array, own, &missing, format)?
            }
        };
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(WriteError::Columns)
}

fn of_column(
    name: &str,
    decoded: &ArrayRef,
    given: &ArrayRef,
    missing: &BooleanArray,
    format: Format,
) -> Result<ArrayRef, WriteError> {
    let decoded = &with_zone_of(decoded, given.data_type());
    if given.data_type() == decoded.data_type() {
        return zip(missing, decoded, given).map_err(WriteError::Columns);
    }
    let text = |row: usize| {
        let from = if missing.value(row) { decoded } else { given };
        let mut text = String::new();
        cell::add(from, row, &mut text).map_err(WriteError::Columns)?;
        Ok((!from.is_null(row)).then_some(text))
    };
    let texts = (0..missing.len()).map(text).collect::<Result<Vec<Option<String>>, WriteError>>()?;
    let texts = StringArray::from(texts);
    match format {
        Format::Csv | Format::Npy => Ok(Arc::new(texts)),
        Format::Parquet => {
            let is_dated = matches!(
                decoded.data_type(),
                DataType::Date32
                    | DataType::Date64
                    | DataType::Timestamp(..)
                    | DataType::Time32(_)
                    | DataType::Time64(_)
            );
            if is_dated { Ok(Arc::clone(decoded)) } else { of_type(name, &texts, decoded.data_type()) }
        }
    }
}

/// Returns timestamps with the time zone of a type.
fn with_zone_of(decoded: &ArrayRef, data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::Timestamp(unit, Some(zone)) if *decoded.data_type() == DataType::Timestamp(*unit, None) => {
            let data = decoded.to_data().into_builder().data_type(DataType::Timestamp(*unit, Some(Arc::clone(zone))));
            data.build().map_or_else(|_| Arc::clone(decoded), make_array)
        }
        _ => Arc::clone(decoded),
    }
}

/// Converts texts to a type of the columns of a mixed table.
fn of_type(name: &str, texts: &StringArray, data_type: &DataType) -> Result<ArrayRef, WriteError> {
    match data_type {
        DataType::Boolean => {
            let of = |text: &str| text.to_ascii_lowercase().parse::<bool>().ok();
            Ok(Arc::new(BooleanArray::from(converted(name, texts, data_type, of)?)))
        }
        DataType::Int8 => numbers::<Int8Type>(name, texts),
        DataType::Int16 => numbers::<Int16Type>(name, texts),
        DataType::Int32 => numbers::<Int32Type>(name, texts),
        DataType::Int64 => numbers::<Int64Type>(name, texts),
        DataType::UInt8 => numbers::<UInt8Type>(name, texts),
        DataType::UInt16 => numbers::<UInt16Type>(name, texts),
        DataType::UInt32 => numbers::<UInt32Type>(name, texts),
        DataType::UInt64 => numbers::<UInt64Type>(name, texts),
        DataType::Float32 => numbers::<Float32Type>(name, texts),
        DataType::Float64 => numbers::<Float64Type>(name, texts),
        _ => Ok(Arc::new(texts.clone())),
    }
}

fn numbers<T: ArrowPrimitiveType>(name: &str, texts: &StringArray) -> Result<ArrayRef, WriteError>
where
    T::Native: std::str::FromStr,
{
    // `5.0` is a whole number, too.
    let of = |text: &str| text.parse().or_else(|_| text.strip_suffix(".0").unwrap_or(text).parse()).ok();
    let values: PrimitiveArray<T> = converted(name, texts, &T::DATA_TYPE, of)?.into_iter().collect();
    Ok(Arc::new(values))
}

fn converted<V>(
    name: &str,
    texts: &StringArray,
    data_type: &DataType,
    of: impl Fn(&str) -> Option<V>,
) -> Result<Vec<Option<V>>, WriteError> {
    let value = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => of(text).map(Some).ok_or_else(|| WriteError::Value {
            column: name.to_owned(),
            value: text.to_owned(),
            data_type: data_type.to_string(),
        }),
    };
    texts.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use arrow_array::{Float64Array, Int64Array};

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).expect("equal lengths")
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    /// Fills in the second of three rows.
    fn second(decoded: ArrayRef, given: ArrayRef, format: Format) -> Result<ArrayRef, WriteError> {
        let batches = [decoded, given].map(|column| batch(vec![("x", column)]));
        filled(&batches[0], &batches[1], format, |_, row| row == 1).map(|filled| Arc::clone(filled.column(0)))
    }

    #[test]
    fn values_of_a_file_stay_as_they_are_written() {
        let decoded = || Arc::new(Float64Array::from(vec![47.6, 1.5, 123_456_792.0])) as ArrayRef;
        let given = || texts(&[Some("47.56"), Some("NA"), Some("123456789")]);
        let csv = second(decoded(), given(), Format::Csv).expect("text");
        assert_eq!(&csv, &texts(&[Some("47.56"), Some("1.5"), Some("123456789")]));
        let parquet = second(decoded(), given(), Format::Parquet).expect("numbers");
        assert_eq!(&parquet, &(Arc::new(Float64Array::from(vec![47.56, 1.5, 123_456_789.0])) as ArrayRef));
        // A level that the vocabulary does not contain was decoded as missing.
        let levels = texts(&[None, Some("NL"), Some("DE")]);
        let unseen = second(levels, texts(&[Some("Mars"), None, Some("DE")]), Format::Parquet).expect("text");
        assert_eq!(&unseen, &texts(&[Some("Mars"), Some("NL"), Some("DE")]));
    }

    #[test]
    fn a_value_that_the_type_of_its_column_cannot_hold_is_refused() {
        let whole = || Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef;
        let given = texts(&[Some("5.0"), None, Some("7")]);
        let fits = second(whole(), given, Format::Parquet).expect("whole numbers");
        assert_eq!(&fits, &(Arc::new(Int64Array::from(vec![5, 2, 7])) as ArrayRef));
        let fraction =
            second(whole(), texts(&[Some("5.5"), None, Some("7")]), Format::Parquet).expect_err("a fraction");
        let expected = "column `x`: `5.5` cannot be written as Int64, the type of the column; write a .csv";
        assert_eq!(fraction.to_string(), expected);
    }
}
