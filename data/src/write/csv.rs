//! Writes comma-separated text: a header, then one line per row with the pass-through columns and the features.

use std::{fmt::Write as _, io::Write};

use arrow_array::RecordBatch;
use arrow_schema::Field;
use ndarray::{ArrayViewD, Axis};

use super::{
    cell,
    error::WriteError,
    layout::{Layout, check_others, other_fields},
};

/// The number of bytes per write.
const BLOCK_BYTES: usize = 1 << 16;

pub(super) struct CsvRows<W> {
    into: W,
    text: String,
    names: Vec<String>,
    others: Vec<Field>,
    may_miss: bool,
}

impl<W: Write> CsvRows<W> {
    /// Writes the header.
    pub(super) fn begin(into: W, layout: &Layout, others: Option<&RecordBatch>) -> Result<Self, WriteError> {
        let names = layout.names();
        let fields = other_fields(&names, others);
        let mut text = String::new();
        for name in fields.iter().map(|field| field.name()).chain(&names) {
            add_cell(&mut text, name);
        }
        end_line(&mut text);
        Ok(CsvRows { into, text, names, others: fields, may_miss: layout.may_miss() })
    }

    pub(super) fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> Result<(), WriteError> {
        check_others(&self.others, &self.names, others)?;
        let columns = others.map_or(&[][..], RecordBatch::columns);
        let mut text = String::new();
        for (row, values) in rows.axis_iter(Axis(0)).enumerate() {
            let start = self.text.len();
            for column in columns {
                text.clear();
                // A missing value is an empty cell.
                cell::add(column, row, &mut text).map_err(WriteError::Columns)?;
                add_cell(&mut self.text, &text);
            }
            for value in &values {
                if self.may_miss && value.is_nan() {
                    self.text.push(',');
                } else {
                    let _ = write!(self.text, "{value},");
                }
            }
            // Readers skip an empty line, so the only cell of a line is quoted if it is empty.
            if self.text.len() == start + 1 {
                self.text.insert_str(start, "\"\"");
            }
            end_line(&mut self.text);
            if self.text.len() >= BLOCK_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.into.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W, WriteError> {
        self.flush()?;
        self.into.flush()?;
        Ok(self.into)
    }
}

/// Appends a cell and a comma. Quotes the cell if RFC 4180 requires it, or if a reader would trim spaces.
fn add_cell(text: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) || cell.trim() != cell {
        let _ = write!(text, "\"{}\",", cell.replace('"', "\"\""));
    } else {
        let _ = write!(text, "{cell},");
    }
}

/// Replaces the last comma of a line by a line end.
fn end_line(text: &mut String) {
    text.pop();
    text.push('\n');
}
