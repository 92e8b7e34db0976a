//! Formats a value of a column of any type as text.

mod time;

use std::{
    fmt::{Display, Write},
    ops::Range,
};

use arrow_array::{
    Array, ArrowPrimitiveType, OffsetSizeTrait,
    cast::AsArray,
    types::{
        ArrowDictionaryKeyType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, RunEndIndexType, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_schema::{ArrowError, DataType, UnionMode};

/// Appends the value of a row to `text`, or nothing if it is missing.
///
/// # Errors
/// [`ArrowError`] for a date or time that does not exist.
pub(crate) fn add(array: &dyn Array, row: usize, text: &mut String) -> Result<(), ArrowError> {
    if array.is_null(row) {
        return Ok(());
    }
    match array.data_type() {
        DataType::Null => {}
        DataType::Boolean => text.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        DataType::Int8 => number::<Int8Type>(array, row, text),
        DataType::Int16 => number::<Int16Type>(array, row, text),
        DataType::Int32 => number::<Int32Type>(array, row, text),
        DataType::Int64 => number::<Int64Type>(array, row, text),
        DataType::UInt8 => number::<UInt8Type>(array, row, text),
        DataType::UInt16 => number::<UInt16Type>(array, row, text),
        DataType::UInt32 => number::<UInt32Type>(array, row, text),
        DataType::UInt64 => number::<UInt64Type>(array, row, text),
        DataType::Float16 => number::<Float16Type>(array, row, text),
        DataType::Float32 => {
            text.push_str(ryu::Buffer::new().format(array.as_primitive::<Float32Type>().value(row)));
        }
        DataType::Float64 => {
            text.push_str(ryu::Buffer::new().format(array.as_primitive::<Float64Type>().value(row)));
        }
        DataType::Decimal32(..) => decimal::<Decimal32Type>(array, row, text),
        DataType::Decimal64(..) => decimal::<Decimal64Type>(array, row, text),
        DataType::Decimal128(..) => decimal::<Decimal128Type>(array, row, text),
        DataType::Decimal256(..) => decimal::<Decimal256Type>(array, row, text),
        DataType::Utf8 => text.push_str(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text.push_str(array.as_string::<i64>().value(row)),
        DataType::Utf8View => text.push_str(array.as_string_view().value(row)),
        DataType::Binary => bytes(array.as_binary::<i32>().value(row), text),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row), text),
        DataType::BinaryView => bytes(array.as_binary_view().value(row), text),
        DataType::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row), text),
        DataType::Timestamp(..)
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Duration(_)
        | DataType::Interval(_) => time::add(array, row, text)?,
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            list(lists.values(), range_of(lists.value_offsets(), row), text)?;
        }
        DataType::LargeList(_) => {
            let lists = array.as_list::<i64>();
            list(lists.values(), range_of(lists.value_offsets(), row), text)?;
        }
        DataType::ListView(_) => {
            let lists = array.as_list_view::<i32>();
            let start = lists.value_offset(row) as usize;
            list(lists.values(), start..start + lists.value_size(row) as usize, text)?;
        }
        DataType::LargeListView(_) => {
            let lists = array.as_list_view::<i64>();
            let start = lists.value_offset(row) as usize;
            list(lists.values(), start..start + lists.value_size(row) as usize, text)?;
        }
        DataType::FixedSizeList(..) => {
            let lists = array.as_fixed_size_list();
            let length = lists.value_length() as usize;
            list(lists.values(), row * length..(row + 1) * length, text)?;
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            join(['{', '}'], columns, text, |(field, column), text| {
                let _ = write!(text, "{}: ", field.name());
                add(column, row, text)
            })?;
        }
        DataType::Map(..) => {
            let map = array.as_map();
            join(['{', '}'], range_of(map.value_offsets(), row), text, |entry, text| {
                add(map.keys(), entry, text)?;
                text.push_str(": ");
                add(map.values(), entry, text)
            })?;
        }
        DataType::Union(fields, mode) => {
            let union = array.as_union();
            let id = union.type_id(row);
            let row = match mode {
                UnionMode::Dense => union.value_offset(row),
                UnionMode::Sparse => row,
            };
            let name = fields.iter().find(|(known, _)| *known == id).map_or("", |(_, field)| field.name());
            let _ = write!(text, "{{{name}=");
            add(union.child(id), row, text)?;
            text.push('}');
        }
        DataType::Dictionary(keys, _) => match **keys {
            DataType::Int8 => entry::<Int8Type>(array, row, text)?,
            DataType::Int16 => entry::<Int16Type>(array, row, text)?,
            DataType::Int32 => entry::<Int32Type>(array, row, text)?,
            DataType::Int64 => entry::<Int64Type>(array, row, text)?,
            DataType::UInt8 => entry::<UInt8Type>(array, row, text)?,
            DataType::UInt16 => entry::<UInt16Type>(array, row, text)?,
            DataType::UInt32 => entry::<UInt32Type>(array, row, text)?,
            _ => entry::<UInt64Type>(array, row, text)?,
        },
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => run::<Int16Type>(array, row, text)?,
            DataType::Int32 => run::<Int32Type>(array, row, text)?,
            _ => run::<Int64Type>(array, row, text)?,
        },
    }
    Ok(())
}

fn number<T: ArrowPrimitiveType<Native: Display>>(array: &dyn Array, row: usize, text: &mut String) {
    let _ = write!(text, "{}", array.as_primitive::<T>().value(row));
}

fn decimal<T: DecimalType>(array: &dyn Array, row: usize, text: &mut String) {
    text.push_str(&array.as_primitive::<T>().value_as_string(row));
}

fn bytes(bytes: &[u8], text: &mut String) {
    bytes.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
}

fn entry<K: ArrowDictionaryKeyType>(array: &dyn Array, row: usize, text: &mut String) -> Result<(), ArrowError> {
    let dictionary = array.as_dictionary::<K>();
    dictionary.key(row).map_or(Ok(()), |key| add(dictionary.values(), key, text))
}

fn run<E: RunEndIndexType>(array: &dyn Array, row: usize, text: &mut String) -> Result<(), ArrowError> {
    let runs = array.as_run::<E>();
    add(runs.values(), runs.get_physical_index(row), text)
}

/// Returns the range of the values of a row.
fn range_of<O: OffsetSizeTrait>(offsets: &[O], row: usize) -> Range<usize> {
    offsets[row].as_usize()..offsets[row + 1].as_usize()
}

fn list(values: &dyn Array, rows: Range<usize>, text: &mut String) -> Result<(), ArrowError> {
    join(['[', ']'], rows, text, |row, text| add(values, row, text))
}

/// Appends parts in brackets, separated by commas.
fn join<P>(
    [open, close]: [char; 2],
    parts: impl IntoIterator<Item = P>,
    text: &mut String,
    mut add: impl FnMut(P, &mut String) -> Result<(), ArrowError>,
) -> Result<(), ArrowError> {
    text.push(open);
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        add(part, text)?;
    }
    text.push(close);
    Ok(())
}

#[cfg(test)]
mod tests;
