//! Valid and invalid .npy files.

use ndarray::{Array, Array2, Dimension, ShapeBuilder, array};
use ndarray_npy::{WritableElement, WriteNpyExt};
use proptest::prelude::*;

use super::*;
use crate::{Reading, Values, load, reader::Reader};

fn bytes_of<T: WritableElement, D: Dimension>(array: Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("written to memory");
    bytes
}

/// Encodes a file of version 1 with the given header.
fn with_header(header: &str, values: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16 + 1).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(values);
    bytes
}

fn encode(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    with_header(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), values)
}

fn with_file<T>(bytes: &[u8], reader: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("array.npy");
    std::fs::write(&path, bytes).expect("written");
    reader(&path)
}

/// Loads a file, and returns the values and the shape of a sample.
fn read(bytes: &[u8]) -> Result<(Values, Vec<usize>), DataError> {
    read_with(bytes, Missing::Refuse)
}

fn read_with(bytes: &[u8], missing: Missing) -> Result<(Values, Vec<usize>), DataError> {
    let reading = Reading { missing: Some(missing), ..Reading::default() };
    let options = LoadOptions { reading, ..LoadOptions::default() };
    let data = with_file(bytes, |path| load(&path.to_string_lossy(), &options))?;
    Ok((data.train.values, data.sample_shape))
}

fn fortran<T: Clone + Default, D: Dimension>(array: &Array<T, D>) -> Array<T, D> {
    let mut fortran = Array::from_elem(array.raw_dim().f(), T::default());
    fortran.assign(array);
    fortran
}

#[test]
fn samples_are_flattened_row_major_from_either_order() {
    let c_order = array![[[1.0f32, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]];
    for array in [fortran(&c_order), c_order] {
        let (values, shape) = read(&bytes_of(array)).expect("a valid file");
        assert_eq!(shape, [2, 2]);
        let expected = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]];
        assert_eq!(values, Values::F32(expected));
    }
}

#[test]
fn the_size_of_chunks_does_not_change_the_rows_of_a_column_major_array() {
    // The first case has more features than are gathered together, the second one more rows than a block.
    for (rows, features) in [(70, 37), (3_000_000, 3)] {
        let array = Array2::from_shape_fn((rows, features), |(row, feature)| (row * 31 + feature) as f32);
        let bytes = bytes_of(fortran(&array));
        for max_rows in [7, rows / 2, usize::MAX] {
            let opened = with_file(&bytes, |path| open(path, &LoadOptions::default()));
            let Ok(Opened::Reader(mut reader)) = opened else {
                panic!("a column-major array needs a sequential reader")
            };
            if rows < 100 || max_rows > 7 {
                assert_eq!(all_rows(reader.as_mut(), max_rows), array, "{max_rows} rows at a time");
            }
        }
    }
}

fn all_rows(reader: &mut dyn Reader, max_rows: usize) -> Array2<f32> {
    let features = reader.head().sample_shape.iter().product();
    let mut all = Array2::zeros((0, features));
    while let Some(chunk) = reader.next(max_rows).expect("a valid file") {
        all.append(ndarray::Axis(0), chunk.values.to_f32().expect("in memory").view())
            .expect("the same number of features");
    }
    all
}

