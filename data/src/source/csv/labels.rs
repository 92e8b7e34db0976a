//! A separate file of labels with one column, read completely.

use std::path::Path;

use super::{
    cells::{self, content},
    dialect::Dialect,
    heading::is_integer,
    records::{Record, Records},
    text,
};
use crate::{
    error::DataError,
    labels::Labels,
    reading::{Limits, Reading},
};

/// Reads a file of labels with one column. A first line of text above integers is a header.
pub(crate) fn read_labels(path: &Path) -> Result<Labels, DataError> {
    let text = text::open(path, Limits::default().unpack)?;
    let dialect = Dialect::of(path, &Reading::default(), text.separator)?;
    let mut records = Records::new(path, text, dialect);
    let mut record = Record::default();
    let mut labels = Vec::new();
    while records.next(&mut record)? {
        labels.push(label(path, &record, dialect.quote)?);
    }
    if let [first, others @ ..] = &labels[..]
        && !others.is_empty()
        && !is_integer(first.as_bytes())
        && others.iter().all(|label| is_integer(label.as_bytes()))
    {
        labels.remove(0);
    }
    if labels.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    Ok(Labels::Text(labels))
}

fn label(path: &Path, record: &Record, quote: u8) -> Result<String, DataError> {
    let (path, line) = (|| path.to_owned(), record.line);
    if record.len() != 1 {
        return Err(DataError::Ragged { path: path(), line, expected: 1, found: record.len(), advice: String::new() });
    }
    match cells::text(content(record.cell(0), quote)) {
        None => Err(DataError::NotText { path: path(), line }),
        Some("") => Err(DataError::LabelEmpty { path: path(), line, column: "0 (counted from 0)".to_owned() }),
        Some(label) => Ok(label.to_owned()),
    }
}
