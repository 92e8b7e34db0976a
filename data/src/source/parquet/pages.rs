//! Checks the sizes that the pages of a column declare, before the decoder allocates memory.
//!
//! The decoder trusts the number of values of a dictionary and of bytes of a page, and unpacks gzip without a limit.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use ::parquet::{
    basic::{Compression, Type},
    file::metadata::{ColumnChunkMetaData, RowGroupMetaData},
};
use flate2::read::MultiGzDecoder;

use super::{
    damaged::damaged,
    declared::range,
    thrift::{Compact, STRUCT, malformed},
};
use crate::{error::DataError, unpack::check_declared};

/// The maximum number of bytes of text in a batch of rows, when rows repeat text that the file contains once.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Checks the pages of a row group. Returns the number of rows that may be decoded at a time.
///
/// A row that refers to a dictionary or to a prefix of text needs a few bits in the file, but its text can be as long
/// as the page.
pub(super) fn check(path: &Path, file: &File, group: &RowGroupMetaData, times: u32) -> Result<usize, DataError> {
    let to_error = |source: io::Error| match source.downcast::<DataError>() {
        Ok(error) => error,
        Err(source) => damaged(path, source),
    };
    let mut longest = 1;
    for column in group.columns() {
        longest = longest.max(check_column(path, file, column, times).map_err(to_error)?);
    }
    Ok(usize::try_from(MAX_TEXT_BYTES / longest).unwrap_or(usize::MAX).max(1))
}

/// The header of a page.
#[derive(Debug, Default)]
struct Page {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// The number of uncompressed bytes before the compressed data.
    levels: i64,
    /// The number of the field with the details of the page, which depends on the kind of page.
    described_by: Option<i64>,
}

impl Page {
    /// Whether it is a data page. The kind of the page and the field of its details must agree.
    fn is_data(&self) -> bool {
        matches!((self.kind, self.described_by), (0, Some(5)) | (3, Some(8)))
    }

    fn is_dictionary(&self) -> bool {
        (self.kind, self.described_by) == (2, Some(7))
    }

    fn is_index(&self) -> bool {
        self.kind == 1 && matches!(self.described_by, None | Some(6))
    }
}

/// Checks the page headers of a column. Returns the size in bytes of its largest page whose text rows can repeat.
fn check_column(path: &Path, mut file: &File, column: &ColumnChunkMetaData, times: u32) -> io::Result<u64> {
    /// The encoding of text as a prefix of the previous value and a suffix.
    const DELTA_BYTE_ARRAY: i64 = 7;
    let (start, mut remaining) = range(column).ok_or_else(|| malformed("a column starts before the file"))?;
    let is_gzip = matches!(column.compression(), Compression::GZIP(_));
    let is_text = matches!(column.column_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
    let (mut values, mut largest) = (0, 0);
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::with_capacity(1 << 12, file);
    while remaining > 0 {
        let mut header = Compact::new(reader.by_ref().take(remaining));
        let page = page(&mut header)?;
        remaining -= header.read;
        let size = |size: i64| u64::try_from(size).map_err(|_| malformed("a page has a negative size"));
        let (unpacked, packed) = (size(page.unpacked)?, size(page.packed)?);
        remaining = remaining.checked_sub(packed).ok_or_else(|| malformed("a page ends after its column"))?;
        check_declared(path, packed, unpacked.into(), times).map_err(io::Error::other)?;
        let mut consumed = 0;
        if !(page.is_data() || page.is_dictionary() || page.is_index()) {
            return Err(malformed("a page has an unknown type"));
        }
        let count = size(page.values)?;
        if is_gzip && !page.is_index() {
            consumed = size(page.levels)?.min(packed);
            reader.seek_relative(consumed as i64)?;
            let mut page_reader = reader.by_ref().take(packed - consumed);
            let limit = unpacked.saturating_sub(consumed);
            let unpacked_size =
                io::copy(&mut MultiGzDecoder::new(page_reader.by_ref()).take(limit + 1), &mut io::sink());
            // Unpacking fails for a page that is not compressed. The decoder reports that error itself.
            if unpacked_size.is_ok_and(|size| size > limit) {
                return Err(malformed("a page unpacks to more than its declared size"));
            }
            consumed = packed - page_reader.limit();
        }
        reader.seek_relative((packed - consumed) as i64)?;
        if page.is_dictionary() && count > unpacked {
            return Err(malformed("a dictionary declares more values than it has bytes"));
        }
        if page.is_data() {
            values = page.values.saturating_add(values);
        }
        if is_text && (page.is_dictionary() || page.encoding == DELTA_BYTE_ARRAY) {
            largest = largest.max(unpacked);
        }
    }
    if values != column.num_values() {
        return Err(malformed("the pages of a column do not have the number of values of the column"));
    }
    Ok(largest)
}

fn page(header: &mut Compact<impl Read>) -> io::Result<Page> {
    let mut page = Page::default();
    let mut previous = 0;
    while let Some(field) = header.field(previous)? {
        previous = field.number;
        match (field.number, field.kind) {
            (1, 4..=6) => page.kind = header.integer()?,
            (2, 4..=6) => page.unpacked = header.integer()?,
            (3, 4..=6) => page.packed = header.integer()?,
            // A data page, an index page, a dictionary page, or a data page of version 2.
            (5..=8, STRUCT) => {
                if page.described_by.replace(field.number).is_some() {
                    return Err(malformed("a page has two types"));
                }
                let encoding = if field.number == 8 { 4 } else { 2 };
                let mut previous = 0;
                while let Some(inner) = header.field(previous)? {
                    previous = inner.number;
                    match (inner.number, inner.kind) {
                        (1, 4..=6) => page.values = header.integer()?,
                        (number, 4..=6) if number == encoding => page.encoding = header.integer()?,
                        (5 | 6, 4..=6) if field.number == 8 => {
                            page.levels = page.levels.saturating_add(header.integer()?)
                        }
                        (_, kind) => header.skip(kind)?,
                    }
                }
            }
            (_, kind) => header.skip(kind)?,
        }
    }
    Ok(page)
}
