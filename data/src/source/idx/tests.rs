//! IDX files of every type, raw and gzipped, valid and invalid.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use ndarray::array;
use proptest::prelude::*;

use super::*;
use crate::{Dataset, Values, load};

pub(super) fn encode_as(code: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written to memory");
    encoder.finish().expect("written to memory")
}

fn with_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.idx");
    std::fs::write(&path, bytes).expect("written");
    read(&path)
}

fn load_bytes(bytes: &[u8]) -> Result<Dataset, DataError> {
    with_file(bytes, |path| load(&path.to_string_lossy(), &LoadOptions::default()))
}

fn labels(bytes: &[u8]) -> Result<Labels, DataError> {
    with_file(bytes, |path| read_labels(path, &LoadOptions::default()))
}

#[test]
fn raw_and_gzipped_files_have_equal_contents() {
    let raw = encode(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
    for bytes in [raw.clone(), gzip(&raw)] {
        let data = load_bytes(&bytes).expect("a valid file");
        assert_eq!(data.train.values, Values::U8(array![[1, 2, 3], [4, 5, 6]]));
        assert_eq!((data.sample_shape, data.range), (vec![1, 3], (0.0, 255.0)));
        let hash = with_file(&bytes, |path| sha256(path, &LoadOptions::default()));
        assert_eq!(hash.expect("a file"), hex(&Sha256::digest(&raw)));
    }
}

#[test]
fn every_element_type_is_read_as_big_endian() {
    let numbers = [-2i8, 100];
    let expected = Values::F32(array![[-2.0], [100.0]]);
    let cases = [
        (0x09, numbers.map(i8::to_be_bytes).concat()),
        (0x0b, numbers.map(|number| i16::from(number).to_be_bytes()).concat()),
        (0x0c, numbers.map(|number| i32::from(number).to_be_bytes()).concat()),
        (0x0d, numbers.map(|number| f32::from(number).to_be_bytes()).concat()),
        (0x0e, numbers.map(|number| f64::from(number).to_be_bytes()).concat()),
    ];
    for (code, values) in cases {
        let raw = encode_as(code, &[2, 1], &values);
        for bytes in [raw.clone(), gzip(&raw)] {
            let data = load_bytes(&bytes).expect("a valid file");
            assert_eq!((data.train.values, data.range), (expected.clone(), (-2.0, 100.0)), "type {code}");
        }
    }
}

#[test]
fn labels_are_numbers_of_any_type() {
    let wide = encode_as(0x0c, &[2], &[0, 1, 0, 0, 0, 0, 0, 7]);
    assert_eq!(labels(&wide).expect("two"), Labels::Integers(vec![65_536, 7]));
    assert_eq!(labels(&gzip(&wide)).expect("two"), Labels::Integers(vec![65_536, 7]));
    let signed = labels(&encode_as(0x09, &[3, 1], &[1, 0xff, 2])).expect("three");
    assert_eq!(signed, Labels::Integers(vec![1, -1, 2]));
    let cases = [
        (encode_as(0x0d, &[1], &f32::NAN.to_be_bytes()), "the label of row 0 is NaN, expected a finite number"),
        (encode(&[1, 2], &[1, 2]), "the array has 2 dimensions, expected 1"),
        (encode(&[3], &[1, 2]), "declares 3 bytes of values (shape [3]), found 2"),
    ];
    for (bytes, expected) in cases {
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let message = labels(&bytes).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}

#[test]
fn malformed_files_are_refused_with_the_expected_and_the_actual_value() {
    let nan = encode_as(0x0d, &[2, 2], &[1.0, 2.0, 3.0, f32::NAN].map(f32::to_be_bytes).concat());
    let large = encode_as(0x0e, &[2, 1], &[1.0, 1e39].map(f64::to_be_bytes).concat());
    let cases: [(&[u8], &str); 11] = [
        (&[0, 0], "found [0, 0]"),
        (&[0, 0, 10, 1], "type `10`, expected 8, 9, 11"),
        (&[0, 0, 8, 2, 0, 0, 0, 1], "and 2 sizes of 4 bytes each, found [0, 0, 8, 2, 0, 0, 0, 1]"),
        (&encode(&[1, 3], &[1, 2]), "declares 3 bytes of values (shape [1, 3]), found 2"),
        (&encode(&[1, 3], &[1, 2, 3, 4]), "declares 3 bytes of values (shape [1, 3]), found 4"),
        (&encode(&[], &[1]), "the array has 0 dimensions, expected 2 or more"),
        (&encode(&[3], &[1, 2, 3]), "the array has 1 dimension, expected 2 or more"),
        (&encode(&[0, 2], &[]), "has no rows"),
        (&encode(&[2, 0], &[]), "0 features"),
        (&nan, "row 1, column 1 (counted from 0) is NaN"),
        (&large, "row 1, column 0 (counted from 0) is inf"),
    ];
    for (bytes, expected) in cases {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            let message = load_bytes(&bytes).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
    assert!(matches!(load_bytes(&gzip(&[])), Err(DataError::Empty { .. })));
}

#[test]
fn a_too_large_declared_size_is_refused_before_memory_is_allocated() {
    let huge = encode(&[u32::MAX; 8], &[1]);
    assert!(matches!(load_bytes(&huge), Err(DataError::Length { found: 1, .. })));
    assert!(matches!(load_bytes(&gzip(&huge)), Err(DataError::Bomb { times: 200, .. })));
}

#[test]
fn a_truncated_or_too_long_gzipped_file_is_refused() {
    let values: Vec<u8> = (0..100_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut cut = gzip(&encode(&[1000, 100], &values));
    cut.truncate(cut.len() / 2);
    assert!(matches!(load_bytes(&cut), Err(DataError::CutOff { .. })));
    let long = gzip(&encode(&[1, 2], &vec![0; 1 << 20]));
    assert!(matches!(load_bytes(&long), Err(DataError::Length { declared: 2, found: 3, .. })));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        code in prop::sample::select(vec![8u8, 9, 10, 11, 12, 13, 14]),
        sizes in prop::collection::vec(prop_oneof![0u32..6, any::<u32>()], 0..5),
        bytes: Vec<u8>,
        cut in 0usize..40,
    ) {
        let mut packed = gzip(&encode_as(code, &sizes, &bytes));
        packed.truncate(packed.len().saturating_sub(cut));
        for bytes in [bytes.clone(), encode_as(code, &sizes, &bytes), packed] {
            let _ = load_bytes(&bytes);
            let _ = labels(&bytes);
        }
    }
}
