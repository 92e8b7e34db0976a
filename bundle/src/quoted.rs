//! Names from data in messages.

/// Quotes a name that comes from data: "`seven`". Characters that would change the message or the terminal are escaped:
/// control characters, line and paragraph separators, and marks of the writing direction.
pub fn quoted(name: &str) -> String {
    let mut text = String::from("`");
    for character in name.chars() {
        match character {
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                text.extend(character.escape_unicode());
            }
            _ if character.is_control() => text.extend(character.escape_debug()),
            _ => text.push(character),
        }
    }
    text.push('`');
    text
}

/// Quotes names and separates them by commas: "`seven`, `eight`".
pub fn quoted_list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_control_characters_are_escaped() {
        assert_eq!(quoted_list(&["a,b", "O'Neill \"é\""]), "`a,b`, `O'Neill \"é\"`");
        assert_eq!(quoted("red\u{1b}[31m\n\u{202e}"), "`red\\u{1b}[31m\\n\\u{202e}`");
    }
}
