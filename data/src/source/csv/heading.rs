//! Detects whether the first line of a table is a header.
//!
//! It is a header if an option selects a column by name, or if its cells are text. A line of numbers is a sample. A
//! line that mixes both is ambiguous and therefore refused. Empty cells do not count, because many programs leave out
//! the name of a first column of row numbers. The notation of a missing value counts as a number. `true`, `false`,
//! `yes` and `no` count neither as text nor as a number, because they may be names or booleans.
//!
//! Only columns of features count. If they do not decide, the label column does: text above an integer is a header.
//! `5.1,3.5,setosa` is a sample, `0,1,label` above `5.1,3.5,2` is a header.
//!
//! Some lines of numbers are headers too, see `first_line.rs`.

use std::path::Path;

use super::{
    booleans::word,
    cells::{Cell, content, shortened},
    dialect::Dialect,
    first_line,
    records::Record,
};
use crate::{error::DataError, reading::Header};

/// The meaning of the first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// A header with the names of the columns.
    Names,
    /// A header, detected only from the labels of the first two lines.
    NamesByLabel,
    /// No header: the first line is a sample.
    None,
}

/// The options that help to detect a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hints<'a> {
    pub(super) header: Header,
    /// Whether an option selects a column by name.
    pub(super) has_name: bool,
    /// Whether each column is a feature, according to the options that are indices.
    pub(super) is_sample: &'a [bool],
    /// The label column, if it is selected by index.
    pub(super) label: Option<usize>,
    pub(super) dialect: Dialect,
}

impl Heading {
    /// Detects a header from the first two lines. The second one may have no cells.
    pub(super) fn of(path: &Path, first: &Record, second: &Record, hints: Hints<'_>) -> Result<Self, DataError> {
        match hints.header {
            Header::Yes => return Ok(Heading::Names),
            Header::No => return Ok(Heading::None),
            Header::Auto if first_line::reason(first, second, hints.dialect).is_some() => return Ok(Heading::Names),
            Header::Auto => {}
        }
        let cells = || first.iter().map(|cell| content(cell, hints.dialect.quote)).enumerate();
        if hints.has_name {
            let has_text = cells().any(|(_, cell)| hints.dialect.numbers.parse(cell) == Cell::Text);
            return Ok(if has_text { Heading::Names } else { Heading::None });
        }
        let sample = || cells().zip(hints.is_sample).filter(|(_, is_sample)| **is_sample).map(|(cell, _)| cell);
        let has_text =
            sample().any(|(_, cell)| hints.dialect.numbers.parse(cell) == Cell::Text && word(cell).is_none());
        let number = sample().find(|(_, cell)| !cell.is_empty() && hints.dialect.numbers.parse(cell) != Cell::Text);
        match (has_text, number, hints.label) {
            (true, Some((column, cell)), _) => {
                let cell = shortened(&String::from_utf8_lossy(cell));
                Err(DataError::MixedHeading { path: path.to_owned(), column, cell })
            }
            (true, None, _) => Ok(Heading::Names),
            (false, _, Some(label)) => {
                let is_integer = |record: &Record| is_integer(content(record.cell(label), hints.dialect.quote));
                let has_name = !content(first.cell(label), hints.dialect.quote).is_empty() && !is_integer(first);
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
