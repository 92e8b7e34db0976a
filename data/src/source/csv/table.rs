//! Reads a CSV table: converts records to samples, labels and pass-through columns.

use std::{collections::VecDeque, path::Path, path::PathBuf, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema};

use super::{
    cells::{Cell, content, shortened, text},
    columns::Columns,
    dialect::Dialect,
    heading::{Heading, is_integer},
    records::{Record, Records},
};
use crate::{
    chunk::Chunk,
    error::DataError,
    head::Head,
    in_memory::matrix,
    labels::Labels,
    reader::Reader,
    reading::{LoadOptions, Missing},
    values::Values,
};

/// The size in bytes of labels and pass-through columns at which a chunk ends, even if it has few rows.
const MAX_TEXT_BYTES: usize = 1 << 24;

/// An open table.
pub(super) struct Table {
    path: PathBuf,
    records: Records,
    columns: Columns,
    head: Head,
    quote: u8,
    missing: Missing,
    /// Whether an option selects the features by --columns.
    has_selection: bool,
    /// The schema of the pass-through columns.
    schema: Arc<Schema>,
    /// Rows that were read to detect a header, and are still to be returned.
    pending: VecDeque<Record>,
    record: Record,
    /// Whether any row has been read.
    has_rows: bool,
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
        let dialect = Dialect::of(path, &options.reading)?;
        let mut records = Records::open(path, dialect, options.limits.unpack)?;
        let (mut first, mut second) = (Record::default(), Record::default());
        if !records.next(&mut first)? {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        let has_second = records.next(&mut second)?;
        let mut columns = Columns::of(path, &first, &second, dialect.quote, &options.reading)?;
        let first = (columns.heading == Heading::None).then_some(first);
        let second = has_second.then_some(second);
        let fields: Vec<_> =
            columns.others.iter().map(|(_, name)| Field::new(name.as_str(), DataType::Utf8, false)).collect();
        let head = Head {
            sample_shape: vec![columns.sample.len()],
            is_bytes: false,
            range: None,
            columns: columns.sample_names.take(),
            rows: None,
            has_labels: columns.label.is_some(),
            roles: columns.roles,
        };
        Ok(Table {
            path: path.to_owned(),
            records,
            columns,
            head,
            quote: dialect.quote,
            missing: options.reading.missing.unwrap_or_default(),
            has_selection: options.reading.columns.is_some(),
            schema: Arc::new(Schema::new(fields)),
            pending: first.into_iter().chain(second).collect(),
            record: Record::default(),
            has_rows: false,
        })
    }

    /// Reads the next row. Returns `false` at the end.
    fn advance(&mut self) -> Result<bool, DataError> {
        match self.pending.pop_front() {
            Some(record) => {
                self.record = record;
                Ok(true)
            }
            None => self.records.next(&mut self.record),
        }
    }

    /// Appends the current row to `rows`.
    fn add(&self, rows: &mut RowBuffer) -> Result<(), DataError> {
        let (record, columns) = (&self.record, &self.columns);
        let (expected, found) = (columns.width, record.len());
        if found != expected {
            return Err(DataError::Ragged { path: self.path.clone(), line: record.line, expected, found });
        }
        for &column in &columns.sample {
            let cell = record.cell(column);
            match Cell::of(cell) {
                Cell::Number(number) => rows.values.push(number),
                Cell::Missing | Cell::OutOfRange | Cell::Text => rows.values.push(self.parse_special(column, cell)?),
            }
        }
        if let Some(column) = columns.label {
            rows.labels.push(self.label(column)?.to_owned());
        }
        for (&(column, _), into) in columns.others.iter().zip(&mut rows.others) {
            let text = self.text(column)?;
            into.append_value(text);
            rows.text_bytes += text.len() + size_of::<i32>();
        }
        rows.count += 1;
        Ok(())
    }

    /// Parses a cell that is not a plain number: it has spaces, or is missing, out of range or text.
    #[cold]
    fn parse_special(&self, column: usize, cell: &[u8]) -> Result<f32, DataError> {
        let content = content(cell, self.quote);
        let (path, line) = (|| self.path.clone(), self.record.line);
        let column = || self.columns.column_label(column, &self.head);
        let kind = Cell::of(content);
        let Some(text) = text(content) else { return Err(DataError::NotText { path: path(), line }) };
        match kind {
            Cell::Number(number) => Ok(number),
            Cell::Missing if self.missing != Missing::Refuse => Ok(f32::NAN),
            Cell::Missing => {
                Err(DataError::CellMissing { path: path(), line, column: column(), cell: shortened(text) })
            }
            Cell::OutOfRange => {
                Err(DataError::CellBeyond { path: path(), line, column: column(), cell: shortened(text) })
            }
            Cell::Text => {
                let advice = self.advice(text);
                Err(DataError::Cell { path: path(), line, column: column(), cell: shortened(text), advice })
            }
        }
    }

    /// Returns what to do about a cell of text in a column of numbers.
    fn advice(&self, cell: &str) -> &'static str {
        let is_number = |text: &str| matches!(Cell::of(text.trim().as_bytes()), Cell::Number(_));
        let has_delimiter =
            cell.contains([';', '\t', '|']) || cell.split_whitespace().filter(|&part| is_number(part)).count() > 1;
        match (self.columns.width, self.has_selection) {
            (1, _) if has_delimiter => "set the character that separates the cells with --delimiter",
            _ if is_number(&cell.replacen(',', ".", 1)) => "write the number with a decimal point",
            (_, true) => "correct the cell, or leave the column out of --columns",
            (_, false) => {
                "correct the cell, exclude the column with --ignore, or use it as the labels with --label-column"
            }
        }
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
        text(content(self.record.cell(column), self.quote))
            .ok_or_else(|| DataError::NotText { path: self.path.clone(), line: self.record.line })
    }
}

impl Reader for Table {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
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
            return if self.has_rows { Ok(None) } else { Err(DataError::NoRows { path: self.path.clone() }) };
        }
        self.has_rows = true;
        let others: Vec<ArrayRef> =
            rows.others.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let others = (!others.is_empty()).then(|| RecordBatch::try_new(Arc::clone(&self.schema), others));
        Ok(Some(Chunk {
            values: Values::F32(matrix(rows.values, self.columns.sample.len())),
            labels: self.head.has_labels.then_some(Labels::Text(rows.labels)),
            others: others.transpose().map_err(DataError::column)?,
            recorded: None,
        }))
    }
}
