//! The times of a recording: numbers, or timestamps.

use std::fmt;

use arrow_array::{
    Array,
    cast::AsArray,
    types::{
        Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// The time of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Time {
    /// A number in any unit.
    Integer(i64),
    /// A number in any unit.
    Number(f64),
    /// Nanoseconds since 1970.
    Timestamp(i64),
}

/// Why a cell is not a time.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    Missing,
    NotTime(String),
}

impl Time {
    /// Returns the difference to an earlier time, or `None` if one is a number and the other a timestamp.
    pub(crate) fn since(self, earlier: Time) -> Option<f64> {
        match (self, earlier) {
            (Time::Integer(now), Time::Integer(before)) | (Time::Timestamp(now), Time::Timestamp(before)) => {
                Some((i128::from(now) - i128::from(before)) as f64)
            }
            (Time::Number(now), Time::Number(before)) => Some(now - before),
            (Time::Number(now), Time::Integer(before)) => Some(now - before as f64),
            (Time::Integer(now), Time::Number(before)) => Some(now as f64 - before),
            (Time::Timestamp(_), _) | (_, Time::Timestamp(_)) => None,
        }
    }

    /// Parses a number, or a timestamp with a date, in the notation of ISO 8601.
    fn parse(text: &str) -> Option<Time> {
        let text = text.trim();
        if let Ok(integer) = text.parse() {
            return Some(Time::Integer(integer));
        }
        if let Some(number) = text.parse().ok().filter(|number: &f64| number.is_finite()) {
            return Some(Time::Number(number));
        }
        let zoned = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_nanos_opt());
        let local = || {
            let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
            let time = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
            let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
            time.or_else(day)?.and_utc().timestamp_nanos_opt()
        };
        zoned.ok().flatten().or_else(local).map(Time::Timestamp)
    }
}

/// Whether text is a date, or a time with a date.
pub(crate) fn is_date(text: &str) -> bool {
    matches!(Time::parse(text), Some(Time::Timestamp(_)))
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Time::Integer(time) => write!(formatter, "{time}"),
            Time::Number(time) => write!(formatter, "{time}"),
            Time::Timestamp(time) => write!(formatter, "{}", DateTime::from_timestamp_nanos(*time).naive_utc()),
        }
    }
}

/// Reads a column of times. `None` if a column of its type has no times.
pub(crate) fn times(array: &dyn Array) -> Option<Vec<Result<Time, Fault>>> {
    macro_rules! integers {
        ($type:ty) => {{
            let times = array.as_primitive::<$type>().iter();
            times.map(|time| time.map(|time| Time::Integer(time.into())).ok_or(Fault::Missing)).collect()
        }};
    }
    macro_rules! timestamps {
        ($type:ty, $nanoseconds:expr) => {{
            let time = |time| Time::Timestamp(i64::from(time).saturating_mul($nanoseconds));
            array.as_primitive::<$type>().iter().map(|ticks| ticks.map(time).ok_or(Fault::Missing)).collect()
        }};
    }
    macro_rules! numbers {
        ($type:ty, $widen:expr) => {
            array.as_primitive::<$type>().iter().map(|time| number(time.map($widen))).collect()
        };
    }
    let text = |cell: Option<&str>| match cell.filter(|cell| !cell.trim().is_empty()) {
        None => Err(Fault::Missing),
        Some(cell) => Time::parse(cell).ok_or_else(|| Fault::NotTime(cell.chars().take(40).collect())),
    };
    Some(match array.data_type() {
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type, |time| time as f64),
        DataType::Float16 => numbers!(Float16Type, half::f16::to_f64),
        DataType::Float32 => numbers!(Float32Type, f64::from),
        DataType::Float64 => numbers!(Float64Type, |time| time),
        DataType::Date32 => timestamps!(Date32Type, 86_400_000_000_000),
        DataType::Date64 => timestamps!(Date64Type, 1_000_000),
        DataType::Timestamp(TimeUnit::Second, _) => timestamps!(TimestampSecondType, 1_000_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => timestamps!(TimestampMillisecondType, 1_000_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => timestamps!(TimestampMicrosecondType, 1_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => timestamps!(TimestampNanosecondType, 1),
        DataType::Utf8 => array.as_string::<i32>().iter().map(text).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(text).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(text).collect(),
        _ => return None,
    })
}

fn number(time: Option<f64>) -> Result<Time, Fault> {
    match time {
        Some(time) if time.is_finite() => Ok(Time::Number(time)),
        Some(time) if !time.is_nan() => Err(Fault::NotTime(time.to_string())),
        Some(_) | None => Err(Fault::Missing),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Float32Array, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray,
    };

    use super::*;

    #[test]
    fn columns_of_every_unit_of_time_are_read_as_nanoseconds() {
        let columns: [(ArrayRef, i64); 4] = [
            (Arc::new(TimestampMillisecondArray::from(vec![Some(2), None])), 2_000_000),
            (Arc::new(TimestampSecondArray::from(vec![Some(2), None])), 2_000_000_000),
            (Arc::new(TimestampNanosecondArray::from(vec![Some(2), None])), 2),
            (Arc::new(Date32Array::from(vec![Some(2), None])), 2 * 86_400_000_000_000),
        ];
        for (column, expected) in columns {
            assert_eq!(times(&column), Some(vec![Ok(Time::Timestamp(expected)), Err(Fault::Missing)]));
        }
        let floats: ArrayRef = Arc::new(Float32Array::from(vec![0.5, f32::NAN]));
        assert_eq!(times(&floats), Some(vec![Ok(Time::Number(0.5)), Err(Fault::Missing)]));
        let booleans: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
        assert_eq!(times(&booleans), None);
    }

    #[test]
    fn numbers_and_timestamps_in_usual_notations_are_times() {
        let second = 1_000_000_000;
        for (text, expected) in [
            ("12", Some(Time::Integer(12))),
            (" 0.5 ", Some(Time::Number(0.5))),
            ("1970-01-01T00:00:01Z", Some(Time::Timestamp(second))),
            ("1970-01-01T01:00:01+01:00", Some(Time::Timestamp(second))),
            ("1970-01-01 00:00:01.5", Some(Time::Timestamp(second * 3 / 2))),
            ("1970-01-01 00:01", Some(Time::Timestamp(60 * second))),
            ("1970-01-02", Some(Time::Timestamp(86_400 * second))),
            ("noon", None),
            ("inf", None),
        ] {
            assert_eq!(Time::parse(text), expected, "{text}");
        }
        assert_eq!(Time::Integer(i64::MAX).since(Time::Integer(i64::MAX - 1)), Some(1.0));
        assert_eq!(Time::Number(1.5).since(Time::Integer(1)), Some(0.5));
        assert_eq!(Time::Timestamp(1).since(Time::Integer(1)), None);
    }
}
