//! Columns of dates as an option: how the dates of a column become numbers.

use std::{f64::consts::TAU, fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::notation::as_text;

/// The dates of a column, and how they become features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateColumn {
    /// The name of the column.
    pub name: String,
    /// How its dates become numbers.
    pub form: DateForm,
}

/// How dates become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// Sine and cosine of the hour of the day, the day of the week and the day of the year.
    Cyclic,
    /// Days since an origin. Without one, it is the day of the first row with a date.
    Days(Option<Day>),
}

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i32);

/// Columns of dates. The alias keeps clap from treating a field of this type as a repeatable flag.
pub type DateColumns = Vec<DateColumn>;

/// A feature that is made of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    HourSin,
    HourCos,
    WeekdaySin,
    WeekdayCos,
    YeardaySin,
    YeardayCos,
    Days,
}

const NANOSECONDS_PER_DAY: i64 = 86_400_000_000_000;
const SECONDS_PER_DAY: f64 = 86_400.0;

impl DateColumn {
    /// Returns the features of the column and their names.
    pub(crate) fn features(&self) -> Vec<(String, DatePart)> {
        let parts: &[DatePart] = match self.form {
            DateForm::Cyclic => &[
                DatePart::HourSin,
                DatePart::HourCos,
                DatePart::WeekdaySin,
                DatePart::WeekdayCos,
                DatePart::YeardaySin,
                DatePart::YeardayCos,
            ],
            DateForm::Days(_) => &[DatePart::Days],
        };
        parts.iter().map(|part| (format!("{}_{}", self.name, part.suffix()), *part)).collect()
    }
}

impl DatePart {
    fn suffix(self) -> &'static str {
        match self {
            Self::HourSin => "hour_sin",
            Self::HourCos => "hour_cos",
            Self::WeekdaySin => "weekday_sin",
            Self::WeekdayCos => "weekday_cos",
            Self::YeardaySin => "yearday_sin",
            Self::YeardayCos => "yearday_cos",
            Self::Days => "days",
        }
    }

    /// Returns the feature of a time in nanoseconds since 1970. `origin` is that of the days.
    pub(crate) fn value(self, nanoseconds: i64, origin: Day) -> f32 {
        let time = DateTime::from_timestamp_nanos(nanoseconds).naive_utc();
        let seconds = f64::from(time.num_seconds_from_midnight()) + f64::from(time.nanosecond()) * 1e-9;
        let day_of_week = f64::from(time.weekday().num_days_from_monday());
        let days_of_year = if time.date().leap_year() { 366.0 } else { 365.0 };
        let (of_day, of_week) = (TAU * seconds / SECONDS_PER_DAY, TAU * day_of_week / 7.0);
        let of_year = TAU * f64::from(time.ordinal0()) / days_of_year;
        let value = match self {
            Self::HourSin => of_day.sin(),
            Self::HourCos => of_day.cos(),
            Self::WeekdaySin => of_week.sin(),
            Self::WeekdayCos => of_week.cos(),
            Self::YeardaySin => of_year.sin(),
            Self::YeardayCos => of_year.cos(),
            Self::Days => {
                let whole = nanoseconds.div_euclid(NANOSECONDS_PER_DAY) - i64::from(origin.0);
                whole as f64 + nanoseconds.rem_euclid(NANOSECONDS_PER_DAY) as f64 / NANOSECONDS_PER_DAY as f64
            }
        };
        value as f32
    }
}

impl Day {
    /// Returns the day of a time in nanoseconds since 1970.
    pub(crate) fn of(nanoseconds: i64) -> Self {
        Day(i32::try_from(nanoseconds.div_euclid(NANOSECONDS_PER_DAY)).unwrap_or_default())
    }
}

/// `2024-02-28`.
impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp(i64::from(self.0) * SECONDS_PER_DAY as i64, 0).unwrap_or_default();
        write!(formatter, "{}", time.date_naive())
    }
}

