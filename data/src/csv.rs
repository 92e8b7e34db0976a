//! CSV: comma-separated finite numbers, a sample a line, with or without a header.

mod columns;

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use ::csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord, Trim};
use ndarray::Array2;

use self::columns::{Columns, Header};
use crate::{dataset::matrix, error::DataError, labels::Labels};

/// What a file holds: `[rows, columns]` without the label column.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) values: Array2<f32>,
    pub(crate) labels: Option<Labels>,
}

/// Reads a table; `label_column` is a number from 0, or a name in the header.
pub(crate) fn read(path: &Path, label_column: Option<&str>) -> Result<Table, DataError> {
    let (columns, cells) = read_cells(path, |first| Columns::of(path, first, label_column))?;
    let features = columns.width - usize::from(columns.label.is_some());
    if features == 0 {
        return Err(DataError::NoFeatures { path: path.to_owned() });
    }
    let labels = columns.label.map(|_| Labels::from_text(cells.labels));
    Ok(Table { values: matrix(cells.values, features), labels })
}

/// Reads the labels in a file of one column.
pub(crate) fn read_labels(path: &Path) -> Result<Labels, DataError> {
    let (_, cells) = read_cells(path, |first| {
        check_width(path, first, 1)?;
        Ok(Columns { width: 1, label: Some(0), header: Header::IfLabelsAreIntegers })
    })?;
    Ok(Labels::from_text(cells.labels))
}

#[derive(Default)]
struct Cells {
    values: Vec<f32>,
    labels: Vec<String>,
}

impl Cells {
    fn add(&mut self, path: &Path, row: &StringRecord, columns: &Columns) -> Result<(), DataError> {
        check_width(path, row, columns.width)?;
        for (column, cell) in row.iter().enumerate() {
            let place = || (path.to_owned(), line(path, row.position()), columns.place(column));
            if columns.label == Some(column) {
                if cell.is_empty() {
                    let (path, line, column) = place();
                    return Err(DataError::LabelEmpty { path, line, column });
                }
                self.labels.push(cell.to_owned());
            } else {
                match cell.parse::<f32>() {
                    Ok(value) if value.is_finite() => self.values.push(value),
                    Ok(_) | Err(_) => {
                        let (path, line, column) = place();
                        let cell = shortened(cell);
                        return Err(DataError::Cell { path, line, column, cell });
                    }
                }
            }
        }
        Ok(())
    }

    /// Drops the first row where its label is text and those of the other rows are integers.
    fn drop_header_row(&mut self, features: usize) {
        let is_integer = |label: &String| label.parse::<i64>().is_ok();
        if let [first, others @ ..] = &self.labels[..]
            && !others.is_empty()
            && !is_integer(first)
            && others.iter().all(is_integer)
        {
            self.labels.remove(0);
            self.values.drain(..features);
        }
    }
}

fn read_cells(
    path: &Path,
    columns: impl FnOnce(&StringRecord) -> Result<Columns, DataError>,
) -> Result<(Columns, Cells), DataError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_path(path)
        .map_err(|error| refused(path, error))?;
    let mut row = StringRecord::new();
    if !next(&mut reader, path, &mut row)? {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let columns = columns(&row)?;
    let mut cells = Cells::default();
    let mut rows_left = match columns.header {
        Header::Names(_) => next(&mut reader, path, &mut row)?,
        Header::None | Header::IfLabelsAreIntegers => true,
    };
    while rows_left {
        cells.add(path, &row, &columns)?;
        rows_left = next(&mut reader, path, &mut row)?;
    }
    if let Header::IfLabelsAreIntegers = columns.header {
        cells.drop_header_row(columns.width - 1);
    }
    if cells.values.is_empty() && cells.labels.is_empty() {
        return Err(DataError::NoRows { path: path.to_owned() });
    }
    Ok((columns, cells))
}

fn next<R: std::io::Read>(reader: &mut Reader<R>, path: &Path, row: &mut StringRecord) -> Result<bool, DataError> {
    reader.read_record(row).map_err(|error| refused(path, error))
}

fn refused(path: &Path, error: ::csv::Error) -> DataError {
    let path = path.to_owned();
    let line = line(&path, error.position());
    match error.into_kind() {
        ErrorKind::Io(source) => DataError::Io { path, source },
        // A flexible reader of text meets no other fault than bytes that are not text.
        _ => DataError::NotText { path, line },
    }
}

fn check_width(path: &Path, row: &StringRecord, expected: usize) -> Result<(), DataError> {
    if row.len() == expected {
        return Ok(());
    }
    let (path, line, found) = (path.to_owned(), line(path, row.position()), row.len());
    Err(DataError::Ragged { path, line, expected, found })
}

