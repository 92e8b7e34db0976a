//! The Python dictionary that describes an .npy array, in NumPy's own form.
//!
//! Three keys are expected, each once, in any order: `descr`, `fortran_order` and `shape`. No other Python is
//! understood, so a hostile header costs no more than its few bytes.

use crate::element::{ByteOrder, Element, Number};

/// What the dictionary says.
#[derive(Debug, PartialEq)]
pub(super) struct Dictionary {
    /// Or, where it is none of those that are read, how the file calls it.
    pub(super) element: Result<Element, String>,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// What is left of the text.
pub(super) struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Parser { rest: text }
    }

    /// The whole text as one dictionary.
    pub(super) fn dictionary(&mut self) -> Result<Dictionary, String> {
        let (mut element, mut is_fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.string()?;
            self.expect(':')?;
            let is_new = match key {
                "descr" => element.replace(self.element()?).is_none(),
                "fortran_order" => is_fortran.replace(self.truth()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => return Err(format!("it has the key `{}`", shown(key))),
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
            return Err(format!("it goes on with `{}`", shown(self.rest)));
        }
        match (element, is_fortran, shape) {
            (Some(element), Some(is_fortran), Some(shape)) => Ok(Dictionary { element, is_fortran, shape }),
            _ => Err("it lacks one of the keys descr, fortran_order and shape".to_owned()),
        }
    }

    /// `'<f4'`, or the list that describes a structure.
    fn element(&mut self) -> Result<Result<Element, String>, String> {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with('[') {
            let name = self.string()?;
            return Ok(element(name).ok_or_else(|| shown(name)));
        }
        let (mut depth, mut quote) = (0usize, None);
        for (place, letter) in self.rest.char_indices() {
            match (letter, quote) {
                ('\'' | '"', None) => quote = Some(letter),
                (_, Some(open)) if letter == open => quote = None,
                ('[' | '(', None) => depth += 1,
                (']' | ')', None) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let (list, rest) = self.rest.split_at(place + letter.len_utf8());
                self.rest = rest;
                return Ok(Err(format!("a structure, {}", shown(list))));
            }
        }
        Err("it is cut off within a list".to_owned())
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start();
        for (word, truth) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(truth);
            }
        }
        Err(format!("`{}` stands where True or False is expected", shown(self.rest)))
    }

    /// `(2, 3)`, `(2,)` or `()`.
    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            self.rest = self.rest.trim_start();
            let end = self.rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.rest.len());
            let (digits, rest) = self.rest.split_at(end);
            let size = digits.parse().map_err(|_| format!("`{}` is no size", shown(self.rest)))?;
            shape.push(size);
            // As Python 2 wrote long integers.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let refused = || format!("`{}` stands where text in quotes is expected", shown(self.rest));
        let text = self.rest.trim_start();
        let quote = text.chars().next().filter(|&letter| matches!(letter, '\'' | '"')).ok_or_else(refused)?;
        let (string, rest) = text[1..].split_once(quote).ok_or_else(refused)?;
        self.rest = rest;
        Ok(string)
    }

    fn accept(&mut self, letter: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, letter: char) -> Result<(), String> {
        if self.accept(letter) {
            return Ok(());
        }
        Err(format!("`{}` stands where `{letter}` is expected", shown(self.rest)))
    }
}

/// `<f4`: byte order, kind, bytes.
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
        // The order of a computer that is not known; a byte has none.
        _ => Some(element(ByteOrder::Little)).filter(|element| element.size() == 1),
    }
}

/// As much of a text as a message can bear, without what would upset a terminal.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let text = text.trim();
    let mut shown: String =
        text.chars().take(MOST).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Dictionary, String> {
        Parser::new(text).dictionary()
    }

    #[test]
    fn headers_are_read_however_they_are_spaced_and_ordered() {
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
    fn types_that_are_not_read_are_told_as_the_file_calls_them() {
        for (descr, expected) in [
            ("'|O'", "|O"),
            ("'<c8'", "<c8"),
            ("'=f4'", "=f4"),
            ("'<f16'", "<f16"),
            ("'<U10'", "<U10"),
            ("[('a', '<f4', (2,)), (']', 'u1')]", "a structure, [('a', '<f4', (2,)), (']', 'u1')]"),
        ] {
            let header = parsed(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2,)}}"));
            assert_eq!(header.expect("a header").element, Err(expected.to_owned()));
        }
    }

    #[test]
    fn what_is_no_header_is_told() {
        let whole = "{'descr': 'u1', 'fortran_order': False, 'shape': (2,)}";
        let cases = [
            (whole.replace('{', ""), "`'descr': 'u1'"),
            (whole.replace("False", "0"), "where True or False is expected"),
            (whole.replace("(2,)", "(-2,)"), "`-2,)}` is no size"),
            (whole.replace("(2,)", "(99999999999999999999999,)"), "is no size"),
            (whole.replace("(2,)", "2"), "where `(` is expected"),
            (whole.replace("(2,)", "(2 3)"), "`3)}` stands where `)`"),
            (whole.replace(", 'shape': (2,)", ""), "lacks one of the keys"),
            (whole.replace("shape", "descr"), "stands where text in quotes"),
            (whole.replace("shape", "sh\u{1b}ape"), "the key `sh\u{fffd}ape`"),
            (whole.replace("fortran_order': False", "descr': 'u1'"), "`descr` twice"),
            (format!("{whole} + 1"), "goes on with `+ 1`"),
            ("{'descr': [[[[".to_owned(), "cut off within a list"),
            ("{'descr".to_owned(), "stands where text in quotes"),
        ];
        for (text, expected) in cases {
            let message = parsed(&text).expect_err(expected);
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
