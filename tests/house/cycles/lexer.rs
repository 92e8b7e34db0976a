//! A small lexer for Rust source.

/// Splits source text into identifiers, string literals and punctuation. Skips white space, comments, character
/// literals and lifetimes.
pub(super) fn tokens(mut rest: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = match (first, string(rest)) {
            _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            _ if rest.starts_with("/*") => (comment(rest), false),
            ('\'', _) => (character(rest), false),
            (_, Some(length)) => (length, true),
            _ if is_word(first) => (rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()), true),
            _ if rest.starts_with("::") => (2, true),
            _ => (first.len_utf8(), !first.is_whitespace()),
        };
        let (token, remainder) = rest.split_at(length);
        if is_token {
            tokens.push(token);
        }
        rest = remainder;
    }
    tokens
}

pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the length of a block comment, which may contain other block comments.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(offset) = text[at..].find(['/', '*']) {
        at += offset;
        let change = [("/*", 1), ("*/", -1)].into_iter().find(|(sign, _)| text[at..].starts_with(sign));
        depth += change.map_or(0, |(_, change)| change);
        at += change.map_or(1, |(sign, _)| sign.len());
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Returns the length of a character literal or a lifetime.
fn character(text: &str) -> usize {
    let letters: Vec<(usize, char)> = text.char_indices().take(4).collect();
    match letters[1..] {
        [(_, '\\'), (_, _), ..] => 3 + text[3..].find('\'').map_or(0, |end| end + 1),
        [_, (end, '\''), ..] => end + 1,
        _ => 1 + text[1..].find(|letter| !is_word(letter)).unwrap_or(text.len() - 1),
    }
}

/// Returns the length of the string literal at the start of `text`, if there is one.
fn string(text: &str) -> Option<usize> {
    let inner = text.trim_start_matches(['b', 'c']);
    let raw = inner.strip_prefix('r').map(|raw| raw.trim_start_matches('#')).filter(|raw| raw.starts_with('"'));
    if let Some(raw) = raw {
        let hashes = inner.len() - raw.len() - 1;
        let end = format!("\"{}", "#".repeat(hashes));
        let start = text.len() - raw.len() + 1;
        return Some(text[start..].find(&end).map_or(text.len(), |offset| start + offset + end.len()));
    }
    let start = text.len() - inner.strip_prefix('"')?.len();
    let mut is_escaped = false;
    let end = text[start..].find(|letter| {
        let ends = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    });
    Some(end.map_or(text.len(), |end| start + end + 1))
}
