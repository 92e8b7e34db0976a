//! Opens the text of a table: unpacks gzip, and removes the UTF-8 byte order mark.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek},
    path::Path,
};

use crate::{
    error::DataError,
    unpack::{GZIP, gunzip, unpacking_error},
};

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Opens a table. Gzip is recognised by the content, not by the name, and may unpack to `times` the compressed size.
pub(super) fn open(path: &Path, times: u32) -> Result<Box<dyn Read + Send>, DataError> {
    let io_error = |source| DataError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io_error)?;
    let start = first_bytes(&mut file, GZIP.len()).map_err(io_error)?;
    let mut text: Box<dyn Read + Send> = if start == GZIP {
        file.rewind().map_err(io_error)?;
        Box::new(gunzip(file, times))
    } else {
        Box::new(Cursor::new(start).chain(file))
    };
    let start = first_bytes(&mut text, UTF_8_MARK.len()).map_err(|source| unpacking_error(path, source))?;
    if UTF_16_MARKS.iter().any(|mark| start.starts_with(mark)) {
        return Err(DataError::Utf16 { path: path.to_owned() });
    }
    let start = if start == UTF_8_MARK { Vec::new() } else { start };
    Ok(Box::new(Cursor::new(start).chain(text)))
}

/// Reads the first `count` bytes, or all if there are fewer.
fn first_bytes(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
