//! Files that are no packed bundle, or have a wrong header, are refused with the file name and the reason.

use std::{collections::BTreeMap, fs::File, time::Instant};

use narrows_bundle::{Bundle, ENCODER, Kind, MANIFEST, PROBE, ndarray::ArrayD};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

use crate::support::{autoencoder, content, with_header};

/// Returns the error message for these bytes.
fn refusal(bytes: &[u8]) -> String {
    let error = Bundle::from_bytes(bytes).expect_err("no bundle").to_string();
    assert!(error.starts_with("`packed bundle"), "{error}");
    error
}

#[test]
fn files_of_other_formats_are_refused_with_a_reason() {
    let other_safetensors = |value: &str| {
        let array = ArrayD::<f32>::zeros(vec![1]);
        let bytes: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = TensorView::new(Dtype::F32, vec![1], &bytes).expect("one value");
        let metadata = std::collections::HashMap::from([("format".to_owned(), value.to_owned())]);
        safetensors::serialize([("layer.weight", tensor)], Some(metadata)).expect("one tensor")
    };
    let deep = with_header(&("{\"a\":".to_owned() + &"[".repeat(100_000) + &"]".repeat(100_000) + "}"), &[]);
    let cases: [(&[u8], &str); 11] = [
        (b"", "it is empty"),
        (b"x", "does not begin with a safetensors header"),
        (b"\x08\x07\x12\x07pytorch and much more", "does not begin with a safetensors header"),
        (&u64::MAX.to_le_bytes(), "does not begin with a safetensors header"),
        (&(1u64 << 30).to_le_bytes(), "does not begin with a safetensors header"),
        (&100u64.to_le_bytes(), "its header should have 100 bytes, but only 0 follow"),
        (&with_header("", &[]), "not a valid safetensors header"),
        (&with_header("[]", &[]), "not a valid safetensors header"),
        (&deep, "recursion limit"),
        (&with_header("{}", &[]), "not a packed bundle"),
        (&other_safetensors("pt"), "it is a safetensors file, but not a packed bundle (a bundle is a folder"),
    ];
    for (bytes, expected) in cases {
        let error = refusal(bytes);
        assert!(error.contains(expected), "`{error}` should mention `{expected}`");
    }
}

/// Returns the files of a good bundle: the header entries and the data.
fn parts() -> (BTreeMap<String, Value>, Vec<u8>) {
    let folder = autoencoder(Kind::Vae);
    let mut files = content(&folder.path().join("model"));
    files.retain(|name, _| [MANIFEST, "encoder.onnx", "decoder.onnx", PROBE].contains(&name.as_str()));
    let (mut entries, mut data) = (BTreeMap::new(), Vec::new());
    for (name, bytes) in files {
        let from = data.len();
        data.extend(bytes);
        let info = json!({ "dtype": "U8", "shape": [data.len() - from], "data_offsets": [from, data.len()] });
        entries.insert(name, info);
    }
    entries.insert("__metadata__".to_owned(), json!({ "format": "narrows" }));
    (entries, data)
}

#[test]
fn a_wrong_header_is_refused_and_the_error_names_the_defect() {
    let (entries, data) = parts();
    let text = |entries: &BTreeMap<String, Value>| serde_json::to_string(entries).expect("JSON");
    Bundle::from_bytes(&with_header(&text(&entries), &data)).expect("a valid header");

    type Corrupt = fn(&mut BTreeMap<String, Value>);
    let cases: [(&str, Corrupt); 10] = [
        ("encoder.onnx` cannot be used: it is I8 of shape", |entries| {
            entries.get_mut(ENCODER).expect("there")["dtype"] = "I8".into()
        }),
        ("expected U8 in one dimension", |entries| {
            let info = entries.get_mut(ENCODER).expect("there");
            info["shape"] = json!([1, info["shape"][0]]);
        }),
        ("expected U8 in one dimension", |entries| {
            entries.insert("nothing".to_owned(), json!({ "dtype": "F64", "shape": [0], "data_offsets": [0, 0] }));
        }),
        ("nothing` cannot be used: the manifest does not list it", |entries| {
            entries.insert("nothing".to_owned(), json!({ "dtype": "U8", "shape": [0], "data_offsets": [0, 0] }));
        }),
        ("shape", |entries| entries.get_mut(ENCODER).expect("there")["shape"] = json!([1u64 << 62, 1u64 << 62])),
        ("shape", |entries| entries.get_mut(ENCODER).expect("there")["shape"] = json!([3])),
        ("offset", |entries| entries.get_mut(ENCODER).expect("there")["data_offsets"] = json!([u64::MAX, u64::MAX])),
        ("offset", |entries| entries.get_mut(ENCODER).expect("there")["data_offsets"] = json!([0, 1])),
        ("not a packed bundle", |entries| drop(entries.remove("__metadata__"))),
        ("not a packed bundle", |entries| drop(entries.insert("__metadata__".to_owned(), json!({ "format": "pt" })))),
    ];
    for (expected, corrupt) in cases {
        let mut bad = entries.clone();
        corrupt(&mut bad);
        let error = refusal(&with_header(&text(&bad), &data));
        assert!(error.contains(expected), "`{error}` should mention `{expected}`");
    }
    for name in [MANIFEST, ENCODER, PROBE] {
        let mut bad = entries.clone();
        let info = bad.remove(name).expect("packed");
        bad.insert("renamed".to_owned(), info);
        let error = refusal(&with_header(&text(&bad), &data));
        assert!(error.contains(&format!("{name}` cannot be used: the packed file does not contain it")), "{error}");
    }
    let twice = text(&entries).replacen("\"encoder.onnx\"", "\"decoder.onnx\"", 1);
    assert!(refusal(&with_header(&twice, &data)).contains("it contains the name `decoder.onnx` twice"));
    let same = format!("{{\"decoder.onnx\":{},{}", entries["decoder.onnx"], &text(&entries)[1..]);
    assert!(refusal(&with_header(&same, &data)).contains("it contains the name `decoder.onnx` twice"));
    let longer = refusal(&with_header(&text(&entries), &[data.as_slice(), b"!"].concat()));
    assert!(longer.contains("has changed since it was exported") && longer.contains("bytes, expected"), "{longer}");
}

#[test]
fn a_large_file_of_another_format_is_refused_without_being_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("weights");
    let sparse = |bytes| File::create(&path).and_then(|file| file.set_len(bytes)).expect("a sparse file");
    let start = Instant::now();
    sparse(2 << 30);
    let error = Bundle::open(&path).expect_err("zeros").to_string();
    assert!(error.contains("weights` is not a bundle"), "{error}");
    sparse((2 << 30) + 1);
    let error = Bundle::open(&path).expect_err("too large").to_string();
    assert!(error.contains("has 2147483649 bytes, the limit is 2147483648"), "{error}");
    // Reading it would take seconds.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn a_path_that_is_neither_a_folder_nor_a_file_is_refused_without_blocking() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = |path: &std::path::Path| Bundle::open(path).expect_err("no bundle").to_string();
    assert!(error(&folder.path().join("missing")).contains("missing` does not exist"));
    assert!(error(folder.path()).contains("is not a bundle: it has no manifest.json"));
    if cfg!(unix) {
        assert!(error("/dev/null".as_ref()).contains("neither a folder nor a regular file"));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("a POSIX system");
        assert!(made.success() && error(&pipe).contains("neither a folder nor a regular file"));
    }
}
