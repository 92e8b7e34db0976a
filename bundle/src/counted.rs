//! Counts with their nouns, and sizes, for messages.

/// Formats a count with its noun: "1 row", "2 rows", "3 classes".
pub fn counted(count: usize, noun: &str) -> String {
    let ending = match (count, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{ending}")
}

/// Formats a number of bytes: "2.5 GB", "340 MB", "12 kB".
pub fn described_bytes(bytes: u64) -> String {
    match bytes {
        1_000_000_000.. => format!("{:.1} GB", bytes as f64 / 1e9),
        1_000_000.. => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{} kB", bytes.div_ceil(1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "row")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!([1, 2].map(|count| counted(count, "class")), ["1 class", "2 classes"]);
    }

    #[test]
    fn sizes_have_the_unit_in_which_they_are_read() {
        let sizes = [0, 1, 999_999, 1_000_000, 340_400_000, 2_540_000_000].map(described_bytes);
        assert_eq!(sizes, ["0 kB", "1 kB", "1000 kB", "1 MB", "340 MB", "2.5 GB"]);
    }
}
