//! What a cell says: a number, nothing, or text.

/// How a missing value is written, beside any way to write NaN that a number may have.
const MISSING: [&[u8]; 8] = [b"", b"NA", b"N/A", b"null", b"NULL", b"None", b"?", b"NaN"];

/// A cell where a number is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A finite number, rounded to the nearest `f32`.
    Number(f32),
    /// No value.
    Missing,
    /// A number, but one that no `f32` holds, or infinity.
    Beyond,
    /// No number.
    Text,
}

impl Cell {
    /// What the content of a cell is.
    #[inline]
    pub(super) fn of(content: &[u8]) -> Self {
        match fast_float2::parse::<f32, _>(content) {
            Ok(number) if number.is_finite() => Cell::Number(number),
            Ok(number) if number.is_nan() => Cell::Missing,
            Ok(_) => Cell::Beyond,
            Err(_) if MISSING.contains(&content) => Cell::Missing,
            Err(_) => Cell::Text,
        }
    }
}

/// A cell without the spaces around it, and without the quotes that spaces keep from being seen as such:
/// `1, "2"`.
pub(super) fn content(cell: &[u8], quote: u8) -> &[u8] {
    let trimmed = cell.trim_ascii();
    match trimmed {
        [first, inner @ .., last] if cell.len() > trimmed.len() && *first == quote && *last == quote => {
            inner.trim_ascii()
        }
        _ => trimmed,
    }
}

/// Whether there is nothing but spaces.
pub(super) fn is_blank(cell: &[u8]) -> bool {
    cell.trim_ascii().is_empty()
}

/// As text; `None` for bytes that are not UTF-8, and for those that no text has.
pub(super) fn text(content: &[u8]) -> Option<&str> {
    std::str::from_utf8(content).ok().filter(|text| !text.contains('\0'))
}

/// A cell as an error shows it: a stray quote can make a cell of half a file.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_number_missing_beyond_or_text() {
        let cases = [
            ("0.1", Cell::Number(0.1)),
            ("-1e-3", Cell::Number(-0.001)),
            ("+.5", Cell::Number(0.5)),
            ("7.", Cell::Number(7.0)),
            ("1e-60", Cell::Number(0.0)),
            ("3.4028235e38", Cell::Number(f32::MAX)),
            ("1e39", Cell::Beyond),
            ("-1e999999999999", Cell::Beyond),
            ("inf", Cell::Beyond),
            ("-Infinity", Cell::Beyond),
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
            // Sodium.
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
        // Halfway between two singles but for its last digits: by way of a double it would go the other way.
        let text = "1.00000017881393432617187499";
        assert_eq!(Cell::of(text.as_bytes()), Cell::Number(1.000_000_1));
        assert_eq!(text.parse::<f64>().map(|double| double as f32), Ok(1.000_000_2));
    }

    #[test]
    fn spaces_and_the_quotes_behind_them_are_no_content() {
        let cases = [("a", "a"), (" a\t", "a"), (" \"a b \"", "a b"), ("\"a\"", "\"a\""), (" \"", "\""), ("  ", "")];
        for (cell, expected) in cases {
            assert_eq!(content(cell.as_bytes(), b'"'), expected.as_bytes(), "{cell:?}");
        }
    }
}
