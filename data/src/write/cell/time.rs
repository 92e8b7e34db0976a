//! Formats dates, times and durations (ISO 8601), and intervals.

use std::fmt::{Debug, Display, Write};

use arrow_array::{
    Array, ArrowPrimitiveType,
    cast::AsArray,
    temporal_conversions::{
        as_datetime, as_datetime_with_timezone, date32_to_datetime, date64_to_datetime, duration_ns_to_duration,
        duration_us_to_duration, time32ms_to_time, time32s_to_time, time64ns_to_time, time64us_to_time,
        try_duration_ms_to_duration, try_duration_s_to_duration,
    },
    types::{
        ArrowTimestampType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
        DurationNanosecondType, DurationSecondType, IntervalDayTimeType, IntervalMonthDayNanoType,
        IntervalYearMonthType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    },
};
use arrow_schema::{ArrowError, DataType, IntervalUnit, TimeUnit};
use chrono::SecondsFormat;

/// Appends the value of a row. It must not be missing.
pub(super) fn add(array: &dyn Array, row: usize, text: &mut String) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => timestamp::<TimestampSecondType>(array, row, text),
            TimeUnit::Millisecond => timestamp::<TimestampMillisecondType>(array, row, text),
            TimeUnit::Microsecond => timestamp::<TimestampMicrosecondType>(array, row, text),
            TimeUnit::Nanosecond => timestamp::<TimestampNanosecondType>(array, row, text),
        },
        DataType::Date32 => {
            let date = |days| date32_to_datetime(days).map(|moment| moment.date());
            moment::<Date32Type, _>(array, row, date, text)
        }
        DataType::Date64 => moment::<Date64Type, _>(array, row, date64_to_datetime, text),
        DataType::Time32(TimeUnit::Second) => moment::<Time32SecondType, _>(array, row, time32s_to_time, text),
        DataType::Time32(_) => moment::<Time32MillisecondType, _>(array, row, time32ms_to_time, text),
        DataType::Time64(TimeUnit::Microsecond) => {
            moment::<Time64MicrosecondType, _>(array, row, time64us_to_time, text)
        }
        DataType::Time64(_) => moment::<Time64NanosecondType, _>(array, row, time64ns_to_time, text),
        DataType::Duration(unit) => {
            let duration = match unit {
                TimeUnit::Second => try_duration_s_to_duration(value::<DurationSecondType>(array, row)),
                TimeUnit::Millisecond => try_duration_ms_to_duration(value::<DurationMillisecondType>(array, row)),
                TimeUnit::Microsecond => Some(duration_us_to_duration(value::<DurationMicrosecondType>(array, row))),
                TimeUnit::Nanosecond => Some(duration_ns_to_duration(value::<DurationNanosecondType>(array, row))),
            };
            match duration {
                Some(duration) => _ = write!(text, "{duration}"),
                None => text.push_str("<invalid>"),
            }
            Ok(())
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let months = value::<IntervalYearMonthType>(array, row);
            let _ = write!(text, "{} years {} mons", months.div_euclid(12), months.rem_euclid(12));
            Ok(())
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let interval = value::<IntervalDayTimeType>(array, row);
            text.push_str(&interval_text(&[(interval.days, "days")], interval.milliseconds.into(), 3));
            Ok(())
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let interval = value::<IntervalMonthDayNanoType>(array, row);
            let parts = [(interval.months, "mons"), (interval.days, "days")];
            text.push_str(&interval_text(&parts, interval.nanoseconds, 9));
            Ok(())
        }
        other => Err(ArrowError::CastError(format!("{other} is neither a date nor a time"))),
    }
}

fn value<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

/// Formats a timestamp: as RFC 3339 if the column has a time zone, otherwise as ISO 8601.
fn timestamp<T: ArrowTimestampType>(array: &dyn Array, row: usize, text: &mut String) -> Result<(), ArrowError> {
    let (value, kind) = (value::<T>(array, row), array.data_type());
    if let DataType::Timestamp(_, Some(zone)) = kind {
        let moment = as_datetime_with_timezone::<T>(value, zone.parse()?);
        let moment = moment.ok_or_else(|| cast_error(value, "datetime", kind))?;
        text.push_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    } else {
        let moment = as_datetime::<T>(value).ok_or_else(|| cast_error(value, "datetime", kind))?;
        let _ = write!(text, "{moment:?}");
    }
    Ok(())
}

/// Formats a date or time as ISO 8601, which is the `Debug` format of its type.
fn moment<T: ArrowPrimitiveType<Native: Display>, M: Debug>(
    array: &dyn Array,
    row: usize,
    read: impl Fn(T::Native) -> Option<M>,
    text: &mut String,
) -> Result<(), ArrowError> {
    let value = value::<T>(array, row);
    let moment = read(value).ok_or_else(|| cast_error(value, "temporal", array.data_type()))?;
    let _ = write!(text, "{moment:?}");
    Ok(())
}

fn cast_error(value: impl Display, target: &str, kind: &DataType) -> ArrowError {
    ArrowError::CastError(format!("Failed to convert {value} to {target} for {kind}"))
}

/// Formats an interval, such as `1 mons 2 days 3 hours 4 mins 5.006 secs`. Leaves out units that are zero.
///
/// `time` is in units of `10^-digits` seconds.
fn interval_text(parts: &[(i32, &str)], time: i64, digits: usize) -> String {
    let units_per_second = 10i64.pow(digits as u32);
    let (seconds, fraction) = (time / units_per_second, time % units_per_second);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let parts =
        parts.iter().map(|&(count, unit)| (i64::from(count), unit)).chain([(hours, "hours"), (minutes, "mins")]);
    let parts = parts.filter(|&(count, _)| count != 0).map(|(count, unit)| format!("{count} {unit}"));
    let rest = (seconds != 0 || fraction != 0).then(|| {
        let sign = if time < 0 { "-" } else { "" };
        format!("{sign}{}.{:0digits$} secs", seconds.abs(), fraction.abs())
    });
    let parts: Vec<String> = parts.chain(rest).collect();
    if parts.is_empty() { "0 secs".to_owned() } else { parts.join(" ") }
}
