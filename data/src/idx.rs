//! IDX, the format of MNIST: 0, 0, a type, a rank, big-endian sizes, then the values.
//!
//! Only unsigned bytes (type 8) are read, raw or gzipped; the format is told by content, as the
//! files carry no agreed extension.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::{dataset::Values, dataset::matrix, error::DataError, fingerprint::hex};

const UNSIGNED_BYTE: u8 = 8;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The content of one file: as many bytes as the product of its sizes.
#[derive(Debug, PartialEq)]
pub(crate) struct Idx {
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Idx {
    /// SHA-256 of the file as it is when decompressed, header and all.
    pub(crate) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        hash.update([0, 0, UNSIGNED_BYTE, self.shape.len() as u8]);
        for &size in &self.shape {
            hash.update((size as u32).to_be_bytes());
        }
        hash.update(&self.bytes);
        hex(&hash.finalize())
    }

    /// Samples `[rows, features]` and the shape of one of them.
    pub(crate) fn into_samples(self, path: &Path) -> Result<(Values, Vec<usize>), DataError> {
        let path = path.to_owned();
        match self.shape.split_first() {
            None | Some((_, [])) => {
                let (expected, found) = ("2 or more (rows, then a sample's)", self.shape.len());
                Err(DataError::Rank { path, expected, found })
            }
            Some((0, _)) => Err(DataError::NoRows { path }),
            Some((_, sample_shape)) if sample_shape.contains(&0) => Err(DataError::NoFeatures { path }),
            Some((_, sample_shape)) => {
                let values = Values::U8(matrix(self.bytes, sample_shape.iter().product()));
                Ok((values, sample_shape.to_vec()))
            }
        }
    }

    /// One label a row.
    pub(crate) fn into_labels(self, path: &Path) -> Result<Vec<u32>, DataError> {
        if self.shape.len() != 1 {
            let (expected, found) = ("1 (one label a row)", self.shape.len());
            return Err(DataError::Rank { path: path.to_owned(), expected, found });
        }
        Ok(self.bytes.into_iter().map(u32::from).collect())
    }
}

/// Reads a file, raw or gzipped.
pub(crate) fn read(path: &Path) -> Result<Idx, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut reader = BufReader::new(file);
    if reader.fill_buf().map_err(io)?.starts_with(&GZIP) {
        decode(path, MultiGzDecoder::new(reader), None)
    } else {
        decode(path, reader, Some(length))
    }
}

/// Whether the file begins as an IDX file or a gzipped one does.
pub(crate) fn begins_like_idx(path: &Path) -> Result<bool, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let mut start = Vec::new();
    File::open(path).map_err(io)?.take(2).read_to_end(&mut start).map_err(io)?;
    if start.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    Ok(start == GZIP || start == [0, 0])
}

/// `length` is that of the whole file where it is known: it is what lets a false header be refused
/// before memory is taken. Else no more is read than the header promises and one byte.
fn decode(path: &Path, mut reader: impl Read, length: Option<u64>) -> Result<Idx, DataError> {
    let mut read = |limit: u64, known: usize| {
        // Where the length is known, a vector that grows would end up to twice as large.
        let mut bytes = Vec::with_capacity(known);
        let result = reader.by_ref().take(limit).read_to_end(&mut bytes);
        result.map_err(|source| DataError::Io { path: path.to_owned(), source })?;
        bytes.shrink_to_fit();
        Ok(bytes)
    };
    let start = read(4, 0)?;
    let rank = match start[..] {
        [] => return Err(DataError::Empty { path: path.to_owned() }),
        [0, 0, UNSIGNED_BYTE, rank] => rank,
        [0, 0, element_type, _] => {
            let (expected, found) = ("8 (unsigned bytes)", element_type.to_string());
            return Err(DataError::ElementType { path: path.to_owned(), expected, found });
        }
        _ => return Err(DataError::IdxHeader { path: path.to_owned(), rank: 0, found: start }),
    };
    let sizes = read(4 * u64::from(rank), 0)?;
    let (sizes, rest) = sizes.as_chunks::<4>();
    if sizes.len() < usize::from(rank) {
        let found = [&start, sizes.as_flattened(), rest].concat();
        return Err(DataError::IdxHeader { path: path.to_owned(), rank: rank.into(), found });
    }
    let shape: Vec<usize> = sizes.iter().map(|&size| u32::from_be_bytes(size) as usize).collect();
    let promised = shape.iter().fold(1u128, |product, &size| product.saturating_mul(size as u128));
    let refused = |shape, found| DataError::Length { path: path.to_owned(), shape, promised, found };

    let header = 4 + 4 * u64::from(rank);
    if let Some(found) = length.map(|length| length.saturating_sub(header))
        && u128::from(found) != promised
    {
        return Err(refused(shape, found));
    }
    // As long as the file, which is as long as its header says; one byte more, to see its end.
    let known = length.and_then(|length| usize::try_from(length - header + 1).ok()).unwrap_or(0);
    let bytes = read(u64::try_from(promised).unwrap_or(u64::MAX).saturating_add(1), known)?;
    if bytes.len() as u128 != promised {
        return Err(refused(shape, bytes.len() as u64));
    }
    Ok(Idx { shape, bytes })
}

