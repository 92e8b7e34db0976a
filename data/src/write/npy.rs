//! Writes the format of NumPy, version 1.0. The header is written again once the number of rows is known.

use std::{
    fmt::Write as _,
    io::{Seek, SeekFrom, Write},
};

use ndarray::ArrayViewD;

use super::error::WriteError;

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// The values start at a multiple of this offset in bytes.
const ALIGNMENT: usize = 64;
/// The number of values to convert to bytes at a time.
const BLOCK_VALUES: usize = 1 << 16;

pub(super) struct NpyRows<W> {
    into: W,
    shape: Vec<usize>,
}

impl<W: Write + Seek> NpyRows<W> {
    pub(super) fn begin(mut into: W, shape: &[usize]) -> Result<Self, WriteError> {
        into.write_all(&header(0, shape)?)?;
        Ok(NpyRows { into, shape: shape.to_vec() })
    }

    pub(super) fn write(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), WriteError> {
        let mut bytes = Vec::with_capacity(rows.len().min(BLOCK_VALUES) * size_of::<f32>());
        for value in rows {
            bytes.extend_from_slice(&value.to_le_bytes());
            if bytes.len() >= BLOCK_VALUES * size_of::<f32>() {
                self.into.write_all(&bytes)?;
                bytes.clear();
            }
        }
        Ok(self.into.write_all(&bytes)?)
    }

    pub(super) fn finish(mut self, rows: u64) -> Result<W, WriteError> {
        self.into.seek(SeekFrom::Start(0))?;
        self.into.write_all(&header(rows, &self.shape)?)?;
        self.into.seek(SeekFrom::End(0))?;
        self.into.flush()?;
        Ok(self.into)
    }
}

/// Encodes the header. Its length does not depend on the number of rows.
fn header(rows: u64, shape: &[usize]) -> Result<Vec<u8>, WriteError> {
    let dictionary = |rows: u64| {
        let mut sizes = format!("{rows},");
        for size in shape {
            let _ = write!(sizes, " {size},");
        }
        // A tuple of one element needs a trailing comma. A longer one does not.
        let sizes = if shape.is_empty() { &sizes[..] } else { sizes.trim_end_matches(',') };
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}")
    };
    let prefix = MAGIC.len() + size_of::<u16>();
    let end = (prefix + dictionary(u64::MAX).len() + 1).next_multiple_of(ALIGNMENT);
    let length = u16::try_from(end - prefix).map_err(|_| WriteError::Rank(shape.len()))?;
    let mut header = [MAGIC, &length.to_le_bytes()].concat();
    header.extend_from_slice(dictionary(rows).as_bytes());
    header.resize(end - 1, b' ');
    header.push(b'\n');
    Ok(header)
}
