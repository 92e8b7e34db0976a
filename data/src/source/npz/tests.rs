//! Valid and invalid .npz archives.

use std::io::{Cursor, Write};

use ndarray::{Array, Array2, ShapeBuilder, array};
use ndarray_npy::{WritableElement, WriteNpyExt};
use proptest::prelude::*;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::{Dataset, Reading, Values, load};

fn npy<T: WritableElement, D: ndarray::Dimension>(array: Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("written to memory");
    bytes
}

fn zipped(arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method).large_file(true);
    for (name, bytes) in arrays {
        archive.start_file(name.to_string(), options).expect("a name");
        archive.write_all(bytes).expect("written to memory");
    }
    archive.finish().expect("written to memory").into_inner()
}

const METHODS: [CompressionMethod; 2] = [CompressionMethod::Stored, CompressionMethod::Deflated];

fn read(bytes: &[u8], reading: Reading) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("arrays.npz");
    std::fs::write(&path, bytes).expect("written");
    load(&path.to_string_lossy(), &LoadOptions { reading, ..LoadOptions::default() })
}

fn keyed(key: Option<&str>, label_column: Option<&str>) -> Reading {
    Reading { key: key.map(str::to_owned), label_column: label_column.map(str::to_owned), ..Reading::default() }
}

#[test]
fn the_only_array_of_rank_2_contains_the_samples() {
    for method in METHODS {
        let arrays = [("codes.npy", npy(array![[1.0f32, 2.0], [3.0, 4.0]])), ("kinds.npy", npy(array![5i64, 9]))];
        let bytes = zipped(&arrays, method);
        let data = read(&bytes, Reading::default()).expect("one of rank 2");
        assert_eq!((data.name.as_str(), data.range), ("arrays", (1.0, 4.0)));
        assert_eq!((data.train.values, data.train.labels), (Values::F32(array![[1.0, 2.0], [3.0, 4.0]]), None));
        let data = read(&bytes, keyed(None, Some("kinds"))).expect("with labels");
        assert_eq!((data.train.labels, data.classes), (Some(vec![0, 1]), Some(vec!["5".to_owned(), "9".to_owned()])));
    }
}

#[test]
fn float_labels_of_one_or_several_targets_are_read_from_both_widths() {
    for method in METHODS {
        let x = ("x.npy", npy(array![[1.0f32, 2.0], [3.0, 4.0]]));
        let labels =
            |y: Vec<u8>| read(&zipped(&[x.clone(), ("y.npy", y)], method), Reading::default()).expect("labels").classes;
        let names = |names: [&str; 2]| Some(names.map(str::to_owned).to_vec());
        assert_eq!(labels(npy(array![0.5f32, 2.25])), names(["0.5", "2.25"]));
        assert_eq!(labels(npy(array![0.5f64, 2.25])), names(["0.5", "2.25"]));
        assert_eq!(labels(npy(array![[0.5f64, 1.0], [2.25, -4.0]])), names(["0.5;1", "2.25;-4"]));
    }
}

#[test]
fn training_and_test_parts_are_found_by_their_usual_names() {
    for method in METHODS {
        let arrays = [
            ("x_test.npy", npy(array![[5u8, 6]])),
            ("y_test.npy", npy(array![[2u8]])),
            ("x_train.npy", npy(array![[1u8, 2], [3, 4]])),
            ("y_train.npy", npy(array![[7u8], [2]])),
        ];
        let data = read(&zipped(&arrays, method), Reading::default()).expect("a data set");
        assert_eq!(data.train.values, Values::U8(array![[1, 2], [3, 4]]));
        assert_eq!((data.train.labels, data.range), (Some(vec![1, 0]), (0.0, 255.0)));
        let test = data.test.expect("a test part");
        assert_eq!((test.values, test.labels), (Values::U8(array![[5, 6]]), Some(vec![0])));
        let only = read(&zipped(&arrays, method), keyed(Some("x_test"), None)).expect("a part");
        assert_eq!((only.train.values, only.train.labels, only.test), (Values::U8(array![[5, 6]]), None, None));
    }
    let arrays = [("X.npy", npy(array![[1u8, 2]])), ("y.npy", npy(array![3i32])), ("z.npy", npy(array![[1u8]]))];
    let data = read(&zipped(&arrays, CompressionMethod::Stored), Reading::default()).expect("a data set");
    assert_eq!((data.train.values, data.classes), (Values::U8(array![[1, 2]]), Some(vec!["3".to_owned()])));
}

