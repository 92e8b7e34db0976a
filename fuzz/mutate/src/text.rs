//! Mutations of numbers and words in text.

use fastrand::Rng;

/// Longer text is not repeated, because each repetition can multiply it by thousands.
const LARGEST: usize = 1 << 16;

/// Numbers and words that readers of text treat specially.
const WORDS: [&str; 26] = [
    "0",
    "-0",
    "-1",
    "1e999",
    "-1e999",
    "1e-400",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "99999999999999999999999999999999999999999999",
    "NaN",
    "inf",
    "-Infinity",
    "null",
    "true",
    "\"",
    "",
    "../../etc/passwd",
    "0x10",
    "1_000",
    "\u{1b}[2J",
    "\u{feff}",
    "\u{202e}",
    "9999-12-31T23:59:60Z",
    "0000-00-00",
];

/// Returns a word.
pub(crate) fn word(rng: &mut Rng) -> &'static str {
    WORDS[rng.usize(..WORDS.len())]
}

/// Replaces a number in the text by a word.
pub(crate) fn replace_number(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let from = rng.usize(..bytes.len());
    let is_digit = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let Some(start) = bytes[from..].iter().position(is_digit).map(|offset| from + offset) else { return };
    let digits = bytes[start..].iter().take_while(|byte| is_digit(byte)).count();
    drop(bytes.splice(start..start + digits, word(rng).bytes()));
}

/// Swaps, repeats or removes parts between two separators, such as lines or cells.
pub(crate) fn mutate_parts(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if bytes.len() > LARGEST {
        return;
    }
    let separator = [b'\n', b',', b'\n', b'"'][rng.usize(..4)];
    let mut parts: Vec<&[u8]> = bytes.split(|&byte| byte == separator).collect();
    let (one, other) = (rng.usize(..parts.len()), rng.usize(..parts.len()));
    match rng.u8(..5) {
        0 => parts.swap(one, other),
        1 => drop(parts.remove(one)),
        2 => parts.insert(other, parts[one]),
        3 => {
            let times = if parts[one].len() < 100 { 3000 } else { 30 };
            let repeated = vec![parts[one]; [3, 20, times][rng.usize(..3)]];
            drop(parts.splice(other..other, repeated));
        }
        _ => parts[one] = word(rng).as_bytes(),
    }
    *bytes = parts.join(&separator);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_replaced_as_a_whole() {
        for seed in 0..50 {
            let mut bytes = b"a,12.5\n".to_vec();
            replace_number(&mut Rng::with_seed(seed), &mut bytes);
            let text = String::from_utf8(bytes).expect("text");
            assert!(text.starts_with("a,") && text.ends_with('\n'), "{text}");
        }
    }
}
