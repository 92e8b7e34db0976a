//! Digits, bundles and tables for the tests of both crates.

#![allow(dead_code, reason = "every test uses a part, and functions.rs all of it")]

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use datafusion::arrow::{
    array::{
        ArrayRef, FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Int64Array, LargeListArray, ListArray,
        RecordBatch, StringArray, UInt8Array,
    },
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, Schema},
};
use narrows_datafusion::narrows_runtime::ndarray::Array2;

/// Number of pixels of a digit.
pub(crate) const FEATURES: usize = 64;

/// Returns the path of a file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Returns the path of a committed bundle.
pub(crate) fn zoo(kind: &str) -> String {
    repository("models/zoo").join(kind).display().to_string()
}

/// Returns the path of the bundle that `just test-cluster` trains.
pub(crate) fn classifier() -> String {
    let path = repository("target/engines-models/classifier");
    assert!(path.exists(), "`{}` is missing: run `just test-cluster`, which trains it", path.display());
    path.display().to_string()
}

/// Returns the 1,797 digits, `[rows, 64]`, and their classes.
pub(crate) fn digits() -> (Array2<u8>, Vec<i64>) {
    let file = std::fs::File::open(repository("data/assets/digits.csv.gz")).expect("the digits are committed");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("text");
    let numbers: Vec<u8> = text.split([',', '\n']).filter_map(|number| number.trim().parse().ok()).collect();
    let rows: Vec<&[u8]> = numbers.chunks_exact(FEATURES + 1).collect();
    let pixels = rows.iter().flat_map(|row| &row[..FEATURES]).copied().collect();
    let labels = rows.iter().map(|row| i64::from(row[FEATURES])).collect();
    (Array2::from_shape_vec((rows.len(), FEATURES), pixels).expect("whole rows"), labels)
}

/// The forms in which a column has the pixels of a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    FixedFloats,
    FixedBytes,
    List,
    LargeList,
    Nested,
    Binary,
}

impl Form {
    pub(crate) const ALL: [Form; 6] =
        [Form::FixedFloats, Form::FixedBytes, Form::List, Form::LargeList, Form::Nested, Form::Binary];

    /// Makes a column of rows. Its lists name their elements as other writers do.
    pub(crate) fn column(self, pixels: &Array2<u8>) -> ArrayRef {
        let rows = pixels.nrows();
        let bytes: Vec<u8> = pixels.iter().copied().collect();
        let floats: ArrayRef = Arc::new(Float32Array::from_iter_values(bytes.iter().copied().map(f32::from)));
        let fixed = |values: ArrayRef, length: i32| -> ArrayRef {
            let field = Arc::new(Field::new("element", values.data_type().clone(), true));
            Arc::new(FixedSizeListArray::new(field, length, values, None))
        };
        let field = Arc::new(Field::new("array", DataType::Float32, true));
        match self {
            Form::FixedFloats => fixed(floats, FEATURES as i32),
            Form::FixedBytes => fixed(Arc::new(UInt8Array::from(bytes)), FEATURES as i32),
            Form::List => {
                Arc::new(ListArray::new(field, OffsetBuffer::from_repeated_length(FEATURES, rows), floats, None))
            }
            Form::LargeList => {
                Arc::new(LargeListArray::new(field, OffsetBuffer::from_repeated_length(FEATURES, rows), floats, None))
            }
            Form::Nested => fixed(fixed(floats, 8), 8),
            Form::Binary => Arc::new(FixedSizeBinaryArray::new(FEATURES as i32, bytes.into(), None)),
        }
    }
}

/// Makes a table of digits: `id`, `label` (a whole number), `class` (text), `x`.
pub(crate) fn table(pixels: &Array2<u8>, labels: &[i64], form: Form) -> RecordBatch {
    let ids = Int64Array::from_iter_values(0..labels.len() as i64);
    let classes = StringArray::from_iter_values(labels.iter().map(i64::to_string));
    let x = form.column(pixels);
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("label", DataType::Int64, false),
        Field::new("class", DataType::Utf8, false),
        Field::new("x", x.data_type().clone(), true),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(Int64Array::from(labels.to_vec())), Arc::new(classes), x];
    RecordBatch::try_new(Arc::new(schema), columns).expect("columns of one length")
}
