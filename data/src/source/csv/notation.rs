//! How the text of a table of text is read as numbers, for tables whose columns pass through.

use std::path::Path;

use super::{
    advice::of_notation,
    cells::Cell,
    dialect::{Dialect, Syntax},
};
use crate::{error::DataError, precision::Exact, reading::Reading};

/// How the text of a table is read as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Notation(Dialect);

/// What text is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::source) enum Content {
    /// A finite number.
    Number {
        /// Rounded to the nearest `f32`.
        value: f32,
        /// The whole number, if it is written as one, without a fraction or leading zeros.
        integer: Option<i64>,
        /// The number of decimal places; `None` if it has an exponent.
        decimals: Option<usize>,
    },
    /// A missing value.
    Missing,
    /// Infinity, or a number outside the range of `f32`.
    OutOfRange,
    /// Text that is not a number.
    Text,
}

impl Notation {
    /// Returns the notation of JSON.
    pub(in crate::source) const JSON_LINES: Notation = Notation(Dialect::JSON_LINES);

    /// Takes the decimal sign and the thousands separator from the options.
    pub(in crate::source) fn of_csv(path: &Path, reading: &Reading) -> Result<Self, DataError> {
        Dialect::of(path, reading, None).map(Notation)
    }

    /// Reads the text of a cell, without surrounding spaces.
    pub(in crate::source) fn read(self, text: &str) -> Content {
        match self.0.numbers.parse(text.as_bytes()) {
            Cell::Number(value) => {
                let fraction = text.split_once(char::from(self.0.numbers.decimal)).map(|(_, fraction)| fraction);
                let has_exponent = text.contains(['e', 'E']);
                let decimals = (!has_exponent).then(|| fraction.map_or(0, str::len));
                let is_plain = |digits: &str| digits == "0" || !digits.starts_with('0');
                let is_whole = fraction.is_none() && is_plain(text.trim_start_matches('-'));
                Content::Number { value, integer: text.parse().ok().filter(|_| is_whole), decimals }
            }
            Cell::Missing => Content::Missing,
            Cell::OutOfRange => Content::OutOfRange,
            Cell::Text => Content::Text,
        }
    }

    /// Returns a number without rounding it to `f32`.
    pub(in crate::source) fn exact(self, text: &str) -> Option<Exact> {
        self.0.numbers.exact(text.as_bytes())
    }

    /// Returns whether text is a number in another notation than the options say. `width` is the number of columns.
    pub(in crate::source) fn is_other_number(self, width: usize, text: &str) -> bool {
        match self.0.syntax {
            Syntax::Csv => of_notation(width, self.0.numbers, text).is_some(),
            Syntax::JsonLines => false,
        }
    }
}
