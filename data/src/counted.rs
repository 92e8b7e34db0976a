//! Counts with their nouns, for messages.

/// Formats a count with its noun: "1 cell", "2 cells".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
