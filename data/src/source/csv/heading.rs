//! Whether the first line of a table names its columns.
//!
//! It does where a column is asked for by name, and where its cells are text. A line of numbers is a sample,
//! and one that mixes both could be either, so it is refused. Empty cells say nothing: many programs leave the
//! name of a first column of row numbers out. What stands for a missing value counts as a number does.
//!
//! Columns that are no part of the sample do not count, but for that of the labels if nothing else tells: it
//! has a name where text stands above an integer. `5.1,3.5,setosa` is a sample, `0,1,label` over `5.1,3.5,2`
//! is a heading.

use std::path::Path;

use super::{
    cells::{Cell, content, shortened},
    records::Record,
};
use crate::{error::DataError, reading::Header};

/// What the first line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// The names of the columns.
    Names,
    /// The same, but told by nothing else than the labels of the first two lines.
    NamesByLabel,
    /// A sample.
    None,
}

/// What is asked for of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hints<'a> {
    pub(super) header: Header,
    /// Whether a column is asked for by name.
    pub(super) has_name: bool,
    /// Whether each column is part of the sample, as far as it is asked for by number.
    pub(super) is_sample: &'a [bool],
    /// The column of the labels, if it is asked for by number.
    pub(super) label: Option<usize>,
    pub(super) quote: u8,
}

impl Heading {
    /// Tells by the first two lines; there may be no second one.
    pub(super) fn of(path: &Path, first: &Record, second: &Record, hints: Hints<'_>) -> Result<Self, DataError> {
        match hints.header {
            Header::Yes => return Ok(Heading::Names),
            Header::No => return Ok(Heading::None),
            Header::Auto => {}
        }
        let cells = || first.iter().map(|cell| content(cell, hints.quote)).enumerate();
        if hints.has_name {
            let is_named = cells().any(|(_, cell)| Cell::of(cell) == Cell::Text);
            return Ok(if is_named { Heading::Names } else { Heading::None });
        }
        let sample = || cells().zip(hints.is_sample).filter(|(_, is_sample)| **is_sample).map(|(cell, _)| cell);
        let has_text = sample().any(|(_, cell)| Cell::of(cell) == Cell::Text);
        let number = sample().find(|(_, cell)| !cell.is_empty() && Cell::of(cell) != Cell::Text);
        match (has_text, number, hints.label) {
            (true, Some((column, cell)), _) => {
                let cell = shortened(&String::from_utf8_lossy(cell));
                Err(DataError::MixedHeading { path: path.to_owned(), column, cell })
            }
            (true, None, _) => Ok(Heading::Names),
            (false, _, Some(label)) => {
                let is_integer = |record: &Record| is_integer(content(record.cell(label), hints.quote));
                let has_name = !content(first.cell(label), hints.quote).is_empty() && !is_integer(first);
                Ok(if has_name && is_integer(second) { Heading::NamesByLabel } else { Heading::None })
            }
            (false, _, None) => Ok(Heading::None),
        }
    }
}

/// Whether a label is an integer.
pub(super) fn is_integer(content: &[u8]) -> bool {
    std::str::from_utf8(content).is_ok_and(|text| text.parse::<i64>().is_ok())
}
