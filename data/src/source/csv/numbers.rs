//! The notation of numbers: the decimal sign, and the character between groups of digits.

use super::cells::Cell;
use crate::precision::Exact;

/// No number that a program writes is longer.
const MAX_BYTES: usize = 400;

/// The notation of numbers in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) decimal: u8,
    /// The character between groups of digits in the integer part.
    pub(super) thousands: Option<u8>,
}

impl Numbers {
    /// Parses the content of a cell.
    #[inline]
    pub(super) fn parse(self, content: &[u8]) -> Cell {
        if self.decimal == b'.' && self.thousands.is_none() { Cell::of(content) } else { self.translate(content) }
    }

    /// Returns a number without rounding it to `f32`.
    pub(super) fn exact(self, content: &[u8]) -> Option<Exact> {
        let mut plain = [0; MAX_BYTES];
        let plain =
            if self.decimal == b'.' && self.thousands.is_none() { content } else { self.plain(content, &mut plain)? };
        let integer = std::str::from_utf8(plain).ok().and_then(|text| text.parse().ok()).map(Exact::Integer);
        integer.or_else(|| fast_float2::parse(plain).ok().map(Exact::Float))
    }

    /// Parses a number with a decimal point and without groups, made of the content.
    fn translate(self, content: &[u8]) -> Cell {
        let mut plain = [0; MAX_BYTES];
        match self.plain(content, &mut plain) {
            Some(plain) => Cell::of(plain),
            None if Cell::of(content) == Cell::Missing => Cell::Missing,
            None => Cell::Text,
        }
    }

    /// Writes a number with a decimal point and without groups to `into`. `None` if it has a decimal point already, or
    /// if the groups are not of three digits: `1.5` with points between thousands is a mistake and not 15. All but the
    /// last group may have two digits, as in India.
    fn plain<'a>(self, content: &[u8], into: &'a mut [u8]) -> Option<&'a [u8]> {
        let (mut length, mut digits, mut is_grouped, mut is_fraction) = (0, 0, false, false);
        for &byte in content {
            if Some(byte) == self.thousands {
                if digits == 0 || is_fraction || (is_grouped && !(2..=3).contains(&digits)) {
                    return None;
                }
                (digits, is_grouped) = (0, true);
                continue;
            }
            if byte.is_ascii_digit() {
                digits += 1;
            } else {
                if is_grouped && digits != 3 || (byte == b'.' && self.decimal != b'.') {
                    return None;
                }
                (digits, is_grouped) = (0, false);
                is_fraction |= byte == self.decimal || byte.eq_ignore_ascii_case(&b'e');
            }
            *into.get_mut(length)? = if byte == self.decimal { b'.' } else { byte };
            length += 1;
        }
        (!is_grouped || digits == 3).then(|| into.get(..length)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_decimal_sign_and_groups_of_three_digits() {
        let text = |numbers: Numbers, text: &str| numbers.parse(text.as_bytes());
        let german = Numbers { decimal: b',', thousands: Some(b'.') };
        let english = Numbers { decimal: b'.', thousands: Some(b',') };
        let french = Numbers { decimal: b',', thousands: Some(b' ') };
        let comma = Numbers { decimal: b',', thousands: None };
        let numbers = [
            (german, "1.000,50", 1000.5),
            (german, "-1.234.567", -1_234_567.0),
            (german, "0,5e-1", 0.05),
            (german, "0.099", 99.0),
            (english, "1,000", 1000.0),
            (english, "12,34,567.5", 1_234_567.5),
            (english, "1.25", 1.25),
            (french, "1 000,5", 1000.5),
            (comma, "0,25", 0.25),
            (comma, "3", 3.0),
        ];
        for (numbers, cell, expected) in numbers {
            assert_eq!(text(numbers, cell), Cell::Number(expected), "{cell}");
        }
        for (numbers, cell) in [
            (german, "1.5"),
            (german, "1.0000"),
            (german, "1,5.000"),
            (german, ".500"),
            (german, "1..000"),
            (english, "1,5"),
            (english, "1,"),
            (english, "1.000,5"),
            (comma, "1.5"),
            (comma, "1,5,5"),
        ] {
            assert_eq!(text(numbers, cell), Cell::Text, "{cell}");
        }
        assert_eq!(text(german, "1.#IND"), Cell::Missing);
        assert_eq!(text(comma, ""), Cell::Missing);
        assert_eq!(text(comma, &"9".repeat(500)), Cell::Text);
    }
}
