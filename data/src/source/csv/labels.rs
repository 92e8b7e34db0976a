//! A separate file of labels with one column, read completely.

use std::{collections::BTreeSet, path::Path};

use super::{
    cells::{self, content, is_missing_word},
    dialect::Dialect,
    heading::is_integer,
    records::{Record, Records, Rows},
    text,
};
use crate::{
    error::DataError,
    labels::Labels,
    notes::{Note, NoteCode, Notes},
    printable::printable,
    reading::{Limits, Reading},
};

/// Reads a file of labels with one column. A first line of text above integers is a header, which a note says.
pub(crate) fn read_labels(path: &Path) -> Result<(Labels, Notes), DataError> {
    let text = text::open(path, Limits::default().unpack)?;
    let dialect = Dialect::of(path, &Reading::default(), text.separator)?;
    let mut records = Records::new(path, text, dialect);
    let mut record = Record::default();
    let (mut labels, mut notes) = (Vec::new(), Notes::default());
    while records.next(&mut record)? {
        labels.push(label(path, &record, dialect.quote)?);
    }
    if let [first, others @ ..] = &labels[..]
        && !others.is_empty()
        && !is_integer(first.as_bytes())
        && others.iter().all(|label| is_integer(label.as_bytes()))
    {
        let text = format!("the first line, `{}`, is a header, because all other lines are integers", printable(first));
        notes.add(Note::new(NoteCode::Labels, path.display(), text));
        labels.remove(0);
    }
    if labels.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let words = labels.iter().filter(|label| is_missing_word(label.as_bytes())).cloned().collect();
    notes.extend(missing_words_note(path, &words));
    Ok((Labels::Text(labels), notes))
}

/// Names labels that look like missing values.
pub(super) fn missing_words_note(path: &Path, words: &BTreeSet<String>) -> Option<Note> {
    let words: Vec<_> = words.iter().map(|label| format!("`{label}`")).collect();
    let (are, one) = if words.len() == 1 { ("is a class", "it is one") } else { ("are classes", "they are") };
    let text = format!(
        "{} {are} here and not a missing label; if {one}, correct the cells or leave out the rows before",
        words.join(", ")
    );
    (!words.is_empty()).then(|| Note::new(NoteCode::Labels, path.display(), text))
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