/// The line of a row that is refused. The reader's count stops before the blank lines that it skips,
/// so they are looked at again.
fn line(path: &Path, position: Option<&Position>) -> u64 {
    let (line, byte) = position.map_or((1, 0), |at| (at.line(), at.byte()));
    line + blank_lines(path, byte).unwrap_or(0)
}

fn blank_lines(path: &Path, byte: u64) -> std::io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    file.seek(SeekFrom::Start(byte))?;
    let mut lines = 0;
    while let Some(end @ (b'\r' | b'\n')) = file.fill_buf()?.first() {
        lines += u64::from(*end == b'\n');
        file.consume(1);
    }
    Ok(lines)
}

/// A cell as an error shows it: a stray quote can make a cell of half a file.
fn shortened(cell: &str) -> String {
    const SHOWN: usize = 40;
    match cell.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", cell.get(..end).unwrap_or(cell)),
        None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn read_text(text: impl AsRef<[u8]>, label_column: Option<&str>) -> Result<Table, DataError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).expect("written");
        read(&path, label_column)
    }

    #[test]
    fn header_byte_order_mark_spaces_and_line_ends_do_not_matter() {
        let texts = ["1,2\n3,4", "a,b\n1,2\n3,4\n", "\u{feff}a,b\r\n1,2\r\n3,4\r\n", "\u{feff}1, 2\n\n3,4 "];
        for text in texts {
            let table = read_text(text, None).expect(text);
            assert_eq!(table.values, array![[1.0, 2.0], [3.0, 4.0]], "{text:?}");
            assert_eq!(table.labels, None);
        }
    }

    #[test]
    fn label_column_is_taken_out_by_name_or_number() {
        let integers = Labels::Integers(vec![7, 8]);
        let text = Labels::Text(vec!["cat".to_owned(), "dog".to_owned()]);
        let cases = [
            ("a,kind,b\n1,7,2\n3,8,4\n", "kind", &integers),
            ("a,kind,b\n1,7,2\n3,8,4\n", "1", &integers),
            ("1,7,2\n3,8,4\n", "1", &integers),
            ("1,2,cat\n3,4,dog\n", "2", &text),
            ("0,1,label\n1,2,7\n3,4,8\n", "2", &integers),
            ("a,b,2024\n1,2,7\n3,4,8\n", "2024", &integers),
        ];
        for (file, column, labels) in cases {
            let table = read_text(file, Some(column)).expect(file);
            assert_eq!(table.values, array![[1.0, 2.0], [3.0, 4.0]], "{file:?}");
            assert_eq!(table.labels.as_ref(), Some(labels), "{file:?}");
        }
    }

    #[test]
    fn a_single_row_with_a_label_of_text_is_a_sample() {
        let table = read_text("1,2,cat\n", Some("2")).expect("a sample");
        assert_eq!(table.values, array![[1.0, 2.0]]);
        assert_eq!(table.labels, Some(Labels::Text(vec!["cat".to_owned()])));
    }

    #[test]
    fn faults_are_named_with_line_and_column() {
        let cases: [(&[u8], Option<&str>, &str); 16] = [
            (b"", None, "is empty"),
            (b"\n\n", None, "is empty"),
            (b"a,b\n", None, "has no rows"),
            (b"label\n1\n", Some("label"), "0 features"),
            (b"a,b\n1,2\n3\n", None, "line 3 has 1 cells, expected 2"),
            (b"a,b\n1,2\n3,x\n", None, "line 3, column 1 (`b`) is `x`, expected a finite number"),
            (b"1,2\n\n\n3,x\n", None, "line 4, column 1 is `x`"),
            (b"1,2\r\n\r\n3,4\r\n5,x\r\n", None, "line 4, column 1 is `x`"),
            (b"1,2\n3,\n", None, "line 2, column 1 is ``"),
            (b"1,\n3,4\n", None, "line 1, column 1 is ``"),
            (b"1,2\n3,NaN\n", None, "line 2, column 1 is `NaN`"),
            (b"1,2\n3,1e39\n", None, "line 2, column 1 is `1e39`"),
            (b"a,b\n1,2\n3,\n", Some("b"), "line 3, column 1 (`b`) is empty, expected a label"),
            (b"a,b\n1,2\n", Some("c"), "no column `c`"),
            (b"1,2\n", Some("2"), "a number from 0 to 1 (the file has no header)"),
            (b"1,2\n3,\xff\n", None, "line 2 is not UTF-8"),
        ];
        for (text, label_column, expected) in cases {
            let message = read_text(text, label_column).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }

    #[test]
    fn a_file_of_labels_has_one_column() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, "1,2\n").expect("written");
        let error = read_labels(&path).expect_err("two columns");
        assert!(error.to_string().contains("line 1 has 2 cells, expected 1"), "{error}");
    }
}