/// `when=cyclic`, `sold=days` or `sold=days:2024-02-28`.
impl fmt::Display for DateColumn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.form {
            DateForm::Cyclic => write!(formatter, "{name}=cyclic"),
            DateForm::Days(None) => write!(formatter, "{name}=days"),
            DateForm::Days(Some(origin)) => write!(formatter, "{name}=days:{origin}"),
        }
    }
}

impl FromStr for DateColumn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, form) = text.rsplit_once('=').unwrap_or((text, "cyclic"));
        let day = |text: &str| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok().map(Day)
        };
        let form = match (form, form.strip_prefix("days:").map(day)) {
            ("cyclic", _) => DateForm::Cyclic,
            ("days", _) => DateForm::Days(None),
            (_, Some(Some(origin))) => DateForm::Days(Some(origin)),
            _ => {
                return Err(format!(
                    "`{form}` is not a form of dates; expected cyclic, days, or days since a date, like days:2024-02-28"
                ));
            }
        };
        if name.trim().is_empty() {
            return Err(format!("`{text}` has no column name; expected a name and a form, like when=cyclic"));
        }
        Ok(DateColumn { name: name.trim().to_owned(), form })
    }
}

as_text!(DateColumn);

#[cfg(test)]
mod tests {
    use super::*;

    fn nanoseconds(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).expect("a time").timestamp_nanos_opt().expect("this century")
    }

    #[test]
    fn date_columns_survive_a_round_trip_through_text() {
        for text in ["when=cyclic", "sold=days", "sold=days:2024-02-28", "a=b=days:1969-12-31"] {
            assert_eq!(text.parse::<DateColumn>().map(|column| column.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("when".parse::<DateColumn>().map(|column| column.form), Ok(DateForm::Cyclic));
        for (text, expected) in [("when=hour", "expected cyclic, days"), ("a=days:2024-13-01", "like days:2024-02-28")]
        {
            assert!(text.parse::<DateColumn>().expect_err(text).contains(expected));
        }
        assert!("=days".parse::<DateColumn>().expect_err("no name").contains("has no column name"));
    }

    #[test]
    fn parts_of_a_date_are_angles_on_circles() {
        let close = |part: DatePart, time: &str, expected: f64| {
            let value = part.value(nanoseconds(time), Day(0));
            assert!((f64::from(value) - expected).abs() < 1e-6, "{part:?} of {time} is {value}, expected {expected}");
        };
        close(DatePart::HourSin, "2024-01-01T06:00:00Z", 1.0);
        close(DatePart::HourCos, "2024-01-01T12:00:00Z", -1.0);
        close(DatePart::HourSin, "2024-01-01T00:00:00+02:00", -0.5);
        // A Monday, and the Thursday after it.
        close(DatePart::WeekdayCos, "2024-01-01T23:00:00Z", 1.0);
        close(DatePart::WeekdaySin, "2024-01-04T00:00:00Z", (TAU * 3.0 / 7.0).sin());
        close(DatePart::YeardaySin, "2023-01-01T00:00:00Z", 0.0);
        close(DatePart::YeardayCos, "2023-12-31T00:00:00Z", (TAU * 364.0 / 365.0).cos());
        close(DatePart::YeardayCos, "2024-12-31T00:00:00Z", (TAU * 365.0 / 366.0).cos());
    }

    #[test]
    fn days_are_counted_from_the_origin_with_a_fraction() {
        let origin = Day::of(nanoseconds("2024-02-28T17:00:00Z"));
        assert_eq!(origin.to_string(), "2024-02-28");
        for (time, expected) in
            [("2024-03-01T12:00:00Z", 2.5), ("2024-02-28T00:00:00Z", 0.0), ("2024-02-27T18:00:00Z", -0.25)]
        {
            assert_eq!(DatePart::Days.value(nanoseconds(time), origin), expected, "{time}");
        }
        assert_eq!(Day::of(nanoseconds("1969-12-31T23:00:00Z")).to_string(), "1969-12-31");
    }
}
