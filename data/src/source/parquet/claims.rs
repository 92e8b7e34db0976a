//! What a Parquet file claims of itself as a whole, compared with the file before a decoder asks for memory.
//!
//! The decoder takes the counts of schema elements as they are, and follows groups in groups as deep as they go.

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
use crate::{error::DataError, unpack::check_claim};

/// Groups in groups beyond this depth are no table.
const DEEPEST: usize = 64;

/// Refuses a schema whose groups promise other elements than it has, or nest too deep to be followed.
pub(super) fn check_schema(mut file: &File, length: u64) -> io::Result<()> {
    let mut end = [0; 8];
    file.seek(SeekFrom::Start(length.checked_sub(12).ok_or(io::ErrorKind::UnexpectedEof)? + 4))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    if &magic != b"PAR1" {
        return Err(malformed("it does not end as a Parquet file does"));
    }
    let size = u64::from(u32::from_le_bytes([a, b, c, d]));
    let start = (length - 8).checked_sub(size).ok_or_else(|| malformed("its footer is larger than the file"))?;
    file.seek(SeekFrom::Start(start))?;
    let mut footer = Compact::new(BufReader::new(file.take(size)));
    let mut before = 0;
    while let Some(field) = footer.field(before)? {
        before = field.number;
        if (field.number, field.kind) == (2, LIST) {
            return check_elements(&mut footer);
        }
        footer.skip(field.kind)?;
    }
    Err(malformed("its footer has no schema"))
}

/// The schema's tree comes depth first, each element with the number of its children.
fn check_elements(footer: &mut Compact<impl Read>) -> io::Result<()> {
    let (count, kind) = footer.list()?;
    if kind != STRUCT {
        return Err(malformed("its schema is no list of elements"));
    }
    // How many children are still to come, of each group that is open.
    let mut open: Vec<u64> = Vec::new();
    for place in 0..count {
        if place > 0 {
            match open.last_mut() {
                Some(left) => *left -= 1,
                None => return Err(malformed("its schema has more than one root")),
            }
        }
        let (mut before, mut children) = (0, 0);
        while let Some(field) = footer.field(before)? {
            before = field.number;
            match (field.number, field.kind) {
                (5, 4..=6) => children = footer.integer()?,
                _ => footer.skip(field.kind)?,
            }
        }
        let children = u64::try_from(children).map_err(|_| malformed("a group has less than no columns"))?;
        if children > count {
            return Err(malformed("a group promises more columns than the schema has"));
        }
        open.push(children);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > DEEPEST {
            return Err(malformed("groups lie in groups deeper than can be followed"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(malformed("its schema lacks columns that it promises")) }
}

/// Numbers that a row takes, as far as the schema says.
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

/// Compares the sizes and counts of all groups with the length of the file; returns the number of rows.
pub(super) fn check_metadata(
    path: &Path,
    length: u64,
    metadata: &ArrowReaderMetadata,
    times: u32,
) -> Result<usize, DataError> {
    let damaged = |what| damaged(path, malformed(what));
    let mut numbers = u128::from(width(metadata.schema().fields()));
    check_claim(path, length, numbers * 4, times)?;
    let mut rows = 0usize;
    for group in metadata.metadata().row_groups() {
        let of_group = usize::try_from(group.num_rows()).map_err(|_| damaged("a group of less than no rows"))?;
        rows = rows.checked_add(of_group).ok_or_else(|| damaged("more rows than can be counted"))?;
        for column in group.columns() {
            if column.num_values() < group.num_rows() {
                return Err(damaged("a column has fewer values than rows"));
            }
            numbers += column.num_values() as u128;
            let (start, size) = range(column).ok_or_else(|| damaged("a column lies before the file begins"))?;
            if start.checked_add(size).is_none_or(|end| end > length) {
                return Err(damaged("a column ends behind the file"));
            }
            check_codec(path, column)?;
        }
    }
    check_claim(path, length, numbers * 4, times)?;
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

/// Where a column of a group begins, and its size.
pub(super) fn range(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let first = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    Some((u64::try_from(first).ok()?, u64::try_from(column.compressed_size()).ok()?))
}
