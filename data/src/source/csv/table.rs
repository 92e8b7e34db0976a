//! Reads a CSV table: converts records to samples, labels and pass-through columns.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema};
use ndarray::Array2;

use super::{
    booleans::Booleans,
    cells::{Cell, content, is_missing_word, shortened, text},
    columns::Columns,
    dialect::Dialect,
    heading::{Heading, is_integer},
    labels::missing_words_note,
    records::{Record, Records, Rows},
    text::open as open_text,
};
use crate::{
    check::column_label,
    chunk::Chunk,
    error::DataError,
    head::Head,
    in_memory::matrix,
    labels::{Labels, joined},
    notes::{Note, NoteCode, Notes},
    precision::Precision,
    reader::{Place, Reader},
    reading::{Features, LoadOptions, Missing},
    values::Values,
};

/// The size in bytes of labels and pass-through columns at which a chunk ends, even if it has few rows.
const MAX_TEXT_BYTES: usize = 1 << 24;

/// An open table.
pub(in crate::source) struct Table {
    pub(super) path: PathBuf,
    records: Box<dyn Rows>,
    pub(super) columns: Columns,
    pub(super) head: Head,
    /// The notes of the open file, before its rows are read.
    opening_notes: Notes,
    pub(super) dialect: Dialect,
    missing: Missing,
    pub(super) booleans: Booleans,
    precision: Precision,
    /// The labels that are notations of a missing value.
    missing_labels: BTreeSet<String>,
    /// The number of rows read.
    pub(super) read: usize,
    /// Whether an option selects the features by --columns.
    pub(super) has_selection: bool,
    /// Whether the same options could read a mixed table.
    pub(super) may_be_mixed: bool,
    /// The schema of the pass-through columns.
    schema: Arc<Schema>,
    /// Rows that were read to detect a header, and are still to be returned.
    pending: VecDeque<Record>,
    pub(super) record: Record,
    /// The line of each row of the last chunk, if all columns pass through.
    lines: Option<Vec<u64>>,
}

/// The rows of a chunk while it is read.
struct RowBuffer {
    count: usize,
    values: Vec<f32>,
    labels: Vec<String>,
    others: Vec<StringBuilder>,
    /// The size in bytes of labels and pass-through columns.
    text_bytes: usize,
}

impl Table {
    pub(super) fn open(path: &Path, options: &LoadOptions) -> Result<Self, DataError> {
        let text = open_text(path, options.limits.unpack)?;
        let dialect = Dialect::of(path, &options.reading, text.separator)?;
        let mut notes = Notes::default();
        notes.extend(text.separator.map(|separator| separator_note(path, separator, dialect)));
        Self::of(path, Box::new(Records::new(path, text, dialect)), dialect, notes, options)
    }

    /// Reads records, whose first one may contain the names of the columns. `opening` are notes on the file.
    pub(in crate::source) fn of(
        path: &Path,
        mut records: Box<dyn Rows>,
        dialect: Dialect,
        opening: Notes,
        options: &LoadOptions,
    ) -> Result<Self, DataError> {
        let (mut first, mut second) = (Record::default(), Record::default());
        if !records.next(&mut first)? {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        let has_second = records.next(&mut second)?;
        let mut columns = Columns::of(path, &first, &second, dialect, options)?;
        let first = (columns.heading == Heading::None).then_some(first);
        let second = has_second.then_some(second);
        let mut notes = std::mem::take(&mut columns.notes);
        notes.extend(opening);
        let (booleans, precision) = (Booleans::new(columns.sample.len()), Precision::new(columns.sample.len()));
        let fields: Vec<_> =
            columns.others.iter().map(|(_, name)| Field::new(name.as_str(), DataType::Utf8, false)).collect();
        let head = Head {
            sample_shape: vec![columns.sample_names.as_ref().map_or(columns.sample.len(), Vec::len)],
            is_bytes: false,
            range: None,
            columns: columns.sample_names.take(),
            rows: None,
            has_labels: !columns.labels.is_empty(),
            roles: columns.roles,
            date_columns: None,
            table: None,
            notes,
        };
        Ok(Table {
            path: path.to_owned(),
            records,
            columns,
            opening_notes: head.notes.clone(),
            head,
            dialect,
            missing: options.reading.missing.unwrap_or_default(),
            booleans,
            precision,
            missing_labels: BTreeSet::new(),
            read: 0,
            has_selection: options.reading.columns.is_some(),
            may_be_mixed: options.may_be_mixed(),
            schema: Arc::new(Schema::new(fields)),
            pending: first.into_iter().chain(second).collect(),
            record: Record::default(),
            lines: (options.features == Features::PassThrough).then(Vec::new),
        })
    }

    /// Reads the next row. Returns `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, DataError> {
        match self.pending.pop_front() {
            Some(record) => {
                self.record = record;
                Ok(true)
            }
            None => self.records.next(&mut self.record),
        }
    }

