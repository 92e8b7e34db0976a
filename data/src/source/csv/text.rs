//! Opens the text of a table: unpacks gzip, and removes the UTF-8 byte order mark and the line `sep=;` of Excel.

use std::{
    io::{self, Cursor, Read, Seek},
    path::Path,
};

use crate::{
    error::DataError,
    standard_input,
    unpack::{GZIP, gunzip, unpacking_error},
};

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const SEPARATOR: &[u8] = b"sep=";
/// The length of a byte order mark and a line `"sep=;"` with two characters as the line end.
const START_BYTES: usize = 12;
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// The text of a table.
pub(in crate::source) struct Text {
    pub(in crate::source) reader: Box<dyn Read + Send>,
    /// The delimiter that a first line `sep=;` names. The line is not part of the text.
    pub(super) separator: Option<u8>,
}

/// Opens a table. Gzip is recognised by the content, not by the name, and may unpack to `times` the compressed size.
pub(in crate::source) fn open(path: &Path, times: u32) -> Result<Text, DataError> {
    let io_error = |source| DataError::Io { path: path.to_owned(), source };
    let mut file = standard_input::open(path).map_err(io_error)?;
    let start = first_bytes(&mut file, GZIP.len()).map_err(io_error)?;
    let mut text: Box<dyn Read + Send> = if start == GZIP {
        file.rewind().map_err(io_error)?;
        Box::new(gunzip(file, times))
    } else {
        Box::new(Cursor::new(start).chain(file))
    };
    let start = first_bytes(&mut text, START_BYTES).map_err(|source| unpacking_error(path, source))?;
    if UTF_16_MARKS.iter().any(|mark| start.starts_with(mark)) {
        return Err(DataError::Utf16 { path: path.to_owned() });
    }
    let content = start.strip_prefix(UTF_8_MARK).unwrap_or(&start);
    let (separator, content) = match separator_line(content) {
        Some((separator, rest)) => (Some(separator), rest),
        None => (None, content),
    };
    Ok(Text { reader: Box::new(Cursor::new(content.to_vec()).chain(text)), separator })
}

/// Parses a first line `sep=;`, which Excel reads and writes, also in quotes. Returns the character and the rest.
fn separator_line(content: &[u8]) -> Option<(u8, &[u8])> {
    let (is_quoted, content) = match content.strip_prefix(b"\"") {
        Some(content) => (true, content),
        None => (false, content),
    };
    let (keyword, content) = content.split_at_checked(SEPARATOR.len())?;
    let (&separator, content) = content.split_first().filter(|_| keyword.eq_ignore_ascii_case(SEPARATOR))?;
    let content = if is_quoted { content.strip_prefix(b"\"")? } else { content };
    let rest = content.strip_prefix(b"\r\n").or(content.strip_prefix(b"\n")).or(content.strip_prefix(b"\r"))?;
    (separator.is_ascii() && !separator.is_ascii_alphanumeric()).then_some((separator, rest))
}

/// Reads the first `count` bytes, or all if there are fewer.
fn first_bytes(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
