//! Parses a cell: a number, a missing value, or text.

use crate::printable::printable;

/// The notations of a missing value, in addition to those of NaN as a number: the default `na_values` of pandas'
/// `read_csv`, and the `?` of the UCI repository.
const MISSING: [&[u8]; 17] = [
    b"",
    b"NA",
    b"N/A",
    b"n/a",
    b"<NA>",
    b"#N/A",
    b"#N/A N/A",
    b"#NA",
    b"-1.#IND",
    b"-1.#QNAN",
    b"1.#IND",
    b"1.#QNAN",
    b"null",
    b"NULL",
    b"None",
    b"NaN",
    b"?",
];

/// A cell where a number is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A finite number, rounded to the nearest `f32`.
    Number(f32),
    /// A missing value.
    Missing,
    /// Infinity, or a number outside the range of `f32`.
    OutOfRange,
    /// Text that is not a number.
    Text,
}

impl Cell {
    /// Parses the content of a cell.
    #[inline]
    pub(super) fn of(content: &[u8]) -> Self {
        match fast_float2::parse::<f32, _>(content) {
            Ok(number) if number.is_finite() => Cell::Number(number),
            Ok(number) if number.is_nan() => Cell::Missing,
            Ok(_) => Cell::OutOfRange,
            Err(_) if MISSING.contains(&content) => Cell::Missing,
            Err(_) => Cell::Text,
        }
    }
}

/// Returns a cell without surrounding spaces. Also removes quotes that the CSV parser did not recognise because of
/// spaces around them, as in `1, "2"`.
pub(super) fn content(cell: &[u8], quote: u8) -> &[u8] {
    let trimmed = cell.trim_ascii();
    match trimmed {
        [first, inner @ .., last] if cell.len() > trimmed.len() && *first == quote && *last == quote => {
            inner.trim_ascii()
        }
        _ => trimmed,
    }
}

/// Whether text is a notation of a missing value, and not empty.
pub(super) fn is_missing_word(content: &[u8]) -> bool {
    !content.is_empty() && Cell::of(content) == Cell::Missing
}

/// Whether a cell is empty or contains only spaces.
pub(super) fn is_blank(cell: &[u8]) -> bool {
    cell.trim_ascii().is_empty()
}

/// Returns a cell as text. `None` if it is not UTF-8 or contains a NUL byte.
pub(super) fn text(content: &[u8]) -> Option<&str> {
    std::str::from_utf8(content).ok().filter(|text| !text.contains('\0'))
}

/// Makes a cell fit into one line of a message: escapes control characters, and shortens it, because a stray quote can
/// turn half of the file into one cell.
pub(super) fn shortened(text: &str) -> String {
    const MAX_CHARACTERS: usize = 40;
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}...", printable(text.get(..end).unwrap_or(text))),
        None => printable(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_number_missing_out_of_range_or_text() {
        let cases = [
            ("0.1", Cell::Number(0.1)),
            ("-1e-3", Cell::Number(-0.001)),
            ("+.5", Cell::Number(0.5)),
            ("7.", Cell::Number(7.0)),
            ("1e-60", Cell::Number(0.0)),
            ("3.4028235e38", Cell::Number(f32::MAX)),
            ("1e39", Cell::OutOfRange),
            ("-1e999999999999", Cell::OutOfRange),
            ("inf", Cell::OutOfRange),
            ("-Infinity", Cell::OutOfRange),
            ("", Cell::Missing),
            ("NA", Cell::Missing),
            ("N/A", Cell::Missing),
            ("NaN", Cell::Missing),
            ("nan", Cell::Missing),
            ("-nan", Cell::Missing),
            ("null", Cell::Missing),
            ("NULL", Cell::Missing),
            ("None", Cell::Missing),
            ("?", Cell::Missing),
            ("n/a", Cell::Missing),
            ("<NA>", Cell::Missing),
            ("#N/A", Cell::Missing),
            ("#NA", Cell::Missing),
            ("-1.#IND", Cell::Missing),
            // Sodium, not a missing value.
            ("Na", Cell::Text),
            ("1,5", Cell::Text),
            ("1 2", Cell::Text),
            ("0x10", Cell::Text),
            ("12px", Cell::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(Cell::of(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_rounded_once() {
        // Almost halfway between two `f32`. Rounding to `f64` first would round to the other one.
        let text = "1.00000017881393432617187499";
        assert_eq!(Cell::of(text.as_bytes()), Cell::Number(1.000_000_1));
        assert_eq!(text.parse::<f64>().map(|double| double as f32), Ok(1.000_000_2));
    }

    #[test]
    fn content_has_no_surrounding_spaces_or_quotes() {
        let cases = [("a", "a"), (" a\t", "a"), (" \"a b \"", "a b"), ("\"a\"", "\"a\""), (" \"", "\""), ("  ", "")];
        for (cell, expected) in cases {
            assert_eq!(content(cell.as_bytes(), b'"'), expected.as_bytes(), "{cell:?}");
        }
    }

    #[test]
    fn a_cell_in_a_message_is_one_short_line() {
        assert_eq!(shortened("two\nlines"), "two\\nlines");
        assert_eq!(shortened(&"x".repeat(41)), format!("{}...", "x".repeat(40)));
    }
}
