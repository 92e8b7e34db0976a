//! A temporary file for rows that exceed the memory limit and whose own file has no random access (compressed, in
//! columns, or text). They are written once to the temporary file and read from there.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{element::Element, error::DataError, file_rows::FileRows, row::Row, values::Values};

/// A temporary file without a name. The system deletes it when the process ends.
pub(crate) struct Spool {
    source: PathBuf,
    file: BufWriter<File>,
    element: Element,
    features: usize,
    rows: usize,
}

impl Spool {
    /// Creates a file for rows of bytes or floats. `source` is for error messages.
    pub(crate) fn new(source: &Path, is_bytes: bool, features: usize) -> Result<Self, DataError> {
        let file = tempfile::tempfile().map_err(|error| spool_error(source, error))?;
        let element = if is_bytes { Element::BYTE } else { Element::FLOAT };
        Ok(Spool {
            source: source.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
            element,
            features,
            rows: 0,
        })
    }

    /// Appends rows.
    pub(crate) fn add(&mut self, values: &Values) -> Result<(), DataError> {
        let mut outcome = Ok(());
        let mut bytes = Vec::new();
        values.visit(0..values.rows(), |_, row| {
            if outcome.is_ok() {
                outcome = match row {
                    Row::U8(row) => self.file.write_all(row),
                    Row::F32(row) => {
                        bytes.clear();
                        bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
                        self.file.write_all(&bytes)
                    }
                };
            }
        })?;
        self.rows += values.rows();
        outcome.map_err(|error| spool_error(&self.source, error))
    }

    /// Flushes the file and returns all rows.
    pub(crate) fn finish(self) -> Result<FileRows, DataError> {
        let file = self.file.into_inner().map_err(|error| spool_error(&self.source, error.into_error()))?;
        Ok(FileRows::new(file, &self.source, self.element, 0, self.rows, self.features))
    }
}

fn spool_error(source: &Path, error: io::Error) -> DataError {
    DataError::Spool { path: source.to_owned(), folder: std::env::temp_dir(), source: error }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_are_read_back_in_order() {
        let mut spool = Spool::new(Path::new("x"), false, 2).expect("a file");
        spool.add(&Values::F32(array![[1.0, 2.0], [3.0, f32::MIN]])).expect("enough disk space");
        spool.add(&Values::F32(array![[5.0, 6.0]])).expect("enough disk space");
        let rows = spool.finish().expect("enough disk space");
        let expected = Values::F32(array![[5.0, 6.0], [3.0, f32::MIN]]);
        assert_eq!(Values::from(rows.select(&[2, 1]).expect("a file of this test")), expected);
    }
}
