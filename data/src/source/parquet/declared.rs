//! Checks the sizes that the metadata of a Parquet file declares, before the decoder allocates memory.
//!
//! The decoder trusts the number of schema elements, and recurses into nested groups without a limit.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use ::parquet::{arrow::arrow_reader::ArrowReaderMetadata, basic::Compression, file::metadata::ColumnChunkMetaData};
use arrow_schema::{DataType, Fields};

use super::{
    damaged::damaged,
    thrift::{Compact, LIST, STRUCT, malformed},
};
use crate::{error::DataError, unpack::check_declared};

/// The deepest nesting of groups in a schema.
const MAX_DEPTH: usize = 64;

/// Refuses a schema whose groups declare elements that do not exist, or are nested too deeply.
pub(super) fn check_schema(mut file: &File, length: u64) -> io::Result<()> {
    let mut trailer = [0; 8];
    file.seek(SeekFrom::Start(length.checked_sub(12).ok_or(io::ErrorKind::UnexpectedEof)? + 4))?;
    file.read_exact(&mut trailer)?;
    let [a, b, c, d, magic @ ..] = trailer;
    if &magic != b"PAR1" {
        return Err(malformed("it does not end with the magic bytes of Parquet"));
    }
    let size = u64::from(u32::from_le_bytes([a, b, c, d]));
    let start = (length - 8).checked_sub(size).ok_or_else(|| malformed("its footer is larger than the file"))?;
    file.seek(SeekFrom::Start(start))?;
    let mut footer = Compact::new(BufReader::new(file.take(size)));
    let mut previous = 0;
    while let Some(field) = footer.field(previous)? {
        previous = field.number;
        if (field.number, field.kind) == (2, LIST) {
            return check_elements(&mut footer);
        }
        footer.skip(field.kind)?;
    }
    Err(malformed("its footer has no schema"))
}

/// Checks the elements of a schema: a tree in depth-first order, each element with the number of its children.
fn check_elements(footer: &mut Compact<impl Read>) -> io::Result<()> {
    let (count, kind) = footer.list()?;
    if kind != STRUCT {
        return Err(malformed("its schema is not a list of elements"));
    }
    // The number of remaining children of each open group.
    let mut open: Vec<u64> = Vec::new();
    for index in 0..count {
        if index > 0 {
            match open.last_mut() {
                Some(remaining) => *remaining -= 1,
                None => return Err(malformed("its schema has more than one root")),
            }
        }
        let (mut previous, mut children) = (0, 0);
        while let Some(field) = footer.field(previous)? {
            previous = field.number;
            match (field.number, field.kind) {
                (5, 4..=6) => children = footer.integer()?,
                _ => footer.skip(field.kind)?,
            }
        }
        let children = u64::try_from(children).map_err(|_| malformed("a group has a negative number of columns"))?;
        if children > count {
            return Err(malformed("a group declares more columns than the schema has"));
        }
        open.push(children);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > MAX_DEPTH {
            return Err(malformed("its groups are nested too deeply"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(malformed("its schema has fewer columns than it declares")) }
}

/// Returns the number of values per row, as far as the schema determines it.
pub(super) fn width(fields: &Fields) -> u64 {
    fn of(kind: &DataType) -> u64 {
        match kind {
            DataType::FixedSizeList(item, length) => {
                of(item.data_type()).saturating_mul(u64::try_from(*length).unwrap_or(0)).max(1)
            }
            DataType::FixedSizeBinary(bytes) => u64::try_from(*bytes).unwrap_or(0).div_ceil(4).max(1),
            DataType::Struct(fields) => width(fields),
            DataType::List(item) | DataType::LargeList(item) | DataType::Map(item, _) => of(item.data_type()),
            _ => 1,
        }
    }
    fields.iter().fold(0, |sum: u64, field| sum.saturating_add(of(field.data_type())))
}

/// Checks the sizes and counts of all row groups against the length of the file. Returns the number of rows.
pub(super) fn check_metadata(
    path: &Path,
    length: u64,
    metadata: &ArrowReaderMetadata,
    times: u32,
) -> Result<usize, DataError> {
    let damaged = |reason| damaged(path, malformed(reason));
    let mut values = u128::from(width(metadata.schema().fields()));
    check_declared(path, length, values * 4, times)?;
    let mut rows = 0usize;
    for group in metadata.metadata().row_groups() {
        let group_rows =
            usize::try_from(group.num_rows()).map_err(|_| damaged("a row group has a negative number of rows"))?;
        rows = rows.checked_add(group_rows).ok_or_else(|| damaged("its number of rows is too large"))?;
        for column in group.columns() {
            if column.num_values() < group.num_rows() {
                return Err(damaged("a column has fewer values than rows"));
            }
            values += column.num_values() as u128;
            let (start, size) = range(column).ok_or_else(|| damaged("a column starts before the file"))?;
            if start.checked_add(size).is_none_or(|end| end > length) {
                return Err(damaged("a column ends after the file"));
            }
            check_codec(path, column)?;
        }
    }
    check_declared(path, length, values * 4, times)?;
    Ok(rows)
}

fn check_codec(path: &Path, column: &ColumnChunkMetaData) -> Result<(), DataError> {
    match column.compression() {
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::LZ4
        | Compression::LZ4_RAW
        | Compression::ZSTD(_) => Ok(()),
        other => Err(DataError::Compression { path: path.to_owned(), found: other.to_string() }),
    }
}

/// Returns the byte offset and the size of a column of a row group.
pub(super) fn range(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let first = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    Some((u64::try_from(first).ok()?, u64::try_from(column.compressed_size()).ok()?))
}
