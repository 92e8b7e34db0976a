//! A date, with or without a time of day.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

/// The number of seconds of a day.
pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;
const NANOSECONDS_PER_DAY: i64 = SECONDS_PER_DAY * NANOSECONDS_PER_SECOND;

/// The days that can be written: those of the years 1 to 9999, counted from 1970-01-01.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

/// A date with a time of day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    day: i32,
    nanoseconds: i64,
}

impl Moment {
    /// Returns the start of a day, counted from 1970-01-01. Days outside the years 1 to 9999 become the nearest one.
    pub fn of_day(day: i64) -> Self {
        let nearest = day.clamp(i64::from(*DAYS.start()), i64::from(*DAYS.end()));
        Moment { day: i32::try_from(nearest).unwrap_or_default(), nanoseconds: 0 }
    }

    /// Returns the time a number of ticks after 1970, of which a second has `per_second`, a power of 1000. Times
    /// outside the years 1 to 9999 become the nearest day.
    pub fn of_ticks(ticks: i64, per_second: i64) -> Self {
        let per_day = per_second.saturating_mul(SECONDS_PER_DAY);
        let day = Self::of_day(ticks.div_euclid(per_day));
        Moment { nanoseconds: ticks.rem_euclid(per_day) * (NANOSECONDS_PER_SECOND / per_second.max(1)), ..day }
    }

    /// Parses a date or a timestamp in the notation of ISO 8601, such as `2024-02-28`, `2024-02-28 17:30` or
    /// `2024-02-28T17:30:00+01:00`. A time with an offset is converted to UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // No other notation is shorter, and most text is no date.
        if text.len() < 8 || !text.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.naive_utc());
        let local = || {
            let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
            formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        };
        let time = day().or_else(zoned).or_else(local)?;
        let days = time.date().signed_duration_since(NaiveDate::default()).num_days();
        let day = i32::try_from(days).ok().filter(|day| DAYS.contains(day))?;
        let nanoseconds = i64::from(time.num_seconds_from_midnight()) * NANOSECONDS_PER_SECOND;
        Some(Moment { day, nanoseconds: nanoseconds + i64::from(time.nanosecond() % 1_000_000_000) })
    }

    /// Returns the moment of the cells of a date: a day since 1970-01-01 and the seconds since midnight. Both are
    /// rounded, and days outside the years 1 to 9999 and seconds outside a day become the nearest valid ones.
    pub fn of_cells(day: f32, seconds: f32) -> Self {
        let seconds = (seconds.round() as i64).clamp(0, SECONDS_PER_DAY - 1);
        Moment { nanoseconds: seconds * NANOSECONDS_PER_SECOND, ..Self::of_day(day.round() as i64) }
    }

    /// Returns the day, counted from 1970-01-01.
    pub fn day(self) -> i32 {
        self.day
    }

    /// Returns the time of day in seconds.
    pub fn seconds(self) -> f64 {
        self.nanoseconds as f64 / NANOSECONDS_PER_SECOND as f64
    }

    /// Returns whether the time of day is not midnight.
    pub fn has_time(self) -> bool {
        self.nanoseconds != 0
    }

    /// Returns the month, from 1, and the weekday, from 1 for Monday.
    pub fn month_and_weekday(self) -> (u32, u32) {
        let date = self.date();
        (date.month(), date.weekday().number_from_monday())
    }

    /// Returns the number of ticks since 1970, of which a second has `per_second`. Times beyond the range of 64-bit
    /// integers become the nearest one within.
    pub fn ticks(self, per_second: i64) -> i64 {
        let nanoseconds = i128::from(self.day) * i128::from(NANOSECONDS_PER_DAY) + i128::from(self.nanoseconds);
        let ticks = nanoseconds.div_euclid(i128::from(NANOSECONDS_PER_SECOND / per_second.max(1)));
        i64::try_from(ticks).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
    }

    fn date(self) -> NaiveDate {
        let time = DateTime::from_timestamp(i64::from(self.day) * SECONDS_PER_DAY, 0);
        time.unwrap_or_default().date_naive()
    }

    /// Formats the date without the time of day.
    pub fn date_text(self) -> String {
        self.date().to_string()
    }

    /// Formats the date and the time of day.
    pub fn date_time_text(self) -> String {
        let time = DateTime::from_timestamp_nanos(self.nanoseconds).time();
        format!("{} {time}", self.date())
    }
}

/// `2024-02-28`, or `2024-02-28 17:30:00` if the time is not midnight.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&if self.has_time() { self.date_time_text() } else { self.date_text() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_iso_notation_are_parsed_and_converted_to_utc() {
        for (text, expected) in [
            ("2024-02-28", Some("2024-02-28")),
            (" 2024-02-28 17:30 ", Some("2024-02-28 17:30:00")),
            ("2024-02-28T17:30:15.5", Some("2024-02-28 17:30:15.500")),
            ("2024-03-01T00:30:00+01:00", Some("2024-02-29 23:30:00")),
            ("0001-01-01", Some("0001-01-01")),
            ("2024-02-30", None),
            ("28.02.2024", None),
            ("20240228", None),
            ("noon", None),
            ("", None),
        ] {
            assert_eq!(Moment::parse(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ticks_of_every_unit_are_the_same_time() {
        let moment = Moment::parse("1969-12-31T23:59:59").expect("a time");
        for per_second in [1, 1_000, 1_000_000, 1_000_000_000] {
            assert_eq!(moment.ticks(per_second), -per_second);
            assert_eq!(Moment::of_ticks(-per_second, per_second), moment);
        }
        assert_eq!((moment.day(), moment.seconds(), moment.month_and_weekday()), (-1, 86_399.0, (12, 3)));
    }

    #[test]
    fn extreme_cells_become_the_nearest_valid_date() {
        assert_eq!(Moment::of_cells(f32::MAX, f32::MAX).to_string(), "9999-12-31 23:59:59");
        assert_eq!(Moment::of_cells(f32::MIN, -1.0).to_string(), "0001-01-01");
        assert_eq!(Moment::of_ticks(i64::MAX, 1).date_text(), "9999-12-31");
        assert_eq!(Moment::of_cells(f32::NAN, f32::NAN).to_string(), "1970-01-01");
        assert_eq!(Moment::of_day(i64::MAX).ticks(1_000_000_000), i64::MAX);
    }
}
