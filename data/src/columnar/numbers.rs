//! Columns of numbers and booleans as numbers that a model takes.

use arrow_array::{
    Array,
    cast::AsArray,
    types::{
        Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_schema::DataType;

use crate::error::DataError;

pub(super) fn is_number(kind: &DataType) -> bool {
    kind.is_numeric() || *kind == DataType::Boolean
}

/// Numbers rounded to the nearest `f32`; NaN where there is none. What is larger than an `f32` is infinite.
pub(super) fn floats(array: &dyn Array) -> Result<Vec<f32>, DataError> {
    macro_rules! floats {
        ($type:ty, $narrow:expr) => {
            array.as_primitive::<$type>().iter().map(|number| number.map_or(f32::NAN, $narrow)).collect()
        };
    }
    Ok(match array.data_type() {
        DataType::Boolean => {
            array.as_boolean().iter().map(|is| is.map_or(f32::NAN, |is| f32::from(u8::from(is)))).collect()
        }
        DataType::Int8 => floats!(Int8Type, f32::from),
        DataType::Int16 => floats!(Int16Type, f32::from),
        DataType::Int32 => floats!(Int32Type, |number| number as f32),
        DataType::Int64 => floats!(Int64Type, |number| number as f32),
        DataType::UInt8 => floats!(UInt8Type, f32::from),
        DataType::UInt16 => floats!(UInt16Type, f32::from),
        DataType::UInt32 => floats!(UInt32Type, |number| number as f32),
        DataType::UInt64 => floats!(UInt64Type, |number| number as f32),
        DataType::Float16 => floats!(Float16Type, half::f16::to_f32),
        DataType::Float32 => floats!(Float32Type, |number| number),
        DataType::Float64 => floats!(Float64Type, |number| number as f32),
        // Decimals.
        _ => {
            let wide = arrow_cast::cast(array, &DataType::Float64).map_err(DataError::column)?;
            wide.as_primitive::<Float64Type>().iter().map(|number| number.map_or(f32::NAN, |it| it as f32)).collect()
        }
    })
}

/// Bytes, or booleans as 0 and 1; with the place of the first that is missing.
pub(super) fn bytes(array: &dyn Array) -> Result<(Vec<u8>, Option<usize>), DataError> {
    let missing = (array.null_count() > 0).then(|| (0..array.len()).find(|&place| array.is_null(place))).flatten();
    let bytes = match array.data_type() {
        DataType::Boolean => array.as_boolean().values().iter().map(u8::from).collect(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().values().to_vec(),
        _ => {
            let narrow = arrow_cast::cast(array, &DataType::UInt8).map_err(DataError::column)?;
            narrow.as_primitive::<UInt8Type>().values().to_vec()
        }
    };
    Ok((bytes, missing))
}
