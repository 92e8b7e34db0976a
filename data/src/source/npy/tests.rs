//! Arrays as NumPy writes them, and as it never would.

use ndarray::{Array, Array2, Dimension, ShapeBuilder, array};
use ndarray_npy::{WritableElement, WriteNpyExt};
use proptest::prelude::*;

use super::*;
use crate::{Reading, Values, load, reader::Reader};

fn bytes_of<T: WritableElement, D: Dimension>(array: Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("memory takes it");
    bytes
}

/// A file of version 1 with this header.
fn headed(header: &str, values: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16 + 1).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(values);
    bytes
}

fn described(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    headed(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), values)
}

fn with_file<T>(bytes: &[u8], reader: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("array.npy");
    std::fs::write(&path, bytes).expect("written");
    reader(&path)
}

/// Values and the shape of a sample, by way of loading.
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
        let (values, shape) = read(&bytes_of(array)).expect("well formed");
        assert_eq!(shape, [2, 2]);
        let expected = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]];
        assert_eq!(values, Values::F32(expected));
    }
}

#[test]
fn transposed_rows_are_the_same_however_many_are_asked_for() {
    // More features than are gathered together, and more rows than a block has.
    for (rows, features) in [(70, 37), (3_000_000, 3)] {
        let array = Array2::from_shape_fn((rows, features), |(row, feature)| (row * 31 + feature) as f32);
        let bytes = bytes_of(fortran(&array));
        for most in [7, rows / 2, usize::MAX] {
            let opened = with_file(&bytes, |path| open(path, &LoadOptions::default()));
            let Ok(Opened::Reader(mut reader)) = opened else { panic!("columns are gone through") };
            if rows < 100 || most > 7 {
                assert_eq!(all_rows(reader.as_mut(), most), array, "{most} rows at a time");
            }
        }
    }
}

fn all_rows(reader: &mut dyn Reader, most: usize) -> Array2<f32> {
    let features = reader.head().sample_shape.iter().product();
    let mut all = Array2::zeros((0, features));
    while let Some(chunk) = reader.next(most).expect("well formed") {
        all.append(ndarray::Axis(0), chunk.values.to_f32().expect("in memory").view()).expect("as many features");
    }
    all
}

