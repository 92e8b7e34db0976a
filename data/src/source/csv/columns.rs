//! Which columns of a table are the sample, which one holds the labels, and which are carried along.

use std::path::Path;

use super::{
    cells::{content, shortened, text},
    heading::{Heading, Hints},
    records::Record,
};
use crate::{error::DataError, head::Head, reading::Reading};

/// Columns beside the sample that may be carried along; each takes its share of memory.
const MOST_OTHERS: usize = 1 << 16;

/// What a table's first line and the person who reads it say of its columns.
#[derive(Debug)]
pub(super) struct Columns {
    /// The number of cells in every row.
    pub(super) width: usize,
    pub(super) heading: Heading,
    /// The columns of the sample, in its order.
    pub(super) sample: Vec<usize>,
    /// Their names, where there are any; the head takes them over.
    pub(super) sample_names: Option<Vec<String>>,
    pub(super) label: Option<usize>,
    /// All columns but those of the sample, by their names.
    pub(super) others: Vec<(usize, String)>,
}

impl Columns {
    /// `first` is the first line, `second` the one below it, without cells if there is none.
    pub(super) fn of(
        path: &Path,
        first: &Record,
        second: &Record,
        quote: u8,
        reading: &Reading,
    ) -> Result<Self, DataError> {
        let width = first.len();
        let Reading { label_column, columns, ignore, header, .. } = reading;
        if columns.is_some() && ignore.is_some() {
            return Err(DataError::ColumnsAndIgnore { path: path.to_owned() });
        }
        let is_sample = is_sample_by_number(width, reading);
        let mut asked = label_column.iter().chain(columns.iter().flatten()).chain(ignore.iter().flatten());
        let hints = Hints {
            header: header.unwrap_or_default(),
            has_name: asked.any(|asked| by_number(asked, width).is_none()),
            is_sample: &is_sample,
            label: label_column.as_ref().and_then(|label| by_number(label, width)),
            quote,
        };
        let heading = Heading::of(path, first, second, hints)?;
        let mut names = match heading {
            Heading::Names | Heading::NamesByLabel => Some(names(path, first, quote)?),
            Heading::None => None,
        };
        let find = |asked: &String| find(path, asked, width, names.as_deref());
        let label = label_column.as_ref().map(find).transpose()?;
        let ignored = ignore.iter().flatten().map(find).collect::<Result<Vec<_>, _>>()?;
        let chosen = columns.as_ref().map(|columns| columns.iter().map(find).collect::<Result<Vec<_>, _>>());

        let mut is_other = vec![columns.is_some(); width];
        ignored.into_iter().chain(label).for_each(|column| is_other[column] = true);
        let sample = match chosen.transpose()? {
            Some(chosen) => chosen,
            None => (0..width).filter(|&column| !is_other[column]).collect(),
        };
        let mut is_taken = vec![false; width];
        label.into_iter().for_each(|label| is_taken[label] = true);
        for &column in &sample {
            if std::mem::replace(&mut is_taken[column], true) {
                let column = place(column, names.as_ref().and_then(|names| names.get(column)));
                return Err(DataError::ColumnTwice { path: path.to_owned(), column });
            }
            is_other[column] = false;
        }
        if sample.is_empty() {
            return Err(DataError::NoFeatures { path: path.to_owned() });
        }
        let others = (0..width).filter(|&column| is_other[column]);
        if others.clone().count() > MOST_OTHERS {
            let found = others.count();
            return Err(DataError::OthersTooMany { path: path.to_owned(), most: MOST_OTHERS, found });
        }
        // Names are moved, not copied: there may be half a million of them.
        let mut name = |column: usize| match names.as_mut().and_then(|names| names.get_mut(column)) {
            Some(name) if !name.is_empty() => std::mem::take(name),
            Some(_) | None => format!("column{column}"),
        };
        let others = others.map(|column| (column, name(column))).collect();
        let sample_names = (heading != Heading::None).then(|| sample.iter().map(|&column| name(column)).collect());
        Ok(Columns { width, heading, sample, sample_names, label, others })
    }

    /// How a person finds a column: its number from 0, and its name. The head has those of the sample.
    pub(super) fn place(&self, column: usize, head: &Head) -> String {
        let in_sample = || {
            let place = self.sample.iter().position(|&sample| sample == column)?;
            head.columns.as_ref()?.get(place)
        };
        let in_others = || self.others.iter().find(|(other, _)| *other == column).map(|(_, name)| name);
        match self.heading {
            Heading::Names | Heading::NamesByLabel => place(column, in_sample().or_else(in_others)),
            Heading::None => place(column, None),
        }
    }
}

fn place(column: usize, name: Option<&String>) -> String {
    match name {
        Some(name) => format!("{column} (`{}`)", shortened(name)),
        None => column.to_string(),
    }
}

/// What is asked for is a number from 0 where there is such a column, else a name.
fn by_number(asked: &str, width: usize) -> Option<usize> {
    asked.parse().ok().filter(|&column| column < width)
}

/// The columns that are part of the sample as far as numbers tell.
fn is_sample_by_number(width: usize, reading: &Reading) -> Vec<bool> {
    let mut is_sample = vec![reading.columns.is_none(); width];
    let numbers = |asked: &[String]| asked.iter().filter_map(|asked| by_number(asked, width)).collect::<Vec<_>>();
    numbers(reading.columns.as_deref().unwrap_or_default()).into_iter().for_each(|column| is_sample[column] = true);
    let ignored = numbers(reading.ignore.as_deref().unwrap_or_default());
    let label = numbers(reading.label_column.as_slice());
    ignored.into_iter().chain(label).for_each(|column| is_sample[column] = false);
    is_sample
}

fn names(path: &Path, first: &Record, quote: u8) -> Result<Vec<String>, DataError> {
    let name = |cell| text(content(cell, quote)).map(str::to_owned);
    let not_text = || DataError::NotText { path: path.to_owned(), line: first.line };
    first.iter().map(|cell| name(cell).ok_or_else(not_text)).collect()
}

fn find(path: &Path, asked: &str, width: usize, names: Option<&[String]>) -> Result<usize, DataError> {
    if let Some(column) = by_number(asked, width) {
        return Ok(column);
    }
    let mut found = names.unwrap_or_default().iter().enumerate().filter(|(_, name)| *name == asked);
    match (found.next(), found.next()) {
        (Some((column, _)), None) => Ok(column),
        (Some((first, _)), Some((second, _))) => {
            Err(DataError::ColumnAmbiguous { path: path.to_owned(), name: asked.to_owned(), first, second })
        }
        (None, _) => {
            let columns = described(width, names);
            Err(DataError::ColumnUnknown { path: path.to_owned(), wanted: asked.to_owned(), columns })
        }
    }
}

fn described(width: usize, names: Option<&[String]>) -> String {
    const SHOWN: usize = 12;
    let numbers = format!("a number from 0 to {}", width.saturating_sub(1));
    let Some(names) = names else { return format!("{numbers} (the file has no header)") };
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{}`", shortened(name))).collect();
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    format!("{numbers}, or a name ({}{more})", shown.join(", "))
}
