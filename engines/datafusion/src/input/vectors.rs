//! Rows that one array contains: lists of numbers, nested for images, or bytes.

use std::{ops::Range, sync::Arc};

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, OffsetSizeTrait},
    buffer::{BooleanBuffer, NullBuffer},
    compute::cast,
    datatypes::{DataType, Float32Type, UInt8Type},
};

use super::rows::Values;

/// Returns whether a type has all values of a row: a list of numbers or bytes.
pub(crate) fn is_vector(data_type: &DataType) -> bool {
    use DataType::{Binary, BinaryView, FixedSizeBinary, FixedSizeList, LargeBinary, LargeList, List};
    matches!(
        data_type,
        FixedSizeList(..) | List(_) | LargeList(_) | FixedSizeBinary(_) | Binary | LargeBinary | BinaryView
    )
}

/// Returns whether values of a type are converted to numbers.
pub(super) fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric() || matches!(data_type, DataType::Boolean | DataType::Null)
}

/// Checks the type of the elements, and the width where the type has one.
pub(super) fn check(data_type: &DataType, features: usize) -> Result<(), String> {
    let (element, width) = element_and_width(data_type);
    if let Some(element) = element.filter(|element| !is_number(element)) {
        return Err(format!("the lists contain {element}, expected numbers"));
    }
    match width {
        Some(width) if width != features => Err(format!("the rows have {width} values, the model expects {features}")),
        _ => Ok(()),
    }
}

/// Returns the type of the innermost elements, which bytes do not have, and the number of values of each row.
fn element_and_width(data_type: &DataType) -> (Option<&DataType>, Option<usize>) {
    match data_type {
        DataType::FixedSizeList(field, length) => match field.data_type() {
            inner if is_vector(inner) => {
                let (element, width) = element_and_width(inner);
                (element, width.map(|width| width * length.unsigned_abs() as usize))
            }
            inner => (Some(inner), Some(length.unsigned_abs() as usize)),
        },
        DataType::List(field) | DataType::LargeList(field) => match field.data_type() {
            inner if is_vector(inner) => (element_and_width(inner).0, None),
            inner => (Some(inner), None),
        },
        DataType::FixedSizeBinary(width) => (None, Some(width.unsigned_abs() as usize)),
        other if is_vector(other) => (None, None),
        other => (Some(other), None),
    }
}

/// Returns which rows are there: not null and, unless nulls are replaced, without a null inside.
pub(super) fn present(array: &ArrayRef, replaces_nulls: bool) -> Option<NullBuffer> {
    let outer = array.logical_nulls();
    if replaces_nulls {
        return outer;
    }
    let flat = Flat::of(array);
    let Some(nulls) = flat.values.logical_nulls().filter(|nulls| nulls.null_count() > 0) else { return outer };
    let complete =
        BooleanBuffer::from_iter(flat.rows().map(|range| nulls.slice(range.start, range.len()).null_count() == 0));
    NullBuffer::union(outer.as_ref(), Some(&NullBuffer::new(complete)))
}

/// Returns the values of rows that are all present. Nulls and NaN are replaced by `fill`.
pub(super) fn values(array: &ArrayRef, features: usize, fill: Option<&[f32]>) -> Result<Values, String> {
    let flat = Flat::of(array);
    if let Some((row, range)) = flat.rows().enumerate().find(|(_, range)| range.len() != features) {
        let found = range.len();
        return Err(format!("row {row} of a batch has {found} values, the model expects {features}"));
    }
    let values = &flat.values;
    if let (DataType::UInt8, None) = (values.data_type(), fill) {
        let bytes = values.as_primitive::<UInt8Type>().values().inner().clone();
        return Ok(Values::Bytes { values: bytes, width: features });
    }
    let floats = cast(values, &DataType::Float32).map_err(|error| error.to_string())?;
    let floats = floats.as_primitive::<Float32Type>();
    let values = match fill {
        Some(fill) if floats.null_count() > 0 || floats.values().iter().any(|value| value.is_nan()) => {
            let filled = floats.iter().zip(fill.iter().cycle());
            filled.map(|(value, fill)| value.filter(|value| !value.is_nan()).unwrap_or(*fill)).collect()
        }
        _ => floats.values().clone(),
    };
    Ok(Values::Floats { values, width: features })
}

