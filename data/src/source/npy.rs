//! NPY, the format of NumPy for one array: samples `[rows, ...sample shape]`, or integer labels `[rows]`.

pub(crate) mod dictionary;
mod fortran;
pub(crate) mod header;

use std::{fs::File, path::Path};

use self::{fortran::FortranRows, header::Header};
use crate::{
    error::DataError,
    file_rows::FileRows,
    labels::Labels,
    packed,
    reader::Opened,
    reading::{LoadOptions, Missing},
    standard_input,
};

/// Opens an array of samples. Row-major arrays have random access, column-major arrays are read sequentially.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let (mut file, length) = open_file(path)?;
    let header = Header::read(path, &mut file)?;
    let start = header.length;
    open_at(path, file, start, length.saturating_sub(start), &header, options.reading.missing.unwrap_or_default())
}

/// Opens an array whose values are the `length` bytes from the byte `start` of a file. `path` is for error messages.
pub(crate) fn open_at(
    path: &Path,
    file: File,
    start: u64,
    length: u64,
    header: &Header,
    missing: Missing,
) -> Result<Opened, DataError> {
    let array = header.array(path)?;
    let head = array.head(path)?;
    array.check_length(path, length)?;
    if header.is_row_major() {
        let rows = FileRows::new(file, path, array.element, start, array.rows(), array.features());
        return Ok(Opened::Rows(head, rows));
    }
    Ok(Opened::Reader(Box::new(FortranRows::new(path.to_owned(), file, start, array, missing)?)))
}

/// Reads the labels, one per row. Floats become text.
pub(crate) fn read_labels(path: &Path) -> Result<Labels, DataError> {
    let (mut file, length) = open_file(path)?;
    let header = Header::read(path, &mut file)?;
    let array = header.array(path)?;
    array.check_length(path, length.saturating_sub(header.length))?;
    packed::read_labels(path, array, header.order(), file)
}

fn open_file(path: &Path) -> Result<(File, u64), DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let file = standard_input::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    Ok((file, length))
}

#[cfg(test)]
mod tests;