#[test]
fn bytes_stay_bytes_and_other_types_become_f32() {
    let bytes = Values::U8(array![[1, 2], [0, 1]]);
    assert_eq!(read(&bytes_of(array![[1u8, 2], [0, 1]])).expect("u1").0, bytes);
    assert_eq!(read(&bytes_of(fortran(&array![[1u8, 2], [0, 1]]))).expect("u1").0, bytes);
    let booleans = encode("'|b1'", "(2, 2)", &[0, 1, 1, 9]);
    assert_eq!(read(&booleans).expect("b1").0, Values::U8(array![[0, 1], [1, 1]]));
    let numbers = Values::F32(array![[1.0, 100.0]]);
    let cases = [
        ("'|i1'", [1i8, 100].map(i8::to_le_bytes).concat()),
        ("'<i2'", [1i16, 100].map(i16::to_le_bytes).concat()),
        ("'>u2'", [1u16, 100].map(u16::to_be_bytes).concat()),
        ("'<u4'", [1u32, 100].map(u32::to_le_bytes).concat()),
        ("'>i8'", [1i64, 100].map(i64::to_be_bytes).concat()),
        ("'<u8'", [1u64, 100].map(u64::to_le_bytes).concat()),
        ("'<f2'", [0x3c00u16, 0x5640].map(u16::to_le_bytes).concat()),
        ("'>f4'", [1f32, 100.0].map(f32::to_be_bytes).concat()),
        ("'<f8'", [1f64, 100.0].map(f64::to_le_bytes).concat()),
        ("'>f8'", [1f64, 100.0].map(f64::to_be_bytes).concat()),
    ];
    for (descr, values) in cases {
        assert_eq!(read(&encode(descr, "(1, 2)", &values)).expect(descr).0, numbers, "{descr}");
    }
}

#[test]
fn headers_of_every_version_are_read() {
    let text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }\n";
    for version in [2, 3] {
        let mut bytes = [&b"\x93NUMPY"[..], &[version, 0], &(text.len() as u32).to_le_bytes(), text].concat();
        bytes.extend([7, 8]);
        assert_eq!(read(&bytes).expect("two bytes").0, Values::U8(array![[7, 8]]));
    }
}