/// Returns the number of values of the first row.
pub(super) fn width_of_first(array: &ArrayRef) -> usize {
    Flat::of(array).rows().next().map_or(0, |range| range.len())
}

/// The innermost values of an array, and how many belong to each row.
struct Flat {
    values: ArrayRef,
    widths: Widths,
}

enum Widths {
    Uniform { rows: usize, width: usize },
    Each(Vec<usize>),
}

impl Flat {
    fn of(array: &ArrayRef) -> Self {
        let rows = array.len();
        match array.data_type() {
            DataType::FixedSizeList(_, length) => {
                let length = length.unsigned_abs() as usize;
                Flat::of(array.as_fixed_size_list().values()).grouped(rows, vec![length; rows])
            }
            DataType::List(_) => list::<i32>(array),
            DataType::LargeList(_) => list::<i64>(array),
            DataType::FixedSizeBinary(width) => {
                let width = width.unsigned_abs() as usize;
                let bytes = array.as_fixed_size_binary();
                // A slice of an array of this type has the slice of its values.
                let values = bytes.values().slice_with_length(0, rows * width);
                Flat { values: bytes_array(values), widths: Widths::Uniform { rows, width } }
            }
            DataType::Binary => bytes((0..rows).map(|row| array.as_binary::<i32>().value(row))),
            DataType::LargeBinary => bytes((0..rows).map(|row| array.as_binary::<i64>().value(row))),
            DataType::BinaryView => bytes((0..rows).map(|row| array.as_binary_view().value(row))),
            _ => Flat { values: array.clone(), widths: Widths::Uniform { rows, width: 1 } },
        }
    }

    /// Makes rows of `counts` consecutive rows each.
    fn grouped(self, rows: usize, counts: Vec<usize>) -> Self {
        let widths = match self.widths {
            Widths::Uniform { width, .. } => match counts.split_first() {
                Some((first, others)) if others.iter().all(|count| count == first) => {
                    Widths::Uniform { rows, width: first * width }
                }
                _ => Widths::Each(counts.into_iter().map(|count| count * width).collect()),
            },
            Widths::Each(widths) => {
                let mut widths = widths.into_iter();
                Widths::Each(counts.into_iter().map(|count| widths.by_ref().take(count).sum()).collect())
            }
        };
        Flat { widths, ..self }
    }

    /// Iterates over the range of values of each row.
    fn rows(&self) -> impl Iterator<Item = Range<usize>> {
        let count = match &self.widths {
            Widths::Uniform { rows, .. } => *rows,
            Widths::Each(widths) => widths.len(),
        };
        let mut start = 0;
        (0..count).map(move |row| {
            let width = match &self.widths {
                Widths::Uniform { width, .. } => *width,
                Widths::Each(widths) => widths[row],
            };
            let range = start..start + width;
            start = range.end;
            range
        })
    }
}

fn list<O: OffsetSizeTrait>(array: &ArrayRef) -> Flat {
    let list = array.as_list::<O>();
    let offsets = list.value_offsets();
    let (first, last) = (offsets[0].as_usize(), offsets[list.len()].as_usize());
    let counts = offsets.windows(2).map(|pair| pair[1].as_usize() - pair[0].as_usize()).collect();
    Flat::of(&list.values().slice(first, last - first)).grouped(list.len(), counts)
}

fn bytes<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Flat {
    let (mut values, mut widths) = (Vec::new(), Vec::new());
    for row in rows {
        values.extend_from_slice(row);
        widths.push(row.len());
    }
    Flat { values: bytes_array(values.into()), widths: Widths::Each(widths) }
}

fn bytes_array(values: datafusion::arrow::buffer::Buffer) -> ArrayRef {
    Arc::new(datafusion::arrow::array::UInt8Array::new(values.into(), None))
}
