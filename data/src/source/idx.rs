//! IDX, the format of MNIST: 0, 0, a type, a rank, big-endian sizes, then big-endian numbers.
//!
//! There is no standard extension, so the format is recognised by the content, raw or gzipped. A raw file has random
//! access, a gzipped one is read sequentially.

use std::{
    fs::File,
    io::{Read, Seek},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{
    array::Array,
    element::{ByteOrder, Element, Number},
    error::DataError,
    file_rows::FileRows,
    fingerprint::hex,
    labels::Labels,
    packed::{self, Order, PackedRows},
    reader::Opened,
    reading::LoadOptions,
    unpack::{GZIP, check_declared, gunzip, unpacking_error},
};

/// The number of bytes per update of the hash.
const BLOCK: usize = 1 << 16;

/// Opens a file of samples, raw or gzipped.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    match Content::open(path, options)? {
        Content::Raw(mut file, length) => {
            let array = read_header(path, &mut file)?;
            let head = array.head(path)?;
            let start = check_raw(path, &array, length)?;
            let rows = FileRows::new(file, path, array.element, start, array.rows(), array.features());
            Ok(Opened::Rows(head, rows))
        }
        Content::Gzipped(mut reader, length) => {
            let array = read_header(path, &mut reader)?;
            array.head(path)?;
            check_declared(path, length, array.declared_bytes(), options.limits.unpack)?;
            let missing = options.reading.missing.unwrap_or_default();
            Ok(Opened::Reader(Box::new(PackedRows::new(path, array, reader, missing)?)))
        }
    }
}

/// Reads the labels, one per row.
pub(crate) fn read_labels(path: &Path, options: &LoadOptions) -> Result<Labels, DataError> {
    match Content::open(path, options)? {
        Content::Raw(mut file, length) => {
            let array = read_header(path, &mut file)?;
            array.check_labels(path)?;
            check_raw(path, &array, length)?;
            packed::read_labels(path, array, Order::Rows, file)
        }
        Content::Gzipped(mut reader, length) => {
            let array = read_header(path, &mut reader)?;
            array.check_labels(path)?;
            check_declared(path, length, array.declared_bytes(), options.limits.unpack)?;
            packed::read_labels(path, array, Order::Rows, reader)
        }
    }
}

/// Returns the SHA-256 of the decompressed file, including its header.
pub(crate) fn sha256(path: &Path, options: &LoadOptions) -> Result<String, DataError> {
    let mut reader: Box<dyn Read> = match Content::open(path, options)? {
        Content::Raw(file, _) => Box::new(file),
        Content::Gzipped(reader, _) => reader,
    };
    let (mut hash, mut block) = (Sha256::new(), vec![0; BLOCK]);
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(count) => hash.update(&block[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unpacking_error(path, error)),
        }
    }
}

/// Whether the file starts like an IDX file or a gzipped file.
pub(crate) fn begins_like_idx(path: &Path) -> Result<bool, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let start = first_two(&mut File::open(path).map_err(io)?).map_err(io)?;
    if start.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    Ok(start == GZIP || start == [0, 0])
}

/// The content of a file from its first byte, and the length of the file on disk.
enum Content {
    Raw(File, u64),
    Gzipped(Box<dyn Read + Send>, u64),
}

impl Content {
    fn open(path: &Path, options: &LoadOptions) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let start = first_two(&mut file).map_err(io)?;
        file.rewind().map_err(io)?;
        Ok(if start == GZIP {
            Content::Gzipped(Box::new(gunzip(file, options.limits.unpack)), length)
        } else {
            Content::Raw(file, length)
        })
    }
}

fn first_two(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.take(2).read_to_end(&mut start)?;
    Ok(start)
}

/// Reads the header, and nothing after it.
fn read_header(path: &Path, reader: &mut impl Read) -> Result<Array, DataError> {
    let mut read = |limit: u64| {
        let mut bytes = Vec::new();
        let result = reader.by_ref().take(limit).read_to_end(&mut bytes);
        result.map_err(|error| unpacking_error(path, error))?;
        Ok(bytes)
    };
    let start = read(4)?;
    let (number, rank) = match start[..] {
        [] => return Err(DataError::Empty { path: path.to_owned() }),
        [0, 0, code, rank] => (number(code), rank),
        _ => return Err(DataError::IdxHeader { path: path.to_owned(), rank: 0, found: start }),
    };
    let Some(number) = number else {
        let expected = "8, 9, 11, 12, 13 or 14 (u8, i8, i16, i32, f32, f64)";
        let found = start.get(2).copied().unwrap_or_default().to_string();
        return Err(DataError::ElementType { path: path.to_owned(), expected, found });
    };
    let sizes = read(4 * u64::from(rank))?;
    let (sizes, rest) = sizes.as_chunks::<4>();
    if sizes.len() < usize::from(rank) {
        let found = [&start, sizes.as_flattened(), rest].concat();
        return Err(DataError::IdxHeader { path: path.to_owned(), rank: rank.into(), found });
    }
    let shape = sizes.iter().map(|&size| u32::from_be_bytes(size) as usize).collect();
    Ok(Array { element: Element { number, order: ByteOrder::Big }, shape })
}

fn number(code: u8) -> Option<Number> {
    match code {
        0x08 => Some(Number::U8),
        0x09 => Some(Number::I8),
        0x0b => Some(Number::I16),
        0x0c => Some(Number::I32),
        0x0d => Some(Number::F32),
        0x0e => Some(Number::F64),
        _ => None,
    }
}

/// Checks the length of a raw file against its header. Returns the byte offset of the values.
fn check_raw(path: &Path, array: &Array, length: u64) -> Result<u64, DataError> {
    let start = 4 + 4 * array.shape.len() as u64;
    array.check_length(path, length.saturating_sub(start))?;
    Ok(start)
}

/// Encodes a raw file of bytes, for tests.
#[cfg(test)]
pub(crate) fn encode(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    tests::encode_as(0x08, sizes, values)
}

#[cfg(test)]
mod tests;
