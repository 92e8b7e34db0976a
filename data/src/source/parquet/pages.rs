//! What the pages of a column claim, compared with what they have before a decoder asks for memory.
//!
//! The decoder takes the counts of a dictionary's values and of a page's bytes as they are, and unpacks gzip to
//! its end.

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
    claims::range,
    damaged::damaged,
    thrift::{Compact, STRUCT, malformed},
};
use crate::{error::DataError, unpack::check_claim};

/// Text that rows may come to when they repeat what lies in the file once.
const MOST_TEXT: u64 = 64 << 20;

/// Compares what the pages of a group claim with what they have. Returns how many rows may be decoded at once:
/// a dictionary, or a prefix of text, costs a row a few bits and becomes as long as the page that it lies in.
pub(super) fn check(path: &Path, file: &File, group: &RowGroupMetaData, times: u32) -> Result<usize, DataError> {
    let refused = |source: io::Error| match source.downcast::<DataError>() {
        Ok(error) => error,
        Err(source) => damaged(path, source),
    };
    let mut longest = 1;
    for column in group.columns() {
        longest = longest.max(check_column(path, file, column, times).map_err(refused)?);
    }
    Ok(usize::try_from(MOST_TEXT / longest).unwrap_or(usize::MAX).max(1))
}

/// A page's header.
#[derive(Debug, Default)]
struct Page {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// Bytes in front of what is compressed.
    levels: i64,
    /// The number of the field that says what kind of page it is.
    described_by: Option<i64>,
}

impl Page {
    /// As the field's number and the page's kind both say it.
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

/// Goes through the headers of a column; returns the bytes of the largest page that may stand for more.
fn check_column(path: &Path, mut file: &File, column: &ColumnChunkMetaData, times: u32) -> io::Result<u64> {
    /// Values that begin with what the ones before begin with.
    const DELTA_BYTE_ARRAY: i64 = 7;
    let (start, mut left) = range(column).ok_or_else(|| malformed("a column lies before the file begins"))?;
    let is_gzip = matches!(column.compression(), Compression::GZIP(_));
    let is_text = matches!(column.column_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
    let (mut values, mut largest) = (0, 0);
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::with_capacity(1 << 12, file);
    while left > 0 {
        let mut header = Compact::new(reader.by_ref().take(left));
        let page = page(&mut header)?;
        left -= header.read;
        let size = |size: i64| u64::try_from(size).map_err(|_| malformed("a page of less than no bytes"));
        let (unpacked, packed) = (size(page.unpacked)?, size(page.packed)?);
        left = left.checked_sub(packed).ok_or_else(|| malformed("a page ends behind its column"))?;
        check_claim(path, packed, unpacked.into(), times).map_err(io::Error::other)?;
        let mut passed = 0;
        if !(page.is_data() || page.is_dictionary() || page.is_index()) {
            return Err(malformed("a page is of no known kind"));
        }
        let count = size(page.values)?;
        if is_gzip && !page.is_index() {
            passed = size(page.levels)?.min(packed);
            reader.seek_relative(passed as i64)?;
            let mut of_page = reader.by_ref().take(packed - passed);
            let most = unpacked.saturating_sub(passed);
            let found = io::copy(&mut MultiGzDecoder::new(of_page.by_ref()).take(most + 1), &mut io::sink());
            // Of a page that is not compressed this is an error, and the decoder finds what is wrong itself.
            if found.is_ok_and(|found| found > most) {
                return Err(malformed("a page unpacks to more than it promises"));
            }
            passed = packed - of_page.limit();
        }
        reader.seek_relative((packed - passed) as i64)?;
        if page.is_dictionary() && count > unpacked {
            return Err(malformed("a dictionary promises more values than it has bytes"));
        }
        if page.is_data() {
            values = page.values.saturating_add(values);
        }
        if is_text && (page.is_dictionary() || page.encoding == DELTA_BYTE_ARRAY) {
            largest = largest.max(unpacked);
        }
    }
    if values != column.num_values() {
        return Err(malformed("the pages of a column have other counts than the column"));
    }
    Ok(largest)
}

fn page(header: &mut Compact<impl Read>) -> io::Result<Page> {
    let mut page = Page::default();
    let mut before = 0;
    while let Some(field) = header.field(before)? {
        before = field.number;
        match (field.number, field.kind) {
            (1, 4..=6) => page.kind = header.integer()?,
            (2, 4..=6) => page.unpacked = header.integer()?,
            (3, 4..=6) => page.packed = header.integer()?,
            // A data page, an index, a dictionary, a data page of version 2.
            (5..=8, STRUCT) => {
                if page.described_by.replace(field.number).is_some() {
                    return Err(malformed("a page is of two kinds"));
                }
                let encoding = if field.number == 8 { 4 } else { 2 };
                let mut before = 0;
                while let Some(inner) = header.field(before)? {
                    before = inner.number;
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
