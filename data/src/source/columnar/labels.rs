//! A column of labels: numbers, text or booleans, each also as a dictionary.

use std::path::Path;

use arrow_array::{
    Array, ArrowPrimitiveType,
    cast::AsArray,
    types::{
        Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_schema::{ArrowError, DataType, Field};

use crate::{error::DataError, labels::Labels};

/// The longest label. Longer text is not the name of a class, and a dictionary could repeat it at one byte per row.
const MAX_BYTES: usize = 1024;

/// Checks that the type of a column can be a label.
pub(super) fn check_type(path: &Path, field: &Field) -> Result<(), DataError> {
    if is_label(field.data_type()) {
        return Ok(());
    }
    Err(DataError::ColumnType {
        path: path.to_owned(),
        column: field.name().clone(),
        found: field.data_type().to_string(),
        expected: "labels: numbers, text or booleans; convert it to one of them",
    })
}

fn is_label(kind: &DataType) -> bool {
    match kind {
        DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, kind) => !matches!(**kind, DataType::Dictionary(..)) && is_label(kind),
        kind => kind.is_integer() || kind.is_floating(),
    }
}

/// Reads the labels of a column. `first` is the row in the file of its first value. Booleans are `false` and `true`.
pub(super) fn read(path: &Path, column: &str, array: &dyn Array, first: usize) -> Result<Labels, DataError> {
    let mut read = Vec::with_capacity(array.len());
    for (row, label) in labels(array)?.into_iter().enumerate() {
        let (path, row, column) = (path.to_owned(), first + row, column.to_owned());
        match label {
            Some(Label::Text(text)) if text.len() > MAX_BYTES => {
                return Err(DataError::LabelLong { path, row, column, found: text.len(), most: MAX_BYTES });
            }
            Some(Label::Float(number)) if !number.is_finite() => {
                return Err(DataError::LabelMissing { path, row, column });
            }
            Some(label) => read.push(label),
            None => return Err(DataError::LabelMissing { path, row, column }),
        }
    }
    let integers: Option<Vec<i64>> = read.iter().map(Label::integer).collect();
    Ok(match integers {
        Some(integers) => Labels::Integers(integers),
        None => Labels::Text(read.iter().map(Label::text).collect()),
    })
}

#[derive(Clone, Copy)]
enum Label<'a> {
    Integer(i64),
    /// An integer that exceeds the range of `i64`.
    Large(u64),
    Text(&'a str),
    Float(f64),
}

impl Label<'_> {
    fn integer(&self) -> Option<i64> {
        match *self {
            Label::Integer(integer) => Some(integer),
            Label::Large(_) | Label::Text(_) | Label::Float(_) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Label::Integer(integer) => integer.to_string(),
            Label::Large(large) => large.to_string(),
            Label::Text(text) => (*text).to_owned(),
            Label::Float(number) => number.to_string(),
        }
    }
}

fn labels(array: &dyn Array) -> Result<Vec<Option<Label<'_>>>, DataError> {
    let bool_name = |is| Label::Text(if is { "true" } else { "false" });
    Ok(match array.data_type() {
        DataType::Boolean => array.as_boolean().iter().map(|is| is.map(bool_name)).collect(),
        DataType::Utf8 => array.as_string::<i32>().iter().map(|text| text.map(Label::Text)).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(|text| text.map(Label::Text)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|text| text.map(Label::Text)).collect(),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let values = labels(dictionary.values())?;
            let value = |key: Option<Label>| *values.get(usize::try_from(key?.integer()?).ok()?)?;
            labels(dictionary.keys())?.into_iter().map(value).collect()
        }
        DataType::UInt64 => {
            let label = |large| i64::try_from(large).map_or(Label::Large(large), Label::Integer);
            array.as_primitive::<UInt64Type>().iter().map(|large| large.map(label)).collect()
        }
        DataType::Float16 => floats::<Float16Type>(array, |number| f64::from(number.to_f32())),
        // The shortest text of a single-precision number.
        DataType::Float32 => floats::<Float32Type>(array, |number| number.to_string().parse().unwrap_or(f64::NAN)),
        DataType::Float64 => floats::<Float64Type>(array, |number| number),
        DataType::Int8 => integers::<Int8Type>(array),
        DataType::Int16 => integers::<Int16Type>(array),
        DataType::Int32 => integers::<Int32Type>(array),
        DataType::Int64 => integers::<Int64Type>(array),
        DataType::UInt8 => integers::<UInt8Type>(array),
        DataType::UInt16 => integers::<UInt16Type>(array),
        DataType::UInt32 => integers::<UInt32Type>(array),
        other => {
            let message = format!("{other} is neither an integer nor text");
            return Err(DataError::column(ArrowError::CastError(message)));
        }
    })
}

fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array) -> Vec<Option<Label<'_>>> {
    array.as_primitive::<T>().iter().map(|integer| integer.map(|integer| Label::Integer(integer.into()))).collect()
}

fn floats<T: ArrowPrimitiveType>(array: &dyn Array, widen: impl Fn(T::Native) -> f64) -> Vec<Option<Label<'_>>> {
    array.as_primitive::<T>().iter().map(|number| number.map(|number| Label::Float(widen(number)))).collect()
}
