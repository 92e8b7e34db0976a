//! Converts columns of numbers and booleans to `f32` or bytes.

use arrow_array::{
    Array,
    cast::AsArray,
    types::{
        Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{ArrowError, DataType};

use crate::{error::DataError, precision::Exact};

/// Whether values are numbers or booleans, or a dictionary of them, as pandas writes categories.
pub(super) fn is_number(kind: &DataType) -> bool {
    match kind {
        DataType::Boolean => true,
        DataType::Dictionary(_, values) => !matches!(**values, DataType::Dictionary(..)) && is_number(values),
        kind => kind.is_numeric(),
    }
}

/// Converts numbers to the nearest `f32`. Missing values become NaN. Numbers outside the range of `f32` become
/// infinite.
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
        DataType::Decimal32(_, scale) => decimals::<Decimal32Type>(array, *scale, |digits| Some(digits.into())),
        DataType::Decimal64(_, scale) => decimals::<Decimal64Type>(array, *scale, Some),
        DataType::Decimal128(_, scale) => decimals::<Decimal128Type>(array, *scale, |digits| digits.try_into().ok()),
        DataType::Dictionary(..) => {
            let values = floats(array.as_any_dictionary().values())?;
            let value = |row| key(array, row).and_then(|key| values.get(key)).copied().unwrap_or(f32::NAN);
            (0..array.len()).map(value).collect()
        }
        DataType::Decimal256(_, scale) => {
            decimals::<Decimal256Type>(array, *scale, |digits| digits.to_i128()?.try_into().ok())
        }
        other => return Err(not_a_number(other)),
    })
}

/// Returns a number before it is rounded to `f32`. `None` if it is missing, or if its type is not rounded.
pub(super) fn exact(array: &dyn Array, row: usize) -> Option<Exact> {
    macro_rules! integer {
        ($type:ty) => {
            Some(Exact::Integer(array.as_primitive::<$type>().value(row).into()))
        };
    }
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Int32 => integer!(Int32Type),
        DataType::Int64 => integer!(Int64Type),
        DataType::UInt32 => integer!(UInt32Type),
        DataType::UInt64 => integer!(UInt64Type),
        DataType::Float64 => Some(Exact::Float(array.as_primitive::<Float64Type>().value(row))),
        DataType::Dictionary(..) => exact(array.as_any_dictionary().values(), key(array, row)?),
        DataType::Decimal32(..) => exact_decimal(&array.as_primitive::<Decimal32Type>().value_as_string(row)),
        DataType::Decimal64(..) => exact_decimal(&array.as_primitive::<Decimal64Type>().value_as_string(row)),
        DataType::Decimal128(..) => exact_decimal(&array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(..) => exact_decimal(&array.as_primitive::<Decimal256Type>().value_as_string(row)),
        _ => None,
    }
}

/// Returns the index of a value of a dictionary. `None` if it is missing.
fn key(array: &dyn Array, row: usize) -> Option<usize> {
    let keys = array.as_any_dictionary().keys();
    macro_rules! key {
        ($type:ty) => {
            usize::try_from(keys.as_primitive::<$type>().value(row)).ok()
        };
    }
    if keys.is_null(row) {
        return None;
    }
    match keys.data_type() {
        DataType::Int8 => key!(Int8Type),
        DataType::Int16 => key!(Int16Type),
        DataType::Int32 => key!(Int32Type),
        DataType::Int64 => key!(Int64Type),
        DataType::UInt8 => key!(UInt8Type),
        DataType::UInt16 => key!(UInt16Type),
        DataType::UInt32 => key!(UInt32Type),
        DataType::UInt64 => key!(UInt64Type),
        _ => None,
    }
}

/// Parses the text of a decimal, which is an integer if it has no fraction.
fn exact_decimal(text: &str) -> Option<Exact> {
    text.parse().map(Exact::Integer).or_else(|_| text.parse().map(Exact::Float)).ok()
}

/// Returns bytes, or booleans as 0 and 1, and the index of the first missing value.
pub(super) fn bytes(array: &dyn Array) -> Result<(Vec<u8>, Option<usize>), DataError> {
    let missing = (array.null_count() > 0).then(|| (0..array.len()).find(|&index| array.is_null(index))).flatten();
    let bytes = match array.data_type() {
        DataType::Boolean => array.as_boolean().values().iter().map(u8::from).collect(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().values().to_vec(),
        other => return Err(not_a_number(other)),
    };
    Ok((bytes, missing))
}

/// Converts decimals to the nearest `f64`, then to `f32`.
fn decimals<T: DecimalType>(array: &dyn Array, scale: i8, digits: impl Fn(T::Native) -> Option<i64>) -> Vec<f32> {
    /// The largest integer and exponent of 10 that `f64` represents exactly. Up to them, the quotient is rounded once.
    const EXACT: (u64, i8) = (1 << 53, 22);
    let array = array.as_primitive::<T>();
    let number = |row| match digits(array.value(row)) {
        Some(digits) if digits.unsigned_abs() <= EXACT.0 && (0..=EXACT.1).contains(&scale) => {
            (digits as f64 / 10f64.powi(scale.into())) as f32
        }
        Some(_) | None => array.value_as_string(row).parse().map_or(f32::NAN, |number: f64| number as f32),
    };
    (0..array.len()).map(|row| if array.is_null(row) { f32::NAN } else { number(row) }).collect()
}

/// The error for another type. It cannot occur, because the plan selects only columns of numbers and booleans.
fn not_a_number(kind: &DataType) -> DataError {
    DataError::column(ArrowError::CastError(format!("{kind} is not a number")))
}

#[cfg(test)]
mod tests {
    use arrow_array::Decimal128Array;

    use super::*;

    #[test]
    fn decimals_of_any_length_are_rounded_to_f64() {
        let long = 123_456_789_012_345_678_901_234_567_890i128;
        for (digits, scale, expected) in [(125, 2, 1.25), (7, -3, 7000.0), (long, 20, 1_234_567_890.123_456_8)] {
            let array = Decimal128Array::from(vec![Some(digits), None]).with_precision_and_scale(38, scale);
            let floats = floats(&array.expect("a valid scale")).expect("decimals");
            assert_eq!(floats[0], expected as f32);
            assert!(floats[1].is_nan());
        }
    }

    #[test]
    fn decimals_are_compared_with_their_rounded_value() {
        for (digits, scale, expected) in
            [(16_777_217, 0, Exact::Integer(16_777_217)), (12_345_678_901, 2, Exact::Float(123_456_789.01))]
        {
            let array = Decimal128Array::from(vec![Some(digits), None]).with_precision_and_scale(38, scale);
            let array = array.expect("a valid scale");
            assert_eq!((exact(&array, 0), exact(&array, 1)), (Some(expected), None));
        }
    }
}
