//! The delimiter and the quote character of a CSV table.

use std::path::Path;

use crate::{
    error::DataError,
    reading::{Character, Reading},
};

/// The delimiter and the quote character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
}

impl Dialect {
    /// Takes the characters from the options. The default delimiter is a tab for a `.tsv` file, otherwise a comma.
    pub(super) fn of(path: &Path, reading: &Reading) -> Result<Self, DataError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let is_tsv = name.strip_suffix(".gz").unwrap_or(&name).ends_with(".tsv");
        let delimiter = reading.delimiter.unwrap_or(Character(if is_tsv { b'\t' } else { b',' }));
        let quote = reading.quote.unwrap_or(Character(b'"'));
        if delimiter == quote {
            return Err(DataError::SameCharacter { path: path.to_owned(), character: delimiter });
        }
        Ok(Dialect { delimiter: delimiter.0, quote: quote.0 })
    }
}
