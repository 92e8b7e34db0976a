//! Names in a folder: their order, and those that systems leave behind.

use std::{cmp::Ordering, ffi::OsStr};

/// Compares names in natural order: `2.png` before `10.png`.
pub(crate) fn natural_order(one: &OsStr, other: &OsStr) -> Ordering {
    let (mut left, mut right) = (one.as_encoded_bytes(), other.as_encoded_bytes());
    loop {
        let (digits, other_digits) = (leading_digits(left), leading_digits(right));
        if !digits.is_empty() && !other_digits.is_empty() {
            let ((value, rest), (other_value, other_rest)) =
                (split_number(left, digits), split_number(right, other_digits));
            let order = value.len().cmp(&other_value.len()).then_with(|| value.cmp(other_value));
            if order.is_ne() {
                return order;
            }
            (left, right) = (rest, other_rest);
            continue;
        }
        match (left.split_first(), right.split_first()) {
            (Some((byte, rest)), Some((other, other_rest))) if byte == other => (left, right) = (rest, other_rest),
            (Some((byte, _)), Some((other, _))) => return byte.cmp(other),
            // They differ only in leading zeros.
            (None, None) => return one.cmp(other),
            (one, other) => return one.is_some().cmp(&other.is_some()),
        }
    }
}

/// Returns the digits at the start of a text.
fn leading_digits(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Returns the digits without leading zeros, and the text after them.
fn split_number<'a>(text: &'a [u8], digits: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (digits.get(zeros..).unwrap_or_default(), text.get(digits.len()..).unwrap_or_default())
}

/// Whether a system or a program leaves a file or folder of this name behind in every folder.
pub(crate) fn is_left_behind(name: &OsStr) -> bool {
    const NAMES: [&str; 8] = [
        "__MACOSX",
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "@eaDir",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_natural_total_order() {
        let sorted = ["a", "a1b2", "a01b10", "a2", "a10", "a10b", "b", "é"];
        for (index, one) in sorted.iter().enumerate() {
            for (other_index, other) in sorted.iter().enumerate() {
                let order = natural_order(OsStr::new(one), OsStr::new(other));
                assert_eq!(order, index.cmp(&other_index), "{one} and {other}");
            }
        }
        assert_eq!(natural_order(OsStr::new("01"), OsStr::new("1")), Ordering::Less);
    }
}