/// The bytes of a raw file, for tests of this and of what reads several files.
#[cfg(test)]
pub(crate) fn encode(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, UNSIGNED_BYTE, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(values);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    fn read_bytes(bytes: &[u8]) -> Result<Idx, DataError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).expect("written");
        read(&path)
    }

    #[test]
    fn raw_and_gzipped_files_read_the_same() {
        let raw = encode(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let idx = read_bytes(&raw).expect("well formed");
        assert_eq!((&idx.shape[..], &idx.bytes[..]), (&[2, 1, 3][..], &[1, 2, 3, 4, 5, 6][..]));
        assert_eq!(read_bytes(&gzip(&raw)).expect("well formed"), idx);
        assert_eq!(idx.sha256(), hex(&Sha256::digest(&raw)));
    }

    #[test]
    fn samples_are_flattened_and_keep_their_shape() {
        let idx = read_bytes(&encode(&[2, 1, 3], &[1, 2, 3, 4, 5, 6])).expect("well formed");
        let (values, shape) = idx.into_samples(Path::new("x")).expect("samples");
        assert_eq!((values.rows(), values.features(), shape), (2, 3, vec![1, 3]));
    }

    #[test]
    fn malformed_files_are_refused_with_both_figures() {
        let huge = encode(&[u32::MAX; 8], &[1]);
        let cases: [(&[u8], &str); 7] = [
            (&[], "is empty"),
            (&[0, 0], "found [0, 0]"),
            (&[0, 0, 13, 1], "type `13`, expected 8"),
            (&[0, 0, 8, 2, 0, 0, 0, 1], "and 2 sizes of 4 bytes, found [0, 0, 8, 2, 0, 0, 0, 1]"),
            (&encode(&[3], &[1, 2]), "promises 3 bytes of values (shape [3]), found 2"),
            (&encode(&[3], &[1, 2, 3, 4]), "promises 3 bytes of values (shape [3]), found 4"),
            (&huge, "found 1"),
        ];
        for (bytes, expected) in cases {
            for bytes in [bytes.to_vec(), gzip(bytes)] {
                let message = match read_bytes(&bytes) {
                    Ok(idx) => panic!("{bytes:?} was read as {idx:?}"),
                    Err(error) => error.to_string(),
                };
                assert!(message.contains(expected), "{message} lacks {expected}");
            }
        }
    }

    #[test]
    fn a_gzipped_file_is_not_read_past_what_its_header_promises() {
        let bomb = gzip(&encode(&[1, 2], &vec![0; 1 << 20]));
        let error = read_bytes(&bomb).expect_err("too long");
        assert!(matches!(error, DataError::Length { promised: 2, found: 3, .. }), "{error}");
    }

    #[test]
    fn wrong_ranks_and_empty_shapes_are_refused() {
        let path = Path::new("x");
        let idx = |shape: &[usize]| Idx { shape: shape.to_vec(), bytes: Vec::new() };
        assert!(matches!(idx(&[0]).into_samples(path), Err(DataError::Rank { found: 1, .. })));
        assert!(matches!(idx(&[0, 2]).into_samples(path), Err(DataError::NoRows { .. })));
        assert!(matches!(idx(&[2, 0]).into_samples(path), Err(DataError::NoFeatures { .. })));
        assert!(matches!(idx(&[0, 2]).into_labels(path), Err(DataError::Rank { found: 2, .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, sizes: Vec<u32>) {
            let headed = encode(&sizes, &bytes);
            for bytes in [bytes, headed] {
                let length = bytes.len() as u64;
                for length in [None, Some(length)] {
                    if let Ok(idx) = decode(Path::new("x"), &bytes[..], length) {
                        let _ = idx.into_samples(Path::new("x"));
                    }
                }
            }
        }
    }
}