#[test]
fn bytes_stay_bytes_and_all_else_becomes_single_precision() {
    let bytes = Values::U8(array![[1, 2], [0, 1]]);
    assert_eq!(read(&bytes_of(array![[1u8, 2], [0, 1]])).expect("u1").0, bytes);
    assert_eq!(read(&bytes_of(fortran(&array![[1u8, 2], [0, 1]]))).expect("u1").0, bytes);
    let truths = described("'|b1'", "(2, 2)", &[0, 1, 1, 9]);
    assert_eq!(read(&truths).expect("b1").0, Values::U8(array![[0, 1], [1, 1]]));
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
        assert_eq!(read(&described(descr, "(1, 2)", &values)).expect(descr).0, numbers, "{descr}");
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
fn malformed_files_are_refused_with_the_place() {
    let lie = |shape: &str| described("'<f4'", shape, &[0; 8]);
    let cases = [
        (Vec::new(), "is empty"),
        (b"PK\x03\x04".to_vec(), "not that of a plain .npy array"),
        (b"\x93NUMPY\x02\x00\xf0\xff\xff\xff".to_vec(), "not that of a plain .npy array"),
        (headed(&"(".repeat(9000), &[]), "not that of a plain .npy array"),
        (lie("(1, -2)"), "not that of a plain .npy array"),
        (lie("(1, 99999999999999)"), "promises 399999999999996 bytes of values"),
        (lie("(4294967296, 4294967296, 4294967296)"), "found 8"),
        (lie("(1, 1)"), "promises 4 bytes of values (shape [1, 1]), found 8"),
        (bytes_of(array![1.0f32]), "the shape has 1 sizes, expected 2 or more"),
        (bytes_of(ndarray::arr0(1.0f32)), "the shape has 0 sizes, expected 2 or more"),
        (bytes_of(Array::<f32, _>::zeros((0, 2))), "has no rows"),
        (bytes_of(Array::<f32, _>::zeros((2, 0))), "0 features"),
        (described("'|O'", "(1, 1)", &[0; 8]), "elements are of type `|O`, expected b1, i1 to i8"),
        (described("[('a', '<f4')]", "(1, 1)", &[0; 4]), "elements are of type `a structure, "),
        (bytes_of(array![[1.0f32, 2.0], [3.0, f32::NAN]]), "row 1, column 1 is NaN"),
        (bytes_of(fortran(&array![[1.0f32, f32::NAN], [3.0, 2.0]])), "row 0, column 1 is NaN"),
        (bytes_of(array![[1.0, f64::INFINITY]]), "row 0, column 1 is inf"),
        (bytes_of(array![[1.0], [1e39f64]]), "row 1, column 0 is inf"),
    ];
    for (bytes, expected) in cases {
        let message = read(&bytes).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn missing_values_are_filled_in_from_either_order_and_infinities_never_are() {
    let array = array![[1.0f32, f32::NAN], [3.0, 8.0]];
    for array in [fortran(&array), array] {
        let (values, _) = read_with(&bytes_of(array), Missing::Mean).expect("one is missing");
        assert_eq!(values, Values::F32(array![[1.0, 8.0], [3.0, 8.0]]));
    }
    let array = array![[1.0f32, f32::NAN], [f32::INFINITY, 8.0]];
    for array in [fortran(&array), array] {
        let message = read_with(&bytes_of(array), Missing::Mean).expect_err("infinite").to_string();
        assert!(message.contains("row 1, column 0 is inf"), "{message}");
    }
}

#[test]
fn labels_are_integers_from_0() {
    let labels = |bytes: &[u8]| with_file(bytes, read_labels);
    assert_eq!(labels(&bytes_of(array![3u8, 0])).expect("u1"), Labels::Integers(vec![3, 0]));
    assert_eq!(labels(&bytes_of(array![3i64, 0])).expect("i8"), Labels::Integers(vec![3, 0]));
    assert_eq!(labels(&bytes_of(array![true, false])).expect("b1"), Labels::Integers(vec![1, 0]));
    let numbers = labels(&bytes_of(array![2.5f64, -1.0])).expect("f8");
    assert_eq!(numbers, Labels::Text(vec!["2.5".to_owned(), "-1".to_owned()]));
    let cases = [
        (bytes_of(array![0i64, -1]), "the label of row 1 is -1, expected 0 to 4294967295"),
        (bytes_of(array![u64::MAX]), "the label of row 0 is 18446744073709551615"),
        (bytes_of(array![[1u8]]), "the shape has 2 sizes, expected 1"),
        (described("'|u1'", "(9999999999,)", &[1]), "promises 9999999999 bytes"),
    ];
    for (bytes, expected) in cases {
        let message = labels(&bytes).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

proptest! {
    #[test]
    fn no_header_makes_the_reader_panic(
        header in r"\{('descr': ?'[<>|]?[a-z][0-9]',|'fortran_order': (True|False|0),|'shape': \([0-9,]{0,12}\),?|[ -~]){0,5}\}?",
        values: Vec<u8>,
    ) {
        let bytes = headed(&header, &values);
        let _ = read(&bytes);
        let _ = with_file(&bytes, read_labels);
    }

    #[test]
    fn no_array_makes_the_reader_panic(
        descr in "'[<>|][biuf][1248]'",
        is_fortran: bool,
        shape in prop::collection::vec(0usize..4, 0..4),
        values in prop::collection::vec(any::<u8>(), 0..300),
        exact: bool,
    ) {
        let order = if is_fortran { "True" } else { "False" };
        let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
        let header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': ({sizes}), }}");
        let size: usize = shape.iter().product::<usize>() * usize::from(descr.as_bytes()[3] - b'0');
        let mut bytes = values;
        if exact {
            bytes.resize(size, 0);
        }
        let _ = read(&headed(&header, &bytes));
        let _ = read_with(&headed(&header, &bytes), Missing::Median);
    }
}
