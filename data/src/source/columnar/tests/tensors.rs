//! Tensors with a declared shape.

use std::collections::HashMap;

use arrow_schema::Schema;

use super::*;

/// Two rows of a tensor of six values with this metadata, and a column of labels.
fn tensors(metadata: &str) -> RecordBatch {
    let item = Field::new("item", DataType::Float32, false);
    let numbers = Float32Array::from_iter_values((0..12).map(|number| number as f32));
    let lists = FixedSizeListArray::new(Arc::new(item), 6, Arc::new(numbers), None);
    let extension = [("ARROW:extension:name", "arrow.fixed_shape_tensor"), ("ARROW:extension:metadata", metadata)];
    let extension: HashMap<_, _> = extension.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let tensor = Field::new("x", lists.data_type().clone(), false).with_metadata(extension);
    let schema = Schema::new(vec![tensor, Field::new("kind", DataType::Utf8, false)]);
    let kinds = column(StringArray::from(vec!["a", "b"]));
    RecordBatch::try_new(Arc::new(schema), vec![column(lists), kinds]).expect("two columns")
}

#[test]
fn a_tensor_has_the_shape_of_its_metadata() {
    for format in all_formats() {
        let batch = tensors(r#"{"shape":[2,3],"dim_names":["y","x"],"permutation":[0,1]}"#);
        let reading = Reading { label_column: Some("kind".to_owned()), ..Reading::default() };
        let (head, chunk) = read_once(&batch, reading, format).expect("tensors");
        assert_eq!((head.sample_shape, head.columns), (vec![2, 3], None));
        let expected = array![[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]];
        assert_eq!(chunk.values, Values::F32(expected), "{format:?}");
    }
}

#[test]
fn a_tensor_whose_metadata_does_not_fit_is_refused() {
    for (metadata, expected) in [
        ("", "`x` have metadata that cannot be read"),
        (r#"{"shape":[2,2]}"#, "have a shape that does not fit the length of its lists"),
        (r#"{"shape":[18446744073709551615,18446744073709551615]}"#, "have a shape that does not fit"),
        (
            r#"{"shape":[2,3],"permutation":[1,0]}"#,
            "have dimensions in another order than in memory; write the file again",
        ),
    ] {
        let message = read_once(&tensors(metadata), Reading::default(), Format::File(None)).map(drop);
        let message = message.expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}
