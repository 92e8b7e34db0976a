//! Text of files for messages and notes, which are one line each.

use std::borrow::Cow;

/// Escapes control characters, so that the text stays in one line and does not reach the terminal as commands.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    text.chars()
        .fold(String::new(), |mut printable, letter| {
            if letter.is_control() {
                printable.extend(letter.escape_default());
            } else {
                printable.push(letter);
            }
            printable
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_other_text_is_not() {
        assert_eq!(printable("größe, \"cm\""), "größe, \"cm\"");
        assert_eq!(printable("a\n\tb\u{1b}[1m"), "a\\n\\tb\\u{1b}[1m");
    }
}
