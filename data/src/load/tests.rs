//! Tests of loading: data sets from files of each kind.

use ndarray::array;
use tempfile::TempDir;

use super::*;
use crate::{reading::Reading, source::idx};

fn with(reading: Reading) -> LoadOptions {
    LoadOptions { reading, ..LoadOptions::default() }
}

fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    path.into_os_string().into_string().expect("a UTF-8 path")
}

#[test]
fn labels_that_differ_in_most_rows_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.csv");
    let rows = |classes: usize| (0..100).map(|row| format!("{row},{}.5\n", row % classes)).collect::<String>();
    let notes = |classes: usize| {
        std::fs::write(&path, format!("x,y\n{}", rows(classes))).expect("written");
        let reading = Reading { label_column: Some("y".to_owned()), ..Reading::default() };
        let options = LoadOptions { reading, ..LoadOptions::default() };
        crate::load(&path.to_string_lossy(), &options).expect("a table").notes
    };
    assert!(notes(60).iter().any(|note| note.text.starts_with("the labels have 60 different values in 100 rows")));
    assert!(notes(10).is_empty());
}

#[test]
fn digits_need_no_file() {
    let digits = load("digits", &LoadOptions::default()).expect("embedded");
    assert_eq!(digits.name, "digits");
}

#[test]
fn a_csv_has_one_part_with_name_range_and_classes() {
    let folder = TempDir::new().expect("a folder");
    let spec = write(&folder, "Iris.CSV", "a,b,kind\n1,-2.5,x\n3,4,y\n");
    let options = with(Reading { label_column: Some("kind".to_owned()), ..Default::default() });
    let table = load(&spec, &options).expect("a table");
    assert_eq!((table.name.as_str(), table.range), ("Iris", (-2.5, 4.0)));
    assert_eq!(table.sample_shape, [2]);
    assert_eq!(table.train.labels, Some(vec![0, 1]));
    assert_eq!(table.classes, Some(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(table.test, None);
}

#[test]
fn labels_are_read_from_a_separate_file() {
    let folder = TempDir::new().expect("a folder");
    let spec = write(&folder, "images.idx", idx::encode(&[2, 1, 2], &[1, 2, 3, 4]));
    let labels = write(&folder, "labels", idx::encode(&[2], &[8, 3]));
    let options = with(Reading { labels: Some(labels), ..Default::default() });
    let images = load(&spec, &options).expect("images");
    assert_eq!(images.train.values, Values::U8(array![[1, 2], [3, 4]]));
    assert_eq!(images.train.labels, Some(vec![1, 0]));
    assert_eq!(images.classes, Some(vec!["3".to_owned(), "8".to_owned()]));
}

#[test]
fn an_unknown_source_is_refused_with_the_expected_sources() {
    let folder = TempDir::new().expect("a folder");
    let text = write(&folder, "notes.txt", "hello");
    let empty = write(&folder, "nothing", "");
    let no_images = folder.path().to_str().expect("a UTF-8 path");
    let cases = [
        (text.as_str(), "has no known format; expected digits, mnist"),
        (empty.as_str(), "is empty"),
        ("missing.csv", "nor the path of a file or folder; expected digits, mnist"),
        (no_images, "contains neither train-images-idx3-ubyte nor an image"),
    ];
    for (spec, expected) in cases {
        let message = load(spec, &LoadOptions::default()).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn options_that_do_not_apply_to_a_source_are_refused() {
    let folder = TempDir::new().expect("a folder");
    let spec = write(&folder, "table.csv", "1,2\n");
    let column = with(Reading { label_column: Some("1".to_owned()), ..Default::default() });
    let file = with(Reading { labels: Some("labels.npy".to_owned()), ..Default::default() });
    let both = with(Reading { labels: file.reading.labels.clone(), ..column.reading.clone() });
    let cases = [
        ("digits", &column, "--label-column does not apply to a named data set, and `digits` is one"),
        ("digits", &file, "`digits` already contains labels, so labels.npy cannot"),
        (spec.as_str(), &both, "already contains labels"),
    ];
    for (spec, options, expected) in cases {
        let message = load(spec, options).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}
