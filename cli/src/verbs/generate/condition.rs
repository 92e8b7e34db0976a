//! A condition that generated rows of a mixed table meet.

use std::str::FromStr;

/// A column of the class, and its value in all generated rows.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) column: String,
    pub(super) value: String,
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((column, value)) if !column.is_empty() => {
                Ok(Condition { column: column.to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("`{text}` is not a condition; write the column and its value, like country=NL")),
        }
    }
}
