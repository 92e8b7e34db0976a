//! Columns of encoded images.

use arrow_array::{BinaryArray, StructArray};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};

use super::*;
use crate::{Channels, Size};

fn png(value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = DynamicImage::from(GrayImage::from_pixel(3, 2, Luma([value])));
    image.write_to(&mut bytes, ImageFormat::Png).expect("in memory");
    bytes.into_inner()
}

/// A table as `datasets` writes it: 300 images of one grey value, and its last digit as the label.
fn hugging_face() -> RecordBatch {
    let images: Vec<Vec<u8>> = (0..300).map(|row| png((row % 250) as u8)).collect();
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(&images));
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values((0..300).map(|row| format!("{row}.png"))));
    let fields = vec![Field::new("bytes", DataType::Binary, true), Field::new("path", DataType::Utf8, true)];
    let image = StructArray::new(fields.into(), vec![bytes, paths], None);
    let label = Int64Array::from_iter_values((0..300).map(|row| row % 2));
    let batch = table(&[("image", column(image)), ("label", column(label))]);
    let names = r#"{"info": {"features": {"label": {"names": ["even", "odd"], "_type": "ClassLabel"}}}}"#;
    let schema = batch.schema().as_ref().clone().with_metadata([("huggingface".to_owned(), names.to_owned())]);
    batch.with_schema(Arc::new(schema)).expect("the same fields")
}

#[test]
fn images_are_read_out_of_a_struct_column() {
    let batch = hugging_face();
    for format in all_formats() {
        let file = file(&encode(std::slice::from_ref(&batch), format), format);
        let (head, chunks) = read(&file, Reading::default(), 100).expect("images");
        assert_eq!((head.sample_shape, head.is_bytes, head.has_labels), (vec![2, 3, 1], true, false), "{format:?}");
        let rows: usize = chunks.iter().map(|chunk| chunk.values.rows()).sum();
        assert_eq!(rows, 300);
        assert_eq!(chunks[0].values.select(&[7]).expect("in memory"), Values::U8(array![[7, 7, 7, 7, 7, 7]]));
        let texts: Vec<_> = head.notes.iter().map(|note| note.text.clone()).collect();
        assert!(texts[0].contains("pixels of `image`; not read: `label` (Int64); --label-column"), "{texts:?}");

        let reading = Reading {
            label_column: Some("label".to_owned()),
            resize: Some(Size { width: 4, height: 4 }),
            channels: Some(Channels::Rgb),
            ..Reading::default()
        };
        let (head, chunks) = read(&file, reading, 1000).expect("images");
        assert_eq!((head.sample_shape, head.notes.is_empty()), (vec![4, 4, 3], true));
        assert_eq!(chunks[0].labels.as_ref().map(|labels| labels.name(1).into_owned()).as_deref(), Some("odd"));
    }
}

#[test]
fn images_that_are_missing_or_damaged_are_named_by_row() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![Some(&png(1)), None, Some(b"\x89PNG")]));
    let image = StructArray::new(vec![Field::new("bytes", DataType::Binary, true)].into(), vec![bytes], None);
    let batch = table(&[("image", column(image))]);
    let message = |batch: &RecordBatch| {
        read_once(batch, Reading::default(), Format::Stream).map(drop).expect_err("refused").to_string()
    };
    assert!(message(&batch).contains("row 1 of column `image` has no bytes of an image"));
    assert!(
        message(&batch.slice(2, 1)).contains("row 0, cannot be read as an image"),
        "{}",
        message(&batch.slice(2, 1))
    );
    let plain = table(&[("x", column(Float64Array::from(vec![1.0])))]);
    let reading = Reading { channels: Some(Channels::Grey), ..Reading::default() };
    let error = read_once(&plain, reading, Format::Stream).map(drop).expect_err("no images").to_string();
    assert!(error.contains("--channels does not apply to a table without a column of images"), "{error}");
}
