//! Recognises a first line of numbers that contains the names of the columns.
//!
//! pandas numbers columns from 0 if they have no names, and writes these numbers as the header, above row numbers
//! without a name if it writes them. Programs that quote only text quote the names. Other lines of numbers can only be
//! suspected of being a header: years or wavelengths, in equal steps.

use std::path::Path;

use super::{
    cells::{Cell, content},
    dialect::Dialect,
    records::Record,
};
use crate::notes::{Note, NoteCode};

/// Returns why a line of numbers is a header, in words. `None` if it is not known to be one.
pub(super) fn reason(first: &Record, second: &Record, dialect: Dialect) -> Option<&'static str> {
    let counts = |record: &Record| counts_from_zero(record, dialect);
    let has_quotes = first.is_quoted() && second.len() == first.len() && !second.is_quoted();
    match () {
        () if counts(first) && !counts(second) => Some("numbers the columns from 0, as pandas does"),
        () if has_quotes && numbers(first, dialect).is_some() => Some("is in quotes, unlike the next one"),
        () => None,
    }
}

/// Says why a line of numbers is the header. `None` for text.
pub(super) fn header_note(path: &Path, first: &Record, second: &Record, dialect: Dialect) -> Option<Note> {
    let reason = reason(first, second, dialect)?;
    let text = format!("the first line {reason}, so it is the header; pass --header no if it is a sample");
    Some(Note::new(NoteCode::Notation, path.display(), text))
}

/// Says that a line of numbers is a sample, if it may be a header.
pub(super) fn sample_note(path: &Path, first: &Record, second: &Record, dialect: Dialect) -> Option<Note> {
    let text = "the first line has no text, so it is a sample; pass --header yes if it contains the names of the \
                columns, or --header no if not";
    is_suspicious(first, second, dialect).then(|| Note::new(NoteCode::Notation, path.display(), text))
}

/// Whether the cells are 0, 1, 2 and so on, in more than one column. The first cell may be empty.
fn counts_from_zero(record: &Record, dialect: Dialect) -> bool {
    let mut cells = record.iter().map(|cell| content(cell, dialect.quote)).peekable();
    cells.next_if(|cell| cell.is_empty());
    record.len() > 1 && cells.enumerate().all(|(number, cell)| cell == number.to_string().as_bytes())
}

/// Whether a line of numbers looks like a header: in equal steps, of integers above numbers with a fraction, or without
/// a number at all.
fn is_suspicious(first: &Record, second: &Record, dialect: Dialect) -> bool {
    if second.len() != first.len() {
        return false;
    }
    let cells = || first.iter().map(|cell| content(cell, dialect.quote));
    let (Some(names), Some(values)) = (numbers(first, dialect), numbers(second, dialect)) else {
        return cells().all(|cell| dialect.numbers.parse(cell) == Cell::Missing);
    };
    let is_integer = |cell: &[u8]| cell.iter().all(u8::is_ascii_digit);
    let has_integer_below = second.iter().any(|cell| is_integer(content(cell, dialect.quote)));
    let are_integers = first.len() > 1 && cells().all(is_integer) && !has_integer_below;
    let is_in_steps = step(&names).is_some_and(|first| step(&values).is_none_or(|second| !is_close(second, first)));
    is_in_steps || are_integers || (first.len() == 1 && first.cell(0) == b"0")
}

/// Returns the numbers of a line, or `None` if a cell is not a number.
fn numbers(record: &Record, dialect: Dialect) -> Option<Vec<f64>> {
    let number = |cell| match dialect.numbers.parse(content(cell, dialect.quote)) {
        Cell::Number(number) => Some(f64::from(number)),
        Cell::Missing | Cell::OutOfRange | Cell::Text => None,
    };
    record.iter().map(number).collect()
}

/// Returns the step in which three or more numbers increase, if it is always the same.
fn step(numbers: &[f64]) -> Option<f64> {
    let mut steps = numbers.windows(2).map(|pair| pair[1] - pair[0]);
    let step = steps.next().filter(|step| *step > 0.0 && numbers.len() > 2)?;
    steps.all(|other| is_close(other, step)).then_some(step)
}

fn is_close(step: f64, expected: f64) -> bool {
    (step - expected).abs() <= 1e-3 * expected
}
