//! Text from files, made safe for a terminal.

use std::borrow::Cow;

/// Replaces control characters except for line feeds and tabs by escapes like `\u001b`, which are also valid in JSON.
/// Names in a file or a folder may contain sequences that move the cursor or change the title of a terminal. Characters
/// that change the direction of the text are replaced too, because they can make a name look like another one.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_unsafe = |letter: char| match letter {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => letter.is_control(),
    };
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let escaped = |letter: char| match is_unsafe(letter) {
        true => format!("\\u{:04x}", u32::from(letter)),
        false => letter.to_string(),
    };
    Cow::Owned(text.chars().map(escaped).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_lines_are_kept() {
        assert!(matches!(printable("Käse\n\tà la carte"), Cow::Borrowed(_)));
        assert_eq!(printable("a\u{1b}[2Jb\r\u{7f}\u{9b}1m\n"), "a\\u001b[2Jb\\u000d\\u007f\\u009b1m\n");
        assert_eq!(printable("invoice\u{202e}gpj.exe"), "invoice\\u202egpj.exe");
    }
}