#[test]
fn malformed_files_are_refused_with_the_position() {
    let wrong_shape = |shape: &str| encode("'<f4'", shape, &[0; 8]);
    let cases = [
        (Vec::new(), "is empty"),
        (b"PK\x03\x04".to_vec(), "is not a valid .npy header"),
        (b"\x93NUMPY\x02\x00\xf0\xff\xff\xff".to_vec(), "is not a valid .npy header"),
        (with_header(&"(".repeat(9000), &[]), "is not a valid .npy header"),
        (wrong_shape("(1, -2)"), "is not a valid .npy header"),
        (wrong_shape("(1, 99999999999999)"), "declares 399999999999996 bytes of values"),
        (wrong_shape("(4294967296, 4294967296, 4294967296)"), "found 8"),
        (wrong_shape("(1, 1)"), "declares 4 bytes of values (shape [1, 1]), found 8"),
        (bytes_of(array![1.0f32]), "the array has 1 dimension, expected 2 or more"),
        (bytes_of(ndarray::arr0(1.0f32)), "the array has 0 dimensions, expected 2 or more"),
        (bytes_of(Array::<f32, _>::zeros((0, 2))), "has no rows"),
        (bytes_of(Array::<f32, _>::zeros((2, 0))), "0 features"),
        (encode("'|O'", "(1, 1)", &[0; 8]), "elements have type `|O`, expected b1, i1 to i8"),
        (encode("[('a', '<f4')]", "(1, 1)", &[0; 4]), "elements have type `structured type "),
        (bytes_of(array![[1.0f32, 2.0], [3.0, f32::NAN]]), "row 1, column 1 (counted from 0) is NaN"),
        (bytes_of(fortran(&array![[1.0f32, f32::NAN], [3.0, 2.0]])), "row 0, column 1 (counted from 0) is NaN"),
        (bytes_of(array![[1.0, f64::INFINITY]]), "row 0, column 1 (counted from 0) is inf"),
        (bytes_of(array![[1.0], [1e39f64]]), "row 1, column 0 (counted from 0) is inf"),
    ];
    for (bytes, expected) in cases {
        let message = read(&bytes).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn missing_values_are_filled_in_and_infinities_refused_in_either_order() {
    let array = array![[1.0f32, f32::NAN], [3.0, 8.0]];
    for array in [fortran(&array), array] {
        let (values, _) = read_with(&bytes_of(array), Missing::Mean).expect("one missing value");
        assert_eq!(values, Values::F32(array![[1.0, 8.0], [3.0, 8.0]]));
    }
    let array = array![[1.0f32, f32::NAN], [f32::INFINITY, 8.0]];
    for array in [fortran(&array), array] {
        let message = read_with(&bytes_of(array), Missing::Mean).expect_err("infinite").to_string();
        assert!(message.contains("row 1, column 0 (counted from 0) is inf"), "{message}");
    }
}

#[test]
fn labels_are_integers_floats_or_booleans() {
    let labels = |bytes: &[u8]| with_file(bytes, read_labels);
    assert_eq!(labels(&bytes_of(array![3u8, 0])).expect("u1"), Labels::Integers(vec![3, 0]));
    assert_eq!(labels(&bytes_of(array![3i64, 0])).expect("i8"), Labels::Integers(vec![3, 0]));
    assert_eq!(
        labels(&bytes_of(array![true, false])).expect("b1"),
        Labels::Text(vec!["true".to_owned(), "false".to_owned()])
    );
    assert_eq!(labels(&bytes_of(array![[0i64], [-1]])).expect("i8"), Labels::Integers(vec![0, -1]));
    assert_eq!(labels(&bytes_of(array![u64::MAX])).expect("u8"), Labels::Text(vec![u64::MAX.to_string()]));
    let numbers = labels(&bytes_of(array![2.5f64, -1.0])).expect("f8");
    assert_eq!(numbers, Labels::Text(vec!["2.5".to_owned(), "-1".to_owned()]));
    let cases = [
        (bytes_of(array![[1u8, 2]]), "the array has 2 dimensions, expected 1"),
        (encode("'|u1'", "(9999999999,)", &[1]), "declares 9999999999 bytes"),
    ];
    for (bytes, expected) in cases {
        let message = labels(&bytes).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn floats_of_several_targets_are_one_label_per_row_in_either_order() {
    let expected = Labels::Text(vec!["1.5;2".to_owned(), "-3;0.25".to_owned()]);
    let array = array![[1.5f64, 2.0], [-3.0, 0.25]];
    for array in [fortran(&array), array] {
        assert_eq!(with_file(&bytes_of(array), read_labels).expect("two targets"), expected);
    }
    let array = array![[1.5f32, 2.0], [f32::NAN, 0.25]];
    let message = with_file(&bytes_of(array), read_labels).expect_err("NaN").to_string();
    assert!(message.contains("the label of row 1 is NaN"), "{message}");
}

#[test]
fn a_file_with_more_bytes_than_its_header_says_is_not_called_cut_off() {
    let complete = bytes_of(array![[1.0f32, 2.0]]);
    let cases = [
        (complete[..complete.len() - 3].to_vec(), "found 5; the file is cut off or damaged"),
        ([&complete[..], &[0; 4]].concat(), "found 12 or more; the file is too long for its header"),
    ];
    for (bytes, expected) in cases {
        let message = read(&bytes).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

proptest! {
    #[test]
    fn arbitrary_headers_never_panic(
        header in r"\{('descr': ?'[<>|]?[a-z][0-9]',|'fortran_order': (True|False|0),|'shape': \([0-9,]{0,12}\),?|[ -~]){0,5}\}?",
        values: Vec<u8>,
    ) {
        let bytes = with_header(&header, &values);
        let _ = read(&bytes);
        let _ = with_file(&bytes, read_labels);
    }

    #[test]
    fn arbitrary_arrays_never_panic(
        descr in "'[<>|][biuf][1248]'",
        is_fortran: bool,
        shape in prop::collection::vec(0usize..4, 0..4),
        values in prop::collection::vec(any::<u8>(), 0..300),
        has_declared_length: bool,
    ) {
        let order = if is_fortran { "True" } else { "False" };
        let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
        let header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': ({sizes}), }}");
        let size: usize = shape.iter().product::<usize>() * usize::from(descr.as_bytes()[3] - b'0');
        let mut bytes = values;
        if has_declared_length {
            bytes.resize(size, 0);
        }
        let _ = read(&with_header(&header, &bytes));
        let _ = read_with(&with_header(&header, &bytes), Missing::Median);
    }
}