#[test]
fn column_major_arrays_are_read_with_every_compression() {
    let rows = Array2::from_shape_fn((500, 40), |(row, column)| (row * 40 + column) as f32);
    let mut columns = Array2::zeros((500, 40).f());
    columns.assign(&rows);
    for method in METHODS {
        let data = read(&zipped(&[("a.npy", npy(columns.clone()))], method), Reading::default()).expect("an array");
        assert_eq!(data.train.values, Values::F32(rows.clone()));
    }
}

#[test]
fn archives_with_a_comment_and_without_zip64_are_read() {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("a.npy", SimpleFileOptions::default()).expect("a name");
    archive.write_all(&npy(array![[1u8]])).expect("written to memory");
    archive.set_comment("written by hand").expect("short");
    let bytes = archive.finish().expect("written to memory").into_inner();
    assert_eq!(read(&bytes, Reading::default()).expect("an array").train.values, Values::U8(array![[1]]));
}

#[test]
fn zip64_records_are_read_even_if_32_bits_are_enough() {
    let bytes = zipped(&[("a.npy", npy(array![[1u8, 2]]))], CompressionMethod::Stored);
    let (entries, end) = bytes.split_at(bytes.len() - 22);
    let (size, start) = (&end[12..16], &end[16..20]);
    let large = [
        &b"PK\x06\x06"[..],
        &44u64.to_le_bytes(),
        &[0; 12],
        &[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
        size,
        &[0; 4],
        start,
        &[0; 4],
        b"PK\x06\x07\0\0\0\0",
        &(entries.len() as u64).to_le_bytes(),
        &[1, 0, 0, 0],
    ];
    let overflowing = [&end[..8], &[0xff; 12], &end[20..]].concat();
    for end in [end, &overflowing] {
        let bytes = [entries, &large.concat(), end].concat();
        assert_eq!(read(&bytes, Reading::default()).expect("an array").train.values, Values::U8(array![[1, 2]]));
    }
}

#[test]
fn messages_name_the_array() {
    let two = [("a.npy", npy(array![[1u8, 2]])), ("b.npy", npy(array![[1.5f32], [2.0]]))];
    let two = zipped(&two, CompressionMethod::Deflated);
    let one = |bytes: Vec<u8>| zipped(&[("a.npy", bytes)], CompressionMethod::Stored);
    let listed = "a (u1, [1, 2]), b (<f4, [2, 1])";
    let cut = two[..two.len() / 2].to_vec();
    let cases = [
        (
            two.clone(),
            keyed(None, None),
            format!("cannot determine which array contains the samples; select one with --key: {listed}"),
        ),
        (two.clone(), keyed(Some("c"), None), format!("has no array `c`; expected {listed}")),
        (two.clone(), keyed(Some("b"), Some("c")), "has no array `c`".to_owned()),
        (two.clone(), keyed(Some("a"), Some("b")), "npz/b has 2 labels, but".to_owned()),
        (two, keyed(Some("b"), Some("a")), "npz/a: the array has 2 dimensions".to_owned()),
        (cut, keyed(None, None), "is not a complete .npz archive: it has no end record".to_owned()),
        (Vec::new(), keyed(None, None), "is empty".to_owned()),
        (
            b"no archive, but a text that is longer".to_vec(),
            keyed(None, None),
            "is not a complete .npz archive".to_owned(),
        ),
        (zipped(&[], CompressionMethod::Stored), keyed(None, None), "with --key: nothing".to_owned()),
        (one(b"hello".to_vec()), keyed(None, None), "with --key: a (not an array)".to_owned()),
        (one(b"hello".to_vec()), keyed(Some("a"), None), "npz/a: the header is not a valid".to_owned()),
        (
            one(npy(array![[1.0, f64::NAN]])),
            keyed(None, None),
            "npz/a: row 0, column 1 (counted from 0) is NaN".to_owned(),
        ),
    ];
    for (bytes, reading, expected) in cases {
        let message = read(&bytes, reading).expect_err(&expected).to_string();
        assert!(message.contains(&expected), "{message} lacks {expected}");
    }
}

#[test]
fn the_numbers_of_labels_and_rows_must_be_equal() {
    let arrays = [("x.npy", npy(array![[1u8], [2]])), ("y.npy", npy(array![1u8]))];
    let message = read(&zipped(&arrays, CompressionMethod::Stored), Reading::default()).expect_err("one too few");
    assert!(message.to_string().contains("has 1 label, but "), "{message}");
}

#[test]
fn an_array_with_a_too_large_declared_size_is_refused() {
    let zeros = npy(Array2::<u8>::zeros((1 << 10, 1 << 15)));
    let bytes = zipped(&[("a.npy", zeros)], CompressionMethod::Deflated);
    assert!(matches!(read(&bytes, Reading::default()), Err(DataError::Bomb { times: 200, .. })));
}

#[test]
fn damage_to_an_array_is_found_with_every_compression_and_way_to_read() {
    let numbers = Array2::from_shape_fn((100, 100), |(row, column)| (row * column) as f32);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("arrays.npz");
    let spec = path.to_string_lossy();
    for method in METHODS {
        let valid = zipped(&[("a.npy", npy(numbers.clone()))], method);
        for index in (300..valid.len() - 300).step_by(valid.len() / 50) {
            let mut bytes = valid.clone();
            bytes[index] ^= 0x01;
            std::fs::write(&path, bytes).expect("written");
            let error = load(&spec, &LoadOptions::default()).expect_err("damaged").to_string();
            assert!(error.contains("arrays.npz"), "{error}");
            let streamed = crate::stream(&spec, &LoadOptions::default()).and_then(|mut streams| {
                while streams.train.next(7, None)?.is_some() {}
                Ok(())
            });
            assert!(streamed.is_err(), "byte {index} of {method}");
        }
    }
}

#[test]
fn a_wrong_checksum_of_labels_is_found() {
    for method in METHODS {
        let arrays = [("x.npy", npy(array![[1.0f32], [2.0]])), ("y.npy", npy(array![300i64, 301]))];
        let mut bytes = zipped(&arrays, method);
        let entry = bytes.windows(9).rposition(|window| window == b"y.npy\x01\x00\x10\x00" || &window[..5] == b"y.npy");
        // The checksum is 30 bytes before the name in the directory.
        bytes[entry.expect("in the directory") - 30] ^= 1;
        let error = read(&bytes, Reading::default()).expect_err("another checksum");
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error}: {source}").contains("its checksum is"), "{error}: {source}");
    }
}

