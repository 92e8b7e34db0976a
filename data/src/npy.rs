//! NPY, NumPy's format for one array: samples `[rows, ...sample shape]`, or integer labels `[rows]`.

mod file;

use std::path::Path;

use self::file::NpyFile;
use crate::{
    dataset::{Values, matrix},
    error::DataError,
};

/// Reads samples, `[rows, features]`, and the shape of one of them; `f64` is narrowed to `f32`.
pub(crate) fn read(path: &Path) -> Result<(Values, Vec<usize>), DataError> {
    let file = NpyFile::open(path)?;
    let path = path.to_owned();
    let sample_shape = match file.shape().split_first() {
        None | Some((_, [])) => {
            let (expected, found) = ("2 or more (rows, then a sample's)", file.shape().len());
            return Err(DataError::Rank { path, expected, found });
        }
        Some((0, _)) => return Err(DataError::NoRows { path }),
        Some((_, sample_shape)) if sample_shape.contains(&0) => {
            return Err(DataError::NoFeatures { path });
        }
        Some((_, sample_shape)) => sample_shape.to_vec(),
    };
    // Only lengths that the file was found to have are multiplied, hence after `elements`.
    let features = || sample_shape.iter().product();
    let values = match file.element() {
        "u1" | "B" => Values::U8(matrix(file.elements()?, features())),
        "f4" => {
            let values: Vec<f32> = file.elements()?;
            check_finite(&path, &values, features(), |&value| f64::from(value))?;
            Values::F32(matrix(values, features()))
        }
        "f8" => {
            let values: Vec<f64> = file.elements()?;
            check_finite(&path, &values, features(), |&value| value)?;
            let narrowed = values.into_iter().map(|value| value as f32).collect();
            Values::F32(matrix(narrowed, features()))
        }
        _ => return Err(file.unexpected_type("u1, f4 or f8 (uint8, float32, float64)")),
    };
    Ok((values, sample_shape))
}

/// Reads one label a row.
pub(crate) fn read_labels(path: &Path) -> Result<Vec<u32>, DataError> {
    let file = NpyFile::open(path)?;
    if file.shape().len() != 1 {
        let (expected, found) = ("1 (one label a row)", file.shape().len());
        return Err(DataError::Rank { path: path.to_owned(), expected, found });
    }
    match file.element() {
        "i1" | "b" => file.labels::<i8>(),
        "i2" => file.labels::<i16>(),
        "i4" => file.labels::<i32>(),
        "i8" => file.labels::<i64>(),
        "u1" | "B" => file.labels::<u8>(),
        "u2" => file.labels::<u16>(),
        "u4" => file.labels::<u32>(),
        "u8" => file.labels::<u64>(),
        _ => Err(file.unexpected_type("i1 to i8 or u1 to u8 (integers)")),
    }
}

/// Refuses what no `f32` holds: NaN, infinities, and numbers that narrowing makes infinite.
fn check_finite<T>(path: &Path, values: &[T], features: usize, number: impl Fn(&T) -> f64) -> Result<(), DataError> {
    for (index, value) in values.iter().map(number).enumerate() {
        if !(value as f32).is_finite() {
            let (row, column) = (index / features, index % features);
            return Err(DataError::NotFinite { path: path.to_owned(), row, column, value });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Dimension, ShapeBuilder, array};
    use ndarray_npy::{WritableElement, WriteNpyExt};
    use proptest::prelude::*;

    use super::*;

    fn bytes_of<T: WritableElement, D: Dimension>(array: Array<T, D>) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).expect("memory takes it");
        bytes
    }

    fn headed(header: &str, values: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&(header.len() as u16 + 1).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(values);
        bytes
    }

    fn with_file<T>(bytes: &[u8], reader: impl FnOnce(&Path) -> T) -> T {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("array.npy");
        std::fs::write(&path, bytes).expect("written");
        reader(&path)
    }

    #[test]
    fn samples_are_flattened_row_major_from_either_order() {
        let c_order = array![[[1.0f32, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]];
        let mut fortran = Array::zeros(c_order.raw_dim().f());
        fortran.assign(&c_order);
        for array in [c_order, fortran] {
            let (values, shape) = with_file(&bytes_of(array), read).expect("well formed");
            assert_eq!(shape, [2, 2]);
            let expected = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]];
            assert_eq!(values, Values::F32(expected));
        }
    }

    #[test]
    fn bytes_stay_bytes_and_doubles_are_narrowed() {
        let (bytes, _) = with_file(&bytes_of(array![[1u8, 2]]), read).expect("u8");
        assert_eq!(bytes, Values::U8(array![[1, 2]]));
        let (narrowed, _) = with_file(&bytes_of(array![[0.1f64, 2.0]]), read).expect("f64");
        assert_eq!(narrowed, Values::F32(array![[0.1, 2.0]]));
    }

    #[test]
    fn big_endian_values_are_read() {
        let header = "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }";
        let (values, _) = with_file(&headed(header, &[0x3f, 0x80, 0, 0]), read).expect("one");
        assert_eq!(values, Values::F32(array![[1.0]]));
    }

    #[test]
    fn malformed_files_are_refused_with_the_place() {
        let lie =
            |shape: &str| headed(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"), &[0; 8]);
        let cases = [
            (Vec::new(), "is empty"),
            (b"PK\x03\x04".to_vec(), "not that of a plain .npy array"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "not that of a plain .npy array"),
            (headed(&"(".repeat(9000), &[]), "not that of a plain .npy array"),
            (lie("(1, 99999999999999)"), "promises 399999999999996 bytes of values"),
            (lie("(4294967296, 4294967296, 4294967296)"), "found 8"),
            (lie("(1, 1)"), "promises 4 bytes of values (shape [1, 1]), found 8"),
            (bytes_of(array![1.0f32]), "the shape has 1 sizes, expected 2 or more"),
            (bytes_of(Array::<f32, _>::zeros((0, 2))), "has no rows"),
            (bytes_of(Array::<f32, _>::zeros((2, 0))), "0 features"),
            (bytes_of(array![[1i32]]), "elements are of type `'<i4'`, expected u1, f4 or f8"),
            (bytes_of(array![[1.0f32, 2.0], [3.0, f32::NAN]]), "row 1, column 1 is NaN"),
            (bytes_of(array![[1.0, f64::INFINITY]]), "row 0, column 1 is inf"),
            (bytes_of(array![[1.0], [1e39f64]]), "row 1, column 0 is 1000"),
        ];
        for (bytes, expected) in cases {
            let message = with_file(&bytes, read).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }

    #[test]
    fn labels_are_integers_from_0() {
        assert_eq!(with_file(&bytes_of(array![3u8, 0]), read_labels).expect("u8"), [3, 0]);
        assert_eq!(with_file(&bytes_of(array![3i64, 0]), read_labels).expect("i64"), [3, 0]);
        let cases = [
            (bytes_of(array![0i64, -1]), "the label of row 1 is -1, expected 0 to 4294967295"),
            (bytes_of(array![u64::MAX]), "the label of row 0 is 18446744073709551615"),
            (bytes_of(array![1.0f32]), "elements are of type `'<f4'`, expected i1 to i8"),
            (bytes_of(array![[1u8]]), "the shape has 2 sizes, expected 1"),
        ];
        for (bytes, expected) in cases {
            let message = with_file(&bytes, read_labels).expect_err(expected).to_string();
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
            let _ = with_file(&bytes, read);
            let _ = with_file(&bytes, read_labels);
        }
    }
}
