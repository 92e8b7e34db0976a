//! What the first row of a CSV file says: how many columns, their names, and where the labels are.
//!
//! It is a header where its cells are neither empty nor numbers; one that mixes text and numbers could
//! be a header or a broken sample, and is refused. The cell of a label column
//! that was given by number only counts so where the other labels are integers:
//! `5.1,3.5,setosa` is a sample, `0,1,label` over `5.1,3.5,2` is a header.

use std::path::Path;

use ::csv::StringRecord;

use crate::error::DataError;

/// Which cells of a row are values and which one is the label.
pub(super) struct Columns {
    /// The number of cells in every row, the label's among them.
    pub(super) width: usize,
    pub(super) label: Option<usize>,
    pub(super) header: Header,
}

/// What the first row is.
pub(super) enum Header {
    Names(Vec<String>),
    None,
    /// Only the label in the first row is no number: the labels below it tell.
    IfLabelsAreIntegers,
}

impl Columns {
    /// `wanted` is the label column: its number from 0, or its name.
    pub(super) fn of(path: &Path, first: &StringRecord, wanted: Option<&str>) -> Result<Self, DataError> {
        let width = first.len();
        let is_text = |cell: &str| !cell.is_empty() && cell.parse::<f32>().is_err();
        let by_number = wanted.and_then(|wanted| wanted.parse().ok()).filter(|&at| at < width);
        let has_text_beside = |label| {
            let mut cells = first.iter().enumerate();
            cells.any(|(column, cell)| Some(column) != label && is_text(cell))
        };
        if has_text_beside(by_number) && wanted.is_none_or(|_| by_number.is_some()) {
            let is_number = |cell: &str| cell.parse::<f32>().is_ok();
            let mut beside = first.iter().enumerate().filter(|(column, _)| Some(*column) != by_number);
            if let Some((column, cell)) = beside.find(|(_, cell)| is_number(cell)) {
                let (path, cell) = (path.to_owned(), cell.to_owned());
                return Err(DataError::MixedHeading { path, column, cell });
            }
        }
        let names = || first.iter().map(str::to_owned).collect();
        let (label, header) = match wanted {
            None if has_text_beside(None) => (None, Header::Names(names())),
            None => (None, Header::None),
            Some(_) if by_number.is_some() => {
                let named = has_text_beside(by_number);
                let header = if named { Header::Names(names()) } else { Header::IfLabelsAreIntegers };
                (by_number, header)
            }
            Some(wanted) => {
                let has_names = has_text_beside(None);
                let by_name = first.iter().position(|cell| has_names && cell == wanted);
                if by_name.is_none() {
                    let columns = described(first, has_names);
                    let (path, wanted) = (path.to_owned(), wanted.to_owned());
                    return Err(DataError::LabelColumnMissing { path, wanted, columns });
                }
                (by_name, Header::Names(names()))
            }
        };
        Ok(Self { width, label, header })
    }

    /// How a person finds the column: its number from 0, and its name.
    pub(super) fn place(&self, column: usize) -> String {
        match &self.header {
            Header::Names(names) => match names.get(column) {
                Some(name) => format!("{column} (`{name}`)"),
                None => column.to_string(),
            },
            Header::None | Header::IfLabelsAreIntegers => column.to_string(),
        }
    }
}

fn described(first: &StringRecord, has_names: bool) -> String {
    const SHOWN: usize = 12;
    let numbers = format!("a number from 0 to {}", first.len().saturating_sub(1));
    if !has_names {
        return format!("{numbers} (the file has no header)");
    }
    let names: Vec<_> = first.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if first.len() > SHOWN { ", ..." } else { "" };
    format!("{numbers}, or a name ({}{more})", names.join(", "))
}