    /// Appends the current row to `rows`.
    fn add(&mut self, rows: &mut RowBuffer) -> Result<(), DataError> {
        let (expected, found) = (self.columns.width, self.record.len());
        if found != expected {
            let (path, line, advice) = (self.path.clone(), self.record.line, self.ragged_advice());
            return Err(DataError::Ragged { path, line, expected, found, advice });
        }
        for feature in 0..self.columns.sample.len() {
            match self.dialect.numbers.parse(self.record.cell(self.columns.sample[feature])) {
                Cell::Number(number) if !self.booleans.contains(feature) => {
                    rows.values.push(number);
                    if self.precision.add(feature, number) {
                        self.compare(feature, number);
                    }
                }
                Cell::Number(_) | Cell::Missing | Cell::OutOfRange | Cell::Text => {
                    let value = self.parse_special(feature)?;
                    rows.values.push(value);
                }
            }
        }
        self.read += 1;
        if let Some(lines) = &mut self.lines {
            lines.push(self.record.line);
        }
        match self.columns.labels[..] {
            [] => {}
            [column] => {
                let label = self.label(column)?.to_owned();
                if is_missing_word(label.as_bytes()) {
                    self.missing_labels.insert(label.clone());
                }
                rows.labels.push(label);
            }
            [..] => {
                let values = self.columns.labels.iter().map(|&column| self.label(column).map(Cow::Borrowed));
                rows.labels.push(joined(values.collect::<Result<Vec<_>, _>>()?.into_iter()));
            }
        }
        let columns = &self.columns;
        for (&(column, _), into) in columns.others.iter().zip(&mut rows.others) {
            let text = self.text(column)?;
            into.append_value(text);
            rows.text_bytes += text.len() + size_of::<i32>();
        }
        rows.count += 1;
        Ok(())
    }

    /// Parses a cell that is not a plain number: it has spaces, or is a boolean, missing, out of range or text.
    #[cold]
    fn parse_special(&mut self, feature: usize) -> Result<f32, DataError> {
        let column = self.columns.sample[feature];
        let content = content(self.record.cell(column), self.dialect.quote);
        let (path, line) = (|| self.path.clone(), self.record.line);
        let column = || self.columns.column_label(column, &self.head);
        let kind = self.dialect.numbers.parse(content);
        let Some(text) = text(content) else { return Err(DataError::NotText { path: path(), line }) };
        match kind {
            Cell::Number(number) if !self.booleans.contains(feature) => {
                if self.precision.add(feature, number) {
                    self.compare(feature, number);
                }
                Ok(number)
            }
            Cell::Missing if self.missing != Missing::Refuse => {
                self.booleans.add_missing(feature, self.read);
                Ok(f32::NAN)
            }
            Cell::Missing => {
                Err(DataError::CellMissing { path: path(), line, column: column(), cell: shortened(text) })
            }
            Cell::OutOfRange => {
                Err(DataError::CellBeyond { path: path(), line, column: column(), cell: shortened(text) })
            }
            Cell::Number(_) | Cell::Text => {
                if let Some(value) = self.booleans.value(feature, self.read, content) {
                    return Ok(value);
                }
                let advice = self.notation_advice(feature, text);
                let is_plain_text = advice.is_none();
                let advice = advice.unwrap_or_else(|| self.text_advice(feature, text));
                let error = DataError::Cell {
                    path: path(),
                    line,
                    column: column(),
                    cell: shortened(text),
                    advice: advice.into(),
                };
                let columns = if is_plain_text { self.text_columns()? } else { None };
                Err(columns.unwrap_or(error))
            }
        }
    }

