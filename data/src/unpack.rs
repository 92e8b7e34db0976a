//! Limits on compressed files: a small file can unpack to more than the memory or the disk can hold.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;

use crate::error::DataError;

/// The unpacked size in bytes that is always allowed.
const ALWAYS_ALLOWED: u64 = 16 << 20;

pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Unpacks a gzipped file. A read fails once the content is larger than `times` the bytes read from the file.
/// [`unpacking_error`] recognises that error.
pub(crate) fn gunzip(file: File, times: u32) -> impl Read + Send {
    let packed = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: file, count: Arc::clone(&packed) };
    // The decoder reads ahead by one buffer, so the buffer is small.
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, counted));
    Limited { inner: decoder, packed, unpacked: 0, times }
}

/// Applies the same limit to a decoder whose packed size is known.
pub(crate) fn limited(decoder: impl Read + Send, packed: u64, times: u32) -> impl Read + Send {
    Limited { inner: decoder, packed: Arc::new(AtomicU64::new(packed)), unpacked: 0, times }
}

/// Checks the declared unpacked size of a file before unpacking it.
pub(crate) fn check_declared(path: &Path, packed: u64, declared: u128, times: u32) -> Result<(), DataError> {
    if declared > u128::from(allowed(packed, times)) {
        return Err(DataError::Bomb { path: path.to_owned(), times });
    }
    Ok(())
}

/// Converts an error of a limited reader to a [`DataError`].
pub(crate) fn unpacking_error(path: &Path, source: io::Error) -> DataError {
    let path = path.to_owned();
    match source.get_ref().and_then(|inner| inner.downcast_ref::<Bomb>()) {
        Some(&Bomb { times }) => DataError::Bomb { path, times },
        None if source.kind() == io::ErrorKind::UnexpectedEof => DataError::CutOff { path },
        None => DataError::Io { path, source },
    }
}

/// Returns the largest unpacked size in bytes of `packed` bytes.
pub(crate) fn allowed(packed: u64, times: u32) -> u64 {
    packed.saturating_mul(times.into()).max(ALWAYS_ALLOWED)
}

#[derive(Debug, thiserror::Error)]
#[error("unpacks to more than {times} times its compressed size")]
struct Bomb {
    times: u32,
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

struct Limited<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
    times: u32,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.unpacked += count as u64;
        if self.unpacked > allowed(self.packed.load(Ordering::Relaxed), self.times) {
            return Err(io::Error::other(Bomb { times: self.times }));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(content: &[u8]) -> File {
        let mut encoder = GzEncoder::new(tempfile::tempfile().expect("a file"), Compression::best());
        encoder.write_all(content).expect("enough disk space");
        let mut file = encoder.finish().expect("enough disk space");
        file.rewind().expect("a file");
        file
    }

    #[test]
    fn a_decompression_bomb_is_refused() {
        let mut reader = gunzip(packed(&vec![0; 64 << 20]), 200);
        let error = io::copy(&mut reader, &mut io::sink()).expect_err("unpacks to a thousand times its size");
        assert!(matches!(unpacking_error(Path::new("x"), error), DataError::Bomb { times: 200, .. }));
        let mut reader = gunzip(packed(&vec![0; 64 << 20]), 2000);
        assert_eq!(io::copy(&mut reader, &mut io::sink()).expect("allowed"), 64 << 20);
    }

    #[test]
    fn a_truncated_file_is_distinguished_from_a_bomb() {
        let mut file = packed(b"some text that is long enough to be cut off in the middle");
        file.set_len(20).expect("a file of this test");
        file.rewind().expect("a file");
        let error = io::copy(&mut gunzip(file, 200), &mut io::sink()).expect_err("cut off");
        assert!(matches!(unpacking_error(Path::new("x"), error), DataError::CutOff { .. }));
    }
}
