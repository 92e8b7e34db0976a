//! The bytes of a table: unpacked where they are gzipped, without the mark that says that they are UTF-8.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek},
    path::Path,
};

use crate::{
    error::DataError,
    unpack::{GZIP, gunzip, unpacking_error},
};

const UTF_8: &[u8] = b"\xef\xbb\xbf";
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Opens a table, which may unpack to `times` its size where it is gzipped; its content tells, not its name.
pub(super) fn open(path: &Path, times: u32) -> Result<Box<dyn Read + Send>, DataError> {
    let refused = |source| DataError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(refused)?;
    let start = first_bytes(&mut file, GZIP.len()).map_err(refused)?;
    let mut text: Box<dyn Read + Send> = if start == GZIP {
        file.rewind().map_err(refused)?;
        Box::new(gunzip(file, times))
    } else {
        Box::new(Cursor::new(start).chain(file))
    };
    let start = first_bytes(&mut text, UTF_8.len()).map_err(|source| unpacking_error(path, source))?;
    if UTF_16.iter().any(|mark| start.starts_with(mark)) {
        return Err(DataError::Utf16 { path: path.to_owned() });
    }
    let start = if start == UTF_8 { Vec::new() } else { start };
    Ok(Box::new(Cursor::new(start).chain(text)))
}

/// So many bytes, or all that there are.
fn first_bytes(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
