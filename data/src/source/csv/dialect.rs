//! The delimiter, the quote character and the notation of numbers of a CSV table.

use std::path::Path;

use super::numbers::Numbers;
use crate::{
    error::DataError,
    reading::{Character, Reading},
};

/// The format of a table of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Options describe how cells and numbers are written.
    Csv,
    /// Nothing is open.
    JsonLines,
}

/// The delimiter, the quote character and the notation of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Dialect {
    pub(super) syntax: Syntax,
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    pub(super) numbers: Numbers,
}

impl Dialect {
    /// Cells that are already split. Numbers have a decimal point.
    pub(in crate::source) const JSON_LINES: Dialect = Dialect {
        syntax: Syntax::JsonLines,
        delimiter: b',',
        quote: b'"',
        numbers: Numbers { decimal: b'.', thousands: None },
    };

    /// Takes the characters from the options. The default delimiter is the one that the first line of the file names
    /// (`separator`), otherwise a tab for a `.tsv` file, otherwise a comma.
    pub(super) fn of(path: &Path, reading: &Reading, separator: Option<u8>) -> Result<Self, DataError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let is_tsv = name.strip_suffix(".gz").unwrap_or(&name).ends_with(".tsv");
        let own = separator.map(Character);
        let delimiter = reading.delimiter.or(own).unwrap_or(Character(if is_tsv { b'\t' } else { b',' }));
        let quote = reading.quote.unwrap_or(Character(b'"'));
        let same =
            |character, first, second| DataError::SameCharacter { path: path.to_owned(), character, first, second };
        if delimiter == quote {
            return Err(same(delimiter, "delimiter", "quote character"));
        }
        // Either may be the delimiter too, if cells are quoted.
        let (decimal, thousands) = (reading.decimal.unwrap_or(Character(b'.')), reading.thousands);
        if thousands == Some(decimal) {
            return Err(same(decimal, "decimal sign", "thousands separator"));
        }
        let numbers = Numbers { decimal: decimal.0, thousands: thousands.map(|Character(byte)| byte) };
        Ok(Dialect { syntax: Syntax::Csv, delimiter: delimiter.0, quote: quote.0, numbers })
    }
}