proptest! {
    #[test]
    fn a_damaged_archive_never_panics(
        is_deflated: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in 0usize..60,
        key in prop::option::of("[ax]"),
    ) {
        let method = METHODS[usize::from(is_deflated)];
        let arrays = [("x.npy", npy(array![[1u8, 2], [3, 4]])), ("y.npy", npy(array![1u8, 2]))];
        let mut bytes = zipped(&arrays, method);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes.truncate(bytes.len() - cut.saturating_sub(30));
        let _ = read(&bytes, Reading { key, ..Reading::default() });
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, count: u16, size: u32, start: u32) {
        let end = [&b"PK\x05\x06\0\0\0\0\0\0"[..], &count.to_le_bytes(), &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]];
        let _ = read(&[&bytes[..], &end.concat()].concat(), Reading::default());
    }
}

#[test]
fn integers_that_lose_digits_are_said_in_every_layout_and_way_to_read() {
    let rows = array![[1i64, 1_700_000_010], [2, 1_700_000_017], [3, 1_700_000_600]];
    let mut columns = Array2::zeros((3, 2).f());
    columns.assign(&rows);
    let files = METHODS
        .into_iter()
        .flat_map(|method| [&rows, &columns].map(|array| ("t.npz", zipped(&[("a.npy", npy(array.clone()))], method))));
    let files: Vec<_> = files.chain([&rows, &columns].map(|array| ("t.npy", npy(array.clone())))).collect();
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let spec = path.to_string_lossy();
        let mut options = LoadOptions::default();
        let mut found = vec![load(&spec, &options).expect("an array").notes];
        options.limits.memory = crate::Bytes(1);
        found.push(load(&spec, &options).expect("an array").notes);
        let mut train = crate::stream(&spec, &options).expect("an array").train;
        while train.next(2, None).expect("rows").is_some() {}
        found.push(train.notes());
        for notes in found {
            let texts: Vec<_> = notes.iter().map(|note| note.text.as_str()).collect();
            assert_eq!(texts.len(), 1, "{name}: {texts:?}");
            assert!(texts[0].contains("may become equal in column 1 (counted from 0) (170000"), "{name}: {texts:?}");
        }
    }
}
