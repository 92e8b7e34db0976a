//! The values of an array of Arrow.

use std::convert::Infallible;

use arrow_array::{
    Array, ArrowPrimitiveType, PrimitiveArray,
    cast::AsArray,
    types::{
        Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};

use crate::{moment::Moment, value::Value};

/// Calls `take` with every value of an array, in order. Returns `Ok(false)` if a table cannot have values of its type.
///
/// # Errors
/// The first one of `take`.
pub fn for_each_value<E>(array: &dyn Array, mut take: impl FnMut(Value<'_>) -> Result<(), E>) -> Result<bool, E> {
    macro_rules! primitive {
        ($type:ty, $value:expr) => {
            primitives(array.as_primitive::<$type>(), $value, take)
        };
    }
    macro_rules! texts {
        ($texts:expr) => {
            $texts.iter().try_for_each(|text| take(text.map_or(Value::Missing, Value::Text)))
        };
    }
    let unsigned = |integer: u64| i64::try_from(integer).map_or(Value::Number(integer as f64), Value::Integer);
    let ticks = |per_second: i64| move |ticks: i64| Value::Date(Moment::of_ticks(ticks, per_second));
    match array.data_type() {
        DataType::Null => (0..array.len()).try_for_each(|_| take(Value::Missing)),
        DataType::Utf8 => texts!(array.as_string::<i32>()),
        DataType::LargeUtf8 => texts!(array.as_string::<i64>()),
        DataType::Utf8View => texts!(array.as_string_view()),
        DataType::Boolean => {
            array.as_boolean().iter().try_for_each(|boolean| take(boolean.map_or(Value::Missing, Value::Boolean)))
        }
        DataType::Int8 => primitive!(Int8Type, |integer| Value::Integer(integer.into())),
        DataType::Int16 => primitive!(Int16Type, |integer| Value::Integer(integer.into())),
        DataType::Int32 => primitive!(Int32Type, |integer| Value::Integer(integer.into())),
        DataType::Int64 => primitive!(Int64Type, Value::Integer),
        DataType::UInt8 => primitive!(UInt8Type, |integer| Value::Integer(integer.into())),
        DataType::UInt16 => primitive!(UInt16Type, |integer| Value::Integer(integer.into())),
        DataType::UInt32 => primitive!(UInt32Type, |integer| Value::Integer(integer.into())),
        DataType::UInt64 => primitive!(UInt64Type, unsigned),
        DataType::Float16 => primitive!(Float16Type, |number| Value::Number(number.to_f64())),
        DataType::Float32 => primitive!(Float32Type, |number| Value::Number(number.into())),
        DataType::Float64 => primitive!(Float64Type, Value::Number),
        DataType::Decimal32(..) => decimals::<Decimal32Type, E>(array, take),
        DataType::Decimal64(..) => decimals::<Decimal64Type, E>(array, take),
        DataType::Decimal128(..) => decimals::<Decimal128Type, E>(array, take),
        DataType::Decimal256(..) => decimals::<Decimal256Type, E>(array, take),
        DataType::Date32 => primitive!(Date32Type, |day| Value::Date(Moment::of_day(day.into()))),
        DataType::Date64 => primitive!(Date64Type, ticks(1_000)),
        DataType::Timestamp(TimeUnit::Second, _) => primitive!(TimestampSecondType, ticks(1)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => primitive!(TimestampMillisecondType, ticks(1_000)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => primitive!(TimestampMicrosecondType, ticks(1_000_000)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => primitive!(TimestampNanosecondType, ticks(1_000_000_000)),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let texts = texts_of(dictionary.values()).map(|texts| {
                texts.into_iter().map(|text| text.map_or(Value::Missing, Value::Text)).collect::<Vec<_>>()
            });
            let Some(values) = texts.or_else(|| constants_of(dictionary.values())) else { return Ok(false) };
            // An empty dictionary has no keys to normalize.
            if values.is_empty() {
                return (0..array.len()).try_for_each(|_| take(Value::Missing)).map(|()| true);
            }
            let keys = dictionary.normalized_keys();
            keys.into_iter().enumerate().try_for_each(|(row, key)| {
                let value = values.get(key).copied().filter(|_| !dictionary.is_null(row));
                take(value.unwrap_or(Value::Missing))
            })
        }
        _ => return Ok(false),
    }
    .map(|()| true)
}

/// Returns the texts of an array. `None` if it is not an array of text.
fn texts_of(array: &dyn Array) -> Option<Vec<Option<&str>>> {
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().iter().collect()),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().iter().collect()),
        DataType::Utf8View => Some(array.as_string_view().iter().collect()),
        _ => None,
    }
}

/// Returns the values of an array that are not text. `None` if a dictionary cannot have values of its type.
fn constants_of(array: &dyn Array) -> Option<Vec<Value<'static>>> {
    if !is_value_type(array.data_type()) || matches!(array.data_type(), DataType::Dictionary(..)) {
        return None;
    }
    let mut values = Vec::with_capacity(array.len());
    let take = |value: Value<'_>| {
        values.push(match value {
            Value::Missing | Value::Text(_) => Value::Missing,
            Value::Number(number) => Value::Number(number),
            Value::Integer(integer) => Value::Integer(integer),
            Value::Boolean(boolean) => Value::Boolean(boolean),
            Value::Date(moment) => Value::Date(moment),
        });
        Ok::<(), Infallible>(())
    };
    match for_each_value(array, take) {
        Ok(true) => Some(values),
        Ok(false) | Err(_) => None,
    }
}

/// Calls `take` with the values of an array of decimals. Those with a fraction are rounded to `f64`.
fn decimals<T: DecimalType, E>(array: &dyn Array, mut take: impl FnMut(Value<'_>) -> Result<(), E>) -> Result<(), E> {
    let decimals = array.as_primitive::<T>();
    let number = |row| {
        let text = decimals.value_as_string(row);
        let whole = text.parse().map(Value::Integer);
        whole.or_else(|_| text.parse().map(Value::Number)).unwrap_or(Value::Missing)
    };
    (0..decimals.len()).try_for_each(|row| take(if decimals.is_null(row) { Value::Missing } else { number(row) }))
}

/// Calls `take` with the values of an array of numbers.
fn primitives<T: ArrowPrimitiveType, E>(
    array: &PrimitiveArray<T>,
    value: impl Fn(T::Native) -> Value<'static>,
    mut take: impl FnMut(Value<'_>) -> Result<(), E>,
) -> Result<(), E> {
    array.iter().try_for_each(|number| take(number.map_or(Value::Missing, &value)))
}

/// Returns whether a table can have values of a type, or of a dictionary of that type.
pub fn is_value_type(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => !matches!(**values, DataType::Dictionary(..)) && is_value_type(values),
        DataType::Null
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Date32
        | DataType::Date64
        | DataType::Timestamp(..) => true,
        _ => false,
    }
}
