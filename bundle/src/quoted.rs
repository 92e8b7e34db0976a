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

/// Returns text that comes from a file for a message: control characters are escaped, and a long text is cut.
pub(crate) fn readable(text: &str) -> String {
    /// Longest text, in characters.
    const LONGEST: usize = 1000;
    let mut readable = String::new();
    for (index, character) in text.chars().enumerate() {
        match character {
            _ if index == LONGEST => {
                readable.push_str("...");
                break;
            }
            _ if character.is_control() => readable.extend(character.escape_debug()),
            _ => readable.push(character),
        }
    }
    readable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_control_characters_are_escaped() {
        assert_eq!(readable("it says `\u{1b}[2J\u{7f}`\n"), "it says `\\u{1b}[2J\\u{7f}`\\n");
        assert_eq!(readable(&"é".repeat(1000)), "é".repeat(1000));
        assert_eq!(readable(&"é".repeat(20_000)), "é".repeat(1000) + "...");
    }

    #[test]
    fn names_are_quoted_and_control_characters_are_escaped() {
        assert_eq!(quoted_list(&["a,b", "O'Neill \"é\""]), "`a,b`, `O'Neill \"é\"`");
        assert_eq!(quoted("red\u{1b}[31m\n\u{202e}"), "`red\\u{1b}[31m\\n\\u{202e}`");
    }
}
