//! Data that differs from the training data: other levels, other constants, other columns.

use super::*;

/// The rows of a file that is read with the schema of the training data.
fn later(train: &str, later: &str) -> Result<Dataset, DataError> {
    let trained = read(train, Reading::default()).expect("training data");
    let folder = tempdir().expect("a folder");
    let spec = write(folder.path(), "later.csv", later);
    load(&spec, &LoadOptions { schema: trained.table.map(Arc::new), ..LoadOptions::default() })
}

#[test]
fn a_column_that_is_constant_in_training_may_vary_later() {
    let train = "kind,size,sold\na,5,2024-02-28\na,5,2024-02-28\n";
    let data = later(train, "kind,size,sold\na,5,2024-02-28\nb,7.5,2025-12-31\n").expect("other values");
    assert_eq!(rows(&data.train.values)[0], [1.0, 5.0, 19_781.0, 2.0, 3.0]);
    assert_eq!(rows(&data.train.values)[1], [0.0, 7.5, 20_453.0, 12.0, 3.0]);
}

#[test]
fn parts_of_every_kind_may_have_unseen_levels() {
    let folder = tempdir().expect("a folder");
    let held_out = write(folder.path(), "other.csv", "carat,cut,member,bought,price\n1,Good,maybe,2024-02-28,1\n");
    for part in [HeldOut::Valid, HeldOut::Test] {
        let train = read(DIAMONDS, Reading::default()).expect("a mixed table");
        let data = train.with(part, &held_out, &LoadOptions::default()).expect("the same columns");
        let notes: Vec<_> = data.notes.iter().filter(|note| note.text.contains("unseen level")).cloned().collect();
        assert_eq!(notes.len(), 2, "{notes:?}");
        let part = match part {
            HeldOut::Valid => data.valid,
            HeldOut::Test => data.test,
        };
        assert_eq!(rows(&part.expect("just added").values)[0][..3], [1.0, 0.0, 0.0]);
    }
}

#[test]
fn levels_are_those_of_all_parts_of_a_folder() {
    let folder = tempdir().expect("a folder");
    fs::create_dir(folder.path().join("parts")).expect("a folder");
    write(folder.path(), "parts/1.csv", "kind,size\na,1\n");
    // Another order of the columns, and one that the first part does not have.
    write(folder.path(), "parts/2.csv", "size,colour,kind\n2,red,b\n3,blue,b\n");
    let data = load(&folder.path().join("parts").to_string_lossy(), &LoadOptions::default()).expect("two parts");
    assert_eq!(kind(&data, "kind"), category(&["b", "a"]));
    assert_eq!(rows(&data.train.values), [[2.0, 1.0], [1.0, 2.0], [1.0, 3.0]]);
}

#[test]
fn a_missing_value_is_an_error_of_a_model_that_was_trained_on_complete_rows() {
    let train = "kind,size\na,5\nb,6\n";
    let error = later(train, "kind,size\n,5\n").map(drop).expect_err("a missing level").to_string();
    assert!(error.contains("line 2, column `kind`: the value is missing"), "{error}");
    let masked = read("kind,size\na,5\n,6\n", Reading { missing: Some(Missing::Mask), ..Reading::default() });
    let folder = tempdir().expect("a folder");
    let spec = write(folder.path(), "later.csv", "kind,size\n,NA\n");
    let options = LoadOptions { schema: masked.expect("masked").table.map(Arc::new), ..LoadOptions::default() };
    let data = load(&spec, &options).expect("missing values as they are");
    assert!(rows(&data.train.values)[0].iter().all(|cell| cell.is_nan()));
}

#[test]
fn numbers_beside_text_that_lose_digits_are_named_in_a_note() {
    let note = |content: &str| {
        let data = read(content, Reading::default()).expect("a mixed table");
        data.notes.iter().find(|note| note.code == crate::NoteCode::Precision).map(|note| note.text.clone())
    };
    let text = note("kind,time\na,1700000000\nb,1700000001\n").expect("a note");
    assert!(text.contains("may become equal in `time` (1700000001 becomes 1700000000)"), "{text}");
    let text = note("kind,size\na,20000.0001\nb,20000.0002\n").expect("a note");
    assert!(text.contains("may become equal in `size` (20000.0002 becomes 20000)"), "{text}");
    assert_eq!(note("kind,size\na,0.1\nb,0.2\n"), None);
}
