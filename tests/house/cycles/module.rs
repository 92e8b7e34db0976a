//! The items, imports and paths of a module, parsed from tokens.

use super::lexer::is_word;

/// A module without its tests.
#[derive(Default)]
pub(super) struct Module {
    /// The names of the items that the module defines.
    pub(super) items: Vec<String>,
    /// The names that `use` declarations bring into scope.
    pub(super) imports: Vec<Import>,
    /// Child modules in files of their own, with the value of their `#[path]` attribute.
    pub(super) files: Vec<(String, Option<String>)>,
    /// Child modules written inline, in braces.
    pub(super) inner: Vec<(String, Module)>,
    /// All paths in the code, including single names.
    pub(super) paths: Vec<Vec<String>>,
}

/// One name of a `use`.
pub(super) struct Import {
    /// The name in this module; `*` for a glob import.
    pub(super) name: String,
    pub(super) path: Vec<String>,
    /// Whether it is a re-export (`pub use`).
    pub(super) is_public: bool,
}

const ITEMS: [&str; 9] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "mod"];

impl Module {
    pub(super) fn parse(tokens: &[&str]) -> Self {
        let mut module = Module::default();
        let (mut at, mut depth) = (0, 0);
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match *rest {
                ["#", "[", "cfg", ..] if is_test_only(rest) => end_of_item(rest),
                ["use", next, ..] if next != "<" => {
                    let length = rest.iter().position(|token| *token == ";").unwrap_or(rest.len());
                    let is_public = at > 0 && [")", "pub"].contains(&tokens[at - 1]);
                    module.import(&rest[1..length], is_public, depth);
                    length
                }
                ["mod", name, "{", ..] if depth == 0 => {
                    let length = end_of_item(rest);
                    module.inner.push((name.to_owned(), Module::parse(&rest[3..length - 1])));
                    length
                }
                ["mod", name, ";", ..] if depth == 0 => {
                    module.files.push((name.to_owned(), path_attribute(&tokens[..at])));
                    3
                }
                ["macro_rules", "!", name, ..] | ["static", "mut", name, ..] => {
                    module.items.push(name.to_owned());
                    3
                }
                [keyword, name, ..] if ITEMS.contains(&keyword) && name.starts_with(is_word) && name != "fn" => {
                    if depth == 0 {
                        module.items.push(name.to_owned());
                    }
                    2
                }
                ["::" | "." | "$", word, ..] if word.starts_with(is_word) => 2,
                [word, ..] if word.starts_with(is_word) => {
                    let path = path(rest);
                    module.paths.push(path.iter().map(|word| (*word).to_owned()).collect());
                    path.len() * 2 - 1
                }
                [sign, ..] => {
                    depth += i32::from(["{", "(", "["].contains(&sign));
                    depth -= i32::from(["}", ")", "]"].contains(&sign));
                    1
                }
                [] => 1,
            };
        }
        module
    }

    fn import(&mut self, tree: &[&str], is_public: bool, depth: i32) {
        for (path, name) in flatten(tree) {
            let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
            match depth {
                0 => self.imports.push(Import { name: name.to_owned(), path, is_public }),
                _ => self.paths.push(path),
            }
        }
    }
}

/// Returns the path `a::b::c` at the start of the tokens.
fn path<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let mut path = vec![tokens[0]];
    let mut rest = &tokens[1..];
    while let ["::", word, remainder @ ..] = rest
        && word.starts_with(is_word)
    {
        path.push(word);
        rest = remainder;
    }
    path
}

/// Flattens a `use` tree to pairs of a path and its name in this module.
fn flatten<'a>(tree: &[&'a str]) -> Vec<(Vec<&'a str>, &'a str)> {
    match tree {
        [] => Vec::new(),
        // Another crate.
        ["::", ..] => Vec::new(),
        ["{", inner @ .., "}"] => branches(inner).into_iter().flat_map(flatten).collect(),
        [first, "::", rest @ ..] => {
            let nested = flatten(rest).into_iter().map(|(path, name)| match (path.as_slice(), name) {
                (["self"], "self") => (vec![*first], *first),
                (["self"], name) => (vec![*first], name),
                _ => ([&[*first], path.as_slice()].concat(), name),
            });
            nested.collect()
        }
        ["*", ..] => vec![(Vec::new(), "*")],
        [name, "as", other, ..] => vec![(vec![*name], *other)],
        [name, ..] => vec![(vec![*name], *name)],
    }
}

/// Splits tokens at the commas outside of inner braces.
fn branches<'a, 'b>(tokens: &'b [&'a str]) -> Vec<&'b [&'a str]> {
    let mut depth = 0;
    let is_comma = move |token: &&str| {
        depth += i32::from(*token == "{") - i32::from(*token == "}");
        depth == 0 && *token == ","
    };
    tokens.split(is_comma).collect()
}

/// Returns whether the attribute at the start of the tokens is `cfg(test)` or similar.
fn is_test_only(tokens: &[&str]) -> bool {
    let attribute: Vec<&&str> = tokens.iter().take_while(|token| **token != "]").collect();
    attribute.contains(&&"test") && !attribute.contains(&&"not")
}

/// Returns the number of tokens of the item at the start of `tokens`.
fn end_of_item(tokens: &[&str]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && ["}", ";"].contains(token) {
            return at + 1;
        }
    }
    tokens.len()
}

/// Returns the value of the `#[path]` attribute right before `mod`.
fn path_attribute(tokens: &[&str]) -> Option<String> {
    match tokens {
        [before @ .., "pub"] => path_attribute(before),
        [.., "#", "[", "path", "=", text, "]"] => Some(text.trim_matches('"').to_owned()),
        [before @ .., "]"] => path_attribute(&before[..before.iter().rposition(|token| *token == "#")?]),
        _ => None,
    }
}
