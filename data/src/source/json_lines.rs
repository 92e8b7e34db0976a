//! JSON lines: one object or one array of numbers per line, read like a CSV table.
//!
//! The keys of objects are the names of columns. A list of numbers is one column per number: `pixels_0`, `pixels_1`.
//! The first lines decide which columns there are, and later lines may leave out keys, whose values are then missing.

mod cells;
mod columns;
mod lines;

use std::path::Path;

use self::{cells::Cells, columns::Columns, lines::Lines};
use crate::{
    error::DataError,
    notes::{Note, NoteCode, Notes},
    reader::Opened,
    reading::{Header, LoadOptions, Reading},
    source::csv::{Dialect, Record, Rows, Table},
};

/// Opens the lines to read them in constant memory.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let mut lines = Lines::open(path, options.limits.unpack)?;
    let mut columns = Columns::default();
    lines.look_ahead(|line, text| {
        let mut cells = Cells::default();
        cells.parse(path, line, text)?;
        columns.add(path, line, &cells)
    })?;
    let mut notes = Notes::default();
    if let Some(text) = columns.left_out() {
        notes.add(Note::new(NoteCode::Columns, path.display(), text));
    }
    let header = if columns.has_names() { Header::Yes } else { Header::No };
    let expand = |names: &Option<Vec<String>>| {
        names.as_ref().map(|names| names.iter().flat_map(|name| columns.expanded(name)).collect())
    };
    let Reading { columns: selected, ignore, .. } = &options.reading;
    let reading =
        Reading { columns: expand(selected), ignore: expand(ignore), header: Some(header), ..options.reading.clone() };
    let records = JsonRecords { lines, columns, cells: Cells::default(), is_heading_next: header == Header::Yes };
    let options = LoadOptions { reading, ..options.clone() };
    Ok(Opened::Reader(Box::new(Table::of(path, Box::new(records), Dialect::JSON_LINES, notes, &options)?)))
}

/// Returns the lines as the records of a table.
struct JsonRecords {
    lines: Lines,
    columns: Columns,
    /// The cells of the current line, whose memory is used again.
    cells: Cells,
    /// Whether the next record is the names of the columns.
    is_heading_next: bool,
}

impl Rows for JsonRecords {
    fn next(&mut self, record: &mut Record) -> Result<bool, DataError> {
        if std::mem::take(&mut self.is_heading_next) {
            record.begin(1);
            self.columns.names().iter().for_each(|name| record.push(name.as_bytes()));
            return Ok(true);
        }
        let path = self.lines.path().to_owned();
        let Some((line, text)) = self.lines.next()? else { return Ok(false) };
        self.cells.parse(&path, line, &text)?;
        record.begin(line);
        self.columns.put(&self.cells, record).map_err(|fault| DataError::json_line(&path, line, fault))?;
        Ok(true)
    }

    /// Blank lines are no values in this format.
    fn blank_lines(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests;