    /// Compares a number with its rounded value.
    #[cold]
    fn compare(&mut self, feature: usize, rounded: f32) {
        let content = content(self.record.cell(self.columns.sample[feature]), self.dialect.quote);
        if let Some(exact) = self.dialect.numbers.exact(content) {
            self.precision.add_exact(feature, exact, rounded);
        }
    }

    /// Updates the notes that rows can add to.
    fn add_notes(&mut self) {
        let name = |feature| column_label(feature, self.head.columns.as_deref());
        let place = self.path.display();
        let notes = [
            self.booleans.note(&place, name),
            self.precision.note(&place, name),
            missing_words_note(&self.path, &self.missing_labels),
            self.blank_lines_note(),
        ];
        self.head.notes = self.opening_notes.clone();
        self.head.notes.extend(notes.into_iter().flatten());
    }

    /// Counts blank lines in a table of one column, where some programs write a missing value as a blank line.
    fn blank_lines_note(&self) -> Option<Note> {
        let count = self.records.blank_lines();
        let text = format!(
            "{} passed over; if they are missing values, write them as NA",
            if count == 1 { "a blank line was".to_owned() } else { format!("{count} blank lines were") }
        );
        (self.columns.width == 1 && count > 0).then(|| Note::new(NoteCode::Notation, self.path.display(), text))
    }

    fn label(&self, column: usize) -> Result<&str, DataError> {
        let label = self.text(column)?;
        let (path, line) = (|| self.path.clone(), self.record.line);
        if label.is_empty() {
            let column = self.columns.column_label(column, &self.head);
            return Err(DataError::LabelEmpty { path: path(), line, column });
        }
        if self.columns.heading == Heading::NamesByLabel && !is_integer(label.as_bytes()) {
            return Err(DataError::LabelHeading { path: path(), line, label: shortened(label) });
        }
        Ok(label)
    }

    fn text(&self, column: usize) -> Result<&str, DataError> {
        text(content(self.record.cell(column), self.dialect.quote))
            .ok_or_else(|| DataError::NotText { path: self.path.clone(), line: self.record.line })
    }
}

impl Reader for Table {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        if let Some(lines) = &mut self.lines {
            lines.clear();
        }
        let mut rows = RowBuffer {
            count: 0,
            values: Vec::new(),
            labels: Vec::new(),
            others: self.columns.others.iter().map(|_| StringBuilder::with_capacity(0, 0)).collect(),
            text_bytes: 0,
        };
        while rows.count < max_rows.max(1) && rows.text_bytes < MAX_TEXT_BYTES && self.advance()? {
            self.add(&mut rows)?;
        }
        if rows.count == 0 {
            return if self.read > 0 { Ok(None) } else { Err(DataError::NoRows { path: self.path.clone() }) };
        }
        self.add_notes();
        let others: Vec<ArrayRef> =
            rows.others.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let others = (!others.is_empty()).then(|| RecordBatch::try_new(Arc::clone(&self.schema), others));
        Ok(Some(Chunk {
            values: Values::F32(match self.columns.sample.len() {
                0 => Array2::zeros((rows.count, 0)),
                features => matrix(rows.values, features),
            }),
            labels: self.head.has_labels.then_some(Labels::Text(rows.labels)),
            others: others.transpose().map_err(DataError::column)?,
            recorded: None,
        }))
    }

    fn place(&self, row: usize) -> Option<Place> {
        let line = *self.lines.as_ref()?.get(row)?;
        Some(Place { path: self.path.clone(), position: format!("line {line}") })
    }
}

/// Says that the first line names the delimiter.
fn separator_note(path: &Path, separator: u8, dialect: Dialect) -> Note {
    let separator = char::from(separator);
    let text = if dialect.delimiter == separator as u8 {
        format!("the first line, `sep={separator}`, sets the delimiter")
    } else {
        format!("the first line, `sep={separator}`, is not used, because --delimiter sets another one")
    };
    Note::new(NoteCode::Notation, path.display(), text)
}
