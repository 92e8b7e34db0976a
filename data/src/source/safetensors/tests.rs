use ndarray::array;
use proptest::prelude::*;

use super::*;
use crate::{Bytes, Dataset, Reading, Values, load};

/// Writes a header and the bytes of tensors.
fn encode(header: &str, bytes: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), bytes].concat()
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Two embeddings of three values, and their labels.
fn embeddings() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},"embeddings":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
        "ids":{"dtype":"I64","shape":[2],"data_offsets":[24,40]}}"#;
    encode(header, &[floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [7i64, -1].map(i64::to_le_bytes).concat()].concat())
}

fn read(bytes: &[u8], reading: Reading) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("e.safetensors");
    std::fs::write(&path, bytes).expect("written");
    let mut options = LoadOptions { reading, ..LoadOptions::default() };
    let in_memory = load(&path.to_string_lossy(), &options);
    options.limits.memory = Bytes(1);
    let on_disk = load(&path.to_string_lossy(), &options);
    if let (Ok(one), Ok(other)) = (&in_memory, &on_disk) {
        assert_eq!(one.fingerprint().expect("in memory"), other.fingerprint().expect("a file of this test"));
    }
    in_memory
}

#[test]
fn the_only_tensor_of_rank_2_contains_the_samples() {
    let label_column = Some("ids".to_owned());
    let data = read(&embeddings(), Reading { label_column, ..Reading::default() }).expect("one of rank 2");
    assert_eq!(data.train.values, Values::F32(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    assert_eq!(data.classes, Some(vec!["-1".to_owned(), "7".to_owned()]));
}

#[test]
fn tensors_have_the_usual_names_or_are_selected_by_key() {
    let header = r#"{"x_train":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]},
        "y_train":{"dtype":"BOOL","shape":[2],"data_offsets":[2,4]},
        "x_test":{"dtype":"U8","shape":[1,1],"data_offsets":[4,5]}}"#;
    let bytes = encode(header, &[8, 9, 1, 0, 7]);
    let data = read(&bytes, Reading::default()).expect("a data set");
    assert_eq!(
        (data.train.values, data.classes),
        (Values::U8(array![[8], [9]]), Some(vec!["false".into(), "true".into()]))
    );
    assert_eq!(data.test.expect("a test part").values, Values::U8(array![[7]]));
    let key = Some("x_test".to_owned());
    assert_eq!(
        read(&bytes, Reading { key, ..Reading::default() }).expect("a part").train.values,
        Values::U8(array![[7]])
    );
}

#[test]
fn half_precision_floats_are_exact() {
    for (dtype, bits) in [("F16", [0x3e00u16, 0xc000]), ("BF16", [0x3fc0, 0xc000])] {
        let header = format!(r#"{{"z":{{"dtype":"{dtype}","shape":[1,2],"data_offsets":[0,4]}}}}"#);
        let data = read(&encode(&header, &bits.map(u16::to_le_bytes).concat()), Reading::default()).expect(dtype);
        assert_eq!(data.train.values, Values::F32(array![[1.5, -2.0]]), "{dtype}");
    }
}

#[test]
fn damaged_and_unsuitable_files_are_refused() {
    let one = |dtype: &str, shape: &str, end: u32| {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
    };
    let whole = embeddings();
    let cases: [(Vec<u8>, &str); 10] = [
        (Vec::new(), "is empty"),
        (whole[..4].to_vec(), "ends too early"),
        (whole[..40].to_vec(), "ends too early"),
        (whole[..whole.len() - 1].to_vec(), "its tensors need 40 bytes, found 39"),
        ([&u64::MAX.to_le_bytes()[..], b"{}"].concat(), "its header declares 18446744073709551615 bytes"),
        (encode("{", &[]), "cannot be read as safetensors"),
        (encode("{}", &[]), "select one with --key: nothing"),
        (encode(&one("F32", "[1,2]", 4), &[0; 4]), "cannot be read as safetensors"),
        (encode(&one("F32", "[4611686018427387904,16]", 4), &[0; 4]), "cannot be read as safetensors"),
        (encode(&one("F8_E4M3", "[2,2]", 4), &[0; 4]), "select one with --key: a (F8_E4M3, [2, 2])"),
    ];
    for (bytes, expected) in cases {
        let error = read(&bytes, Reading::default()).map(drop).expect_err(expected);
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error}: {source}").contains(expected), "{error}: {source} lacks {expected}");
    }
    let key = Some("a".to_owned());
    let message = read(&encode(&one("F8_E4M3", "[2,2]", 4), &[0; 4]), Reading { key, ..Reading::default() });
    let message = message.map(drop).expect_err("an unsupported type").to_string();
    assert!(message.contains("e.safetensors/a: elements have type `F8_E4M3`"), "{message}");
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = embeddings();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read(&bytes, Reading::default());
    }
}
