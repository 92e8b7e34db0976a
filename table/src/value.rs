//! The value of a column in a row.

use std::{borrow::Cow, fmt};

use crate::moment::Moment;

/// The value of a column in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value: an empty cell, or null.
    Missing,
    /// Text.
    Text(&'a str),
    /// A number. NaN is a missing value.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Boolean(bool),
    /// A date, with or without a time of day.
    Date(Moment),
}

/// The notations of a missing value, in addition to those of NaN as a number: the default `na_values` of pandas'
/// `read_csv`, and the `?` of the UCI repository.
const MISSING: [&str; 17] = [
    "", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN", "null",
    "NULL", "None", "NaN", "?",
];

/// Returns whether text without surrounding spaces is a notation of a missing value: nothing, `NA`, `null`, `NaN` and
/// the other words that pandas reads as missing, and `?`.
pub fn is_missing_word(text: &str) -> bool {
    MISSING.contains(&text) || text.trim_start_matches(['+', '-']).eq_ignore_ascii_case("nan")
}

impl Value<'_> {
    /// Returns the value as a level of a vocabulary.
    pub fn level(&self) -> Cow<'_, str> {
        match self {
            Value::Missing => Cow::Borrowed(""),
            Value::Text(text) => Cow::Borrowed(text),
            Value::Number(number) if number.is_nan() => Cow::Borrowed(""),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Integer(integer) => Cow::Owned(integer.to_string()),
            Value::Boolean(boolean) => Cow::Borrowed(if *boolean { "true" } else { "false" }),
            Value::Date(moment) => Cow::Owned(moment.to_string()),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Value::Number(number)
    }
}

impl From<f32> for Value<'_> {
    fn from(number: f32) -> Self {
        Value::Number(number.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Value::Integer(integer)
    }
}

impl From<i32> for Value<'_> {
    fn from(integer: i32) -> Self {
        Value::Integer(integer.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(integer: u32) -> Self {
        Value::Integer(integer.into())
    }
}

impl From<bool> for Value<'_> {
    fn from(boolean: bool) -> Self {
        Value::Boolean(boolean)
    }
}

impl From<Moment> for Value<'_> {
    fn from(moment: Moment) -> Self {
        Value::Date(moment)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Missing, Into::into)
    }
}

/// The value as a cell of a CSV file, without quotes. A missing value is empty.
impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.level())
    }
}
