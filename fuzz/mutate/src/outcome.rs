//! The outcome of a case, one line of text.

use std::fmt::{self, Debug, Write};

/// How a line starts that reports a violated guarantee.
pub(crate) const FAILED: &str = "FAILED: ";

/// Returns the name of the variant of an error: the start of its debug output.
pub(crate) fn variant(error: &impl Debug) -> String {
    struct Start(String);
    impl Write for Start {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(text.len());
            self.0.push_str(&text[..end]);
            if end < text.len() { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut start = Start(String::new());
    // The error ends the formatting, since the rest is not needed.
    let _ = write!(start, "{error:?}");
    start.0
}

/// Checks the message of an error: it names the file, and is not long. Returns the first defect.
pub(crate) fn defect(message: &str, path: &str) -> Option<&'static str> {
    if !message.contains(path) {
        Some("a message does not name the file")
    } else if message.len() > 8000 + 10 * path.len() {
        Some("a message is longer than 8000 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_variant_is_found() {
        assert_eq!(variant(&Some(7)), "Some");
        assert_eq!(variant(&fmt::Error), "Error");
    }
}
