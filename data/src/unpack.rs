//! Compressed files, which may claim little space and unpack to all that there is.

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

/// What may be unpacked whatever it was packed into.
const FREE: u64 = 16 << 20;

pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The content of a gzipped file. A read fails when it has grown to more than `times` what was read of the
/// file; [`unpacking_error`] knows that failure again.
pub(crate) fn gunzip(file: File, times: u32) -> impl Read + Send {
    let packed = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: file, count: Arc::clone(&packed) };
    // The decoder reads ahead by a buffer of this size.
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, counted));
    Guarded { inner: decoder, packed, unpacked: 0, times }
}

/// Fails as [`gunzip`] does, for any reader whose packed size is known.
pub(crate) fn guarded(unpacking: impl Read + Send, packed: u64, times: u32) -> impl Read + Send {
    Guarded { inner: unpacking, packed: Arc::new(AtomicU64::new(packed)), unpacked: 0, times }
}

/// Refuses before anything is unpacked a file that says itself how large it will be.
pub(crate) fn check_claim(path: &Path, packed: u64, claimed: u128, times: u32) -> Result<(), DataError> {
    if claimed > u128::from(allowed(packed, times)) {
        return Err(DataError::Bomb { path: path.to_owned(), times });
    }
    Ok(())
}

/// What an error of a guarded reader means.
pub(crate) fn unpacking_error(path: &Path, source: io::Error) -> DataError {
    let path = path.to_owned();
    match source.get_ref().and_then(|inner| inner.downcast_ref::<Bomb>()) {
        Some(&Bomb { times }) => DataError::Bomb { path, times },
        None if source.kind() == io::ErrorKind::UnexpectedEof => DataError::CutOff { path },
        None => DataError::Io { path, source },
    }
}

fn allowed(packed: u64, times: u32) -> u64 {
    packed.saturating_mul(times.into()).max(FREE)
}

#[derive(Debug, thiserror::Error)]
#[error("more than {times} times its own size")]
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

struct Guarded<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
    times: u32,
}

impl<R: Read> Read for Guarded<R> {
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
        encoder.write_all(content).expect("room");
        let mut file = encoder.finish().expect("room");
        file.rewind().expect("a file");
        file
    }

    #[test]
    fn a_bomb_is_refused_early_and_by_its_name() {
        let mut reader = gunzip(packed(&vec![0; 64 << 20]), 200);
        let error = io::copy(&mut reader, &mut io::sink()).expect_err("a thousand times its size");
        assert!(matches!(unpacking_error(Path::new("x"), error), DataError::Bomb { times: 200, .. }));
        let mut reader = gunzip(packed(&vec![0; 64 << 20]), 2000);
        assert_eq!(io::copy(&mut reader, &mut io::sink()).expect("allowed"), 64 << 20);
    }

    #[test]
    fn a_file_that_was_cut_off_is_told_from_a_bomb() {
        let mut file = packed(b"some text that is long enough to be cut off in its middle");
        file.set_len(20).expect("ours");
        file.rewind().expect("a file");
        let error = io::copy(&mut gunzip(file, 200), &mut io::sink()).expect_err("cut off");
        assert!(matches!(unpacking_error(Path::new("x"), error), DataError::CutOff { .. }));
    }
}
