//! The words of a source text.

/// Words, texts and signs, without blanks, comments, characters and lifetimes.
pub(super) fn tokens(mut rest: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = match (first, text(rest)) {
            _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            _ if rest.starts_with("/*") => (comment(rest), false),
            ('\'', _) => (character(rest), false),
            (_, Some(length)) => (length, true),
            _ if is_word(first) => (rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()), true),
            _ if rest.starts_with("::") => (2, true),
            _ => (first.len_utf8(), !first.is_whitespace()),
        };
        let (token, behind) = rest.split_at(length);
        if is_token {
            tokens.push(token);
        }
        rest = behind;
    }
    tokens
}

pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The length of a comment that may hold others.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while let Some(found) = text[at..].find(['/', '*']) {
        at += found;
        let change = [("/*", 1), ("*/", -1)].into_iter().find(|(sign, _)| text[at..].starts_with(sign));
        depth += change.map_or(0, |(_, change)| change);
        at += change.map_or(1, |(sign, _)| sign.len());
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a character or lifetime.
fn character(text: &str) -> usize {
    let letters: Vec<(usize, char)> = text.char_indices().take(4).collect();
    match letters[1..] {
        [(_, '\\'), (_, _), ..] => 3 + text[3..].find('\'').map_or(0, |end| end + 1),
        [_, (end, '\''), ..] => end + 1,
        _ => 1 + text[1..].find(|letter| !is_word(letter)).unwrap_or(text.len() - 1),
    }
}

/// The length of a text in quotes, if one begins here.
fn text(text: &str) -> Option<usize> {
    let inner = text.trim_start_matches(['b', 'c']);
    let raw = inner.strip_prefix('r').map(|raw| raw.trim_start_matches('#')).filter(|raw| raw.starts_with('"'));
    if let Some(raw) = raw {
        let hashes = inner.len() - raw.len() - 1;
        let end = format!("\"{}", "#".repeat(hashes));
        let start = text.len() - raw.len() + 1;
        return Some(text[start..].find(&end).map_or(text.len(), |found| start + found + end.len()));
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
