//! The limit on the text of a table. A row needs a few bits in the file to repeat text of any length, so a small file
//! can contain more text than the disk can hold.

use std::path::{Path, PathBuf};

use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{
        BinaryType, BinaryViewType, ByteArrayType, ByteViewType, LargeBinaryType, LargeUtf8Type, StringViewType,
        Utf8Type,
    },
};
use arrow_schema::DataType;

use super::batches::Batches;
use crate::{error::DataError, unpack::allowed};

/// Batches whose text has a limited size in total.
pub(super) struct Bounded<B> {
    path: PathBuf,
    batches: B,
    /// The number of bytes of text that may follow.
    remaining: u64,
    /// The limit, as a multiple of the size of the file.
    times: u32,
}

impl<B> Bounded<B> {
    /// Allows `times` as many bytes of text as the file has bytes, `length`.
    pub(super) fn new(path: &Path, length: u64, times: u32, batches: B) -> Self {
        Bounded { path: path.to_owned(), batches, remaining: allowed(length, times), times }
    }
}

impl<B: Batches> Batches for Bounded<B> {
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError> {
        let Some(batch) = self.batches.next()? else { return Ok(None) };
        let bytes = sum(batch.columns().iter().map(|column| text_bytes(column)));
        match self.remaining.checked_sub(bytes) {
            Some(remaining) => self.remaining = remaining,
            None => return Err(DataError::Bomb { path: self.path.clone(), times: self.times }),
        }
        Ok(Some(batch))
    }
}

/// Returns the number of bytes of text and binary values in an array, where every row counts that repeats a value.
fn text_bytes(array: &dyn Array) -> u64 {
    let rows = array.len() as u64;
    match array.data_type() {
        DataType::Utf8 => bytes::<Utf8Type>(array),
        DataType::LargeUtf8 => bytes::<LargeUtf8Type>(array),
        DataType::Binary => bytes::<BinaryType>(array),
        DataType::LargeBinary => bytes::<LargeBinaryType>(array),
        DataType::Utf8View => viewed::<StringViewType>(array),
        DataType::BinaryView => viewed::<BinaryViewType>(array),
        DataType::FixedSizeBinary(size) => rows.saturating_mul(u64::try_from(*size).unwrap_or(0)),
        DataType::Struct(_) => sum(array.as_struct().columns().iter().map(|column| text_bytes(column))),
        DataType::List(_) => text_bytes(array.as_list::<i32>().values()),
        DataType::LargeList(_) => text_bytes(array.as_list::<i64>().values()),
        DataType::FixedSizeList(..) => text_bytes(array.as_fixed_size_list().values()),
        DataType::Map(..) => text_bytes(array.as_map().entries()),
        DataType::Dictionary(..) => repeated(array),
        kind if kind.is_primitive() || matches!(kind, DataType::Boolean | DataType::Null) => 0,
        // Rows of views, runs and unions can share values, so this is an upper limit.
        _ => rows.saturating_mul(array.get_array_memory_size() as u64),
    }
}

fn bytes<T: ByteArrayType>(array: &dyn Array) -> u64 {
    let values = array.as_bytes::<T>();
    let length = |row: usize| {
        let bytes: &[u8] = values.value(row).as_ref();
        bytes.len() as u64
    };
    (0..values.len()).map(length).sum()
}

fn viewed<T: ByteViewType>(array: &dyn Array) -> u64 {
    array.as_byte_view::<T>().lengths().map(u64::from).sum()
}

/// Returns the bytes of the values of a dictionary, each as often as rows refer to it.
fn repeated(array: &dyn Array) -> u64 {
    let Some(dictionary) = array.as_any_dictionary_opt() else { return 0 };
    let values = dictionary.values();
    if values.is_empty() {
        return 0;
    }
    let lengths: Vec<u64> = (0..values.len()).map(|index| text_bytes(&values.slice(index, 1))).collect();
    let rows = dictionary.normalized_keys().into_iter().enumerate().filter(|(row, _)| array.is_valid(*row));
    sum(rows.map(|(_, key)| lengths.get(key).copied().unwrap_or(0)))
}

fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
