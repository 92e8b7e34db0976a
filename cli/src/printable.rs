//! Text from files, made safe for a terminal.

use std::{borrow::Cow, path::Path, sync::OnceLock};

/// Replaces control characters except for line feeds and tabs by escapes like `\u001b`, which are also valid in JSON.
/// Names in a file or a folder may contain sequences that move the cursor or change the title of a terminal. Line feeds
/// are kept where they divide a message into lines, and escaped in the arguments of the program that it repeats.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, arguments_of_several_lines())
}

/// Returns the arguments of the program that contain a line feed, such as the name of a file, and the folders of them.
fn arguments_of_several_lines() -> &'static [String] {
    static ARGUMENTS: OnceLock<Vec<String>> = OnceLock::new();

    ARGUMENTS
        .get_or_init(|| std::env::args_os().flat_map(|word| names_of_several_lines(&word.to_string_lossy())).collect())
}

/// Returns the word, the value of a flag in it, and the folders of both, as far as they contain a line feed, each
/// before those that are a part of it.
fn names_of_several_lines(word: &str) -> Vec<String> {
    let value = word.split_once('=').map(|(_, value)| value);
    let paths = [Some(word), value].into_iter().flatten().flat_map(|text| Path::new(text).ancestors());
    let names = paths.map(|path| path.to_string_lossy().into_owned());
    // A line feed alone is no name, and would be replaced between lines.
    names.filter(|name| name.contains('\n') && !name.trim().is_empty()).collect()
}

fn escaped<'a>(text: &'a str, arguments: &[String]) -> Cow<'a, str> {
    let is_unsafe = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let repeats = |argument: &&String| text.contains(argument.as_str());
    let mut one_line = Cow::Borrowed(text);
    for argument in arguments.iter().filter(repeats) {
        one_line = Cow::Owned(one_line.replace(argument, &argument.replace('\n', "\\u000a")));
    }
    if !one_line.contains(is_unsafe) {
        return one_line;
    }
    let escaped = |letter: char| match is_unsafe(letter) {
        true => format!("\\u{:04x}", u32::from(letter)),
        false => letter.to_string(),
    };
    Cow::Owned(one_line.chars().map(escaped).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_lines_are_kept() {
        assert!(matches!(printable("Käse\n\tà la carte"), Cow::Borrowed(_)));
        assert_eq!(printable("a\u{1b}[2Jb\r\u{7f}\u{9b}1m\n"), "a\\u001b[2Jb\\u000d\\u007f\\u009b1m\n");
    }

    #[test]
    fn an_argument_of_several_lines_is_repeated_in_one() {
        let arguments = names_of_several_lines("--out=a\nerror: b/c");
        let text = escaped("error: 2 problems:\n  `a\nerror: b` is no file\n  c", &arguments);
        assert_eq!(text, "error: 2 problems:\n  `a\\u000aerror: b` is no file\n  c");
    }
}
