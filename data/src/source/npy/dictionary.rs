//! Parses the Python dictionary in the header of an .npy array.
//!
//! It expects three keys, each once, in any order: `descr`, `fortran_order` and `shape`. It understands no other
//! Python, so the cost of a hostile header is limited by its length.

use crate::element::{ByteOrder, Element, Number};

/// The content of the dictionary.
#[derive(Debug, PartialEq)]
pub(super) struct Dictionary {
    /// The element type, or its name in the file if it is not supported.
    pub(super) element: Result<Element, String>,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// Parses a text from its start. `rest` is the unparsed text.
pub(super) struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Parser { rest: text }
    }

    /// Parses the complete text as one dictionary.
    pub(super) fn dictionary(&mut self) -> Result<Dictionary, String> {
        let (mut element, mut is_fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.string()?;
            self.expect(':')?;
            let is_new = match key {
                "descr" => element.replace(self.element()?).is_none(),
                "fortran_order" => is_fortran.replace(self.boolean()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => return Err(format!("it has the key `{}`", printable(key))),
            };
            if !is_new {
                return Err(format!("it has the key `{key}` twice"));
            }
            if !self.accept(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err(format!("it has the text `{}` after the dictionary", printable(self.rest)));
        }
        match (element, is_fortran, shape) {
            (Some(element), Some(is_fortran), Some(shape)) => Ok(Dictionary { element, is_fortran, shape }),
            _ => Err("it does not have all of the keys descr, fortran_order and shape".to_owned()),
        }
    }

    /// Parses an element type such as `'<f4'`, or the list of a structured type.
    fn element(&mut self) -> Result<Result<Element, String>, String> {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with('[') {
            let name = self.string()?;
            return Ok(element(name).ok_or_else(|| printable(name)));
        }
        let (mut depth, mut quote) = (0usize, None);
        for (index, letter) in self.rest.char_indices() {
            match (letter, quote) {
                ('\'' | '"', None) => quote = Some(letter),
                (_, Some(open)) if letter == open => quote = None,
                ('[' | '(', None) => depth += 1,
                (']' | ')', None) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let (list, rest) = self.rest.split_at(index + letter.len_utf8());
                self.rest = rest;
                return Ok(Err(format!("structured type {}", printable(list))));
            }
        }
        Err("it ends within a list".to_owned())
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(format!("found `{}`, expected True or False", printable(self.rest)))
    }

    /// Parses `(2, 3)`, `(2,)` or `()`.
    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            self.rest = self.rest.trim_start();
            let end = self.rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at(end);
            let size = digits.parse().map_err(|_| format!("`{}` is not a size", printable(self.rest)))?;
            shape.push(size);
            // Python 2 writes long integers with an `L`.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let error = || format!("found `{}`, expected text in quotes", printable(self.rest));
        let text = self.rest.trim_start();
        let quote = text.chars().next().filter(|&letter| matches!(letter, '\'' | '"')).ok_or_else(error)?;
        let (string, rest) = text[1..].split_once(quote).ok_or_else(error)?;
        self.rest = rest;
        Ok(string)
    }

    /// Skips `letter` if it is next. Returns whether it was.
    fn accept(&mut self, letter: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, letter: char) -> Result<(), String> {
        if self.accept(letter) {
            return Ok(());
        }
        Err(format!("found `{}`, expected `{letter}`", printable(self.rest)))
    }
}

/// Parses an element type: byte order, kind and number of bytes, such as `<f4`.
fn element(name: &str) -> Option<Element> {
    let (order, name) = match name.strip_prefix(['<', '>', '|', '=']) {
        Some(rest) => (name.chars().next(), rest),
        None => (None, name),
    };
    let number = match name {
        "b1" | "?" => Number::Bool,
        "u1" | "B" => Number::U8,
        "i1" | "b" => Number::I8,
        "u2" => Number::U16,
        "i2" => Number::I16,
        "u4" => Number::U32,
        "i4" => Number::I32,
        "u8" => Number::U64,
        "i8" => Number::I64,
        "f2" => Number::F16,
        "f4" => Number::F32,
        "f8" => Number::F64,
        _ => return None,
    };
    let element = |order| Element { number, order };
    match order {
        Some('<') => Some(element(ByteOrder::Little)),
        Some('>') => Some(element(ByteOrder::Big)),
        // The byte order is missing or native, hence unknown. It does not matter for a single byte.
        _ => Some(element(ByteOrder::Little)).filter(|element| element.size() == 1),
    }
}

/// Shortens a text for a message, and replaces control characters.
pub(crate) fn printable(text: &str) -> String {
    const MAX_CHARACTERS: usize = 60;
    let text = text.trim();
    let mut printable: String =
        text.chars().take(MAX_CHARACTERS).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        printable.push('…');
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Dictionary, String> {
        Parser::new(text).dictionary()
    }

    #[test]
    fn headers_are_parsed_with_any_spaces_and_order_of_keys() {
        let expected = Dictionary {
            element: Ok(Element { number: Number::F32, order: ByteOrder::Big }),
            is_fortran: true,
            shape: vec![2, 3],
        };
        for text in [
            "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }            \n",
            "{\"shape\":(2L,3L,),\"descr\":\">f4\",\"fortran_order\":True}",
        ] {
            assert_eq!(parsed(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn unsupported_types_keep_their_name_in_the_file() {
        for (descr, expected) in [
            ("'|O'", "|O"),
            ("'<c8'", "<c8"),
            ("'=f4'", "=f4"),
            ("'<f16'", "<f16"),
            ("'<U10'", "<U10"),
            ("[('a', '<f4', (2,)), (']', 'u1')]", "structured type [('a', '<f4', (2,)), (']', 'u1')]"),
        ] {
            let header = parsed(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2,)}}"));
            assert_eq!(header.expect("a header").element, Err(expected.to_owned()));
        }
    }

    #[test]
    fn invalid_headers_are_refused() {
        let valid = "{'descr': 'u1', 'fortran_order': False, 'shape': (2,)}";
        let cases = [
            (valid.replace('{', ""), "`'descr': 'u1'"),
            (valid.replace("False", "0"), "expected True or False"),
            (valid.replace("(2,)", "(-2,)"), "`-2,)}` is not a size"),
            (valid.replace("(2,)", "(99999999999999999999999,)"), "is not a size"),
            (valid.replace("(2,)", "2"), "expected `(`"),
            (valid.replace("(2,)", "(2 3)"), "found `3)}`, expected `)`"),
            (valid.replace(", 'shape': (2,)", ""), "does not have all of the keys"),
            (valid.replace("shape", "descr"), "expected text in quotes"),
            (valid.replace("shape", "sh\u{1b}ape"), "the key `sh\u{fffd}ape`"),
            (valid.replace("fortran_order': False", "descr': 'u1'"), "`descr` twice"),
            (format!("{valid} + 1"), "the text `+ 1` after"),
            ("{'descr': [[[[".to_owned(), "ends within a list"),
            ("{'descr".to_owned(), "expected text in quotes"),
        ];
        for (text, expected) in cases {
            let message = parsed(&text).expect_err(expected);
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
