use std::{fs, path::Path};

use ndarray::array;
use tempfile::TempDir;

use crate::{DataError, Dataset, LoadOptions, Reading, Values, load, stream};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    folder
}

fn read(folder: &Path, reading: Reading) -> Result<Dataset, DataError> {
    load(&folder.to_string_lossy(), &LoadOptions { reading, ..LoadOptions::default() })
}

#[test]
fn the_files_of_a_folder_are_one_table_in_the_order_of_their_names() {
    let folder = folder(&[
        ("part-10.csv", "b,a,kind\n6,5,z\n"),
        ("part-2.csv", "a,b,kind\n1,2,x\n3,4,y\n"),
        ("_SUCCESS", ""),
        ("._SUCCESS.crc", "x"),
        ("part-3.csv", "a,b,kind\n"),
    ]);
    let reading = Reading { label_column: Some("kind".to_owned()), ..Reading::default() };
    let data = read(folder.path(), reading).expect("a table");
    assert_eq!(data.train.values, Values::F32(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    assert_eq!(
        (data.columns, data.classes),
        (Some(vec!["a".into(), "b".into()]), Some(vec!["x".into(), "y".into(), "z".into()]))
    );
    let texts: Vec<_> = data.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["3 files are read as one table, in the order of their names", "the file has no rows"]);
}

#[test]
fn the_names_of_hive_partitions_are_a_column() {
    let folder = folder(&[("kind=hi%20there/0.csv", "a,b\n1,2\n"), ("kind=lo/0.csv", "a,b\n3,4\n5,6\n")]);
    let reading = Reading { label_column: Some("kind".to_owned()), ..Reading::default() };
    let data = read(folder.path(), reading).expect("a table");
    assert_eq!(data.train.values, Values::F32(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    assert_eq!((data.classes, data.train.labels), (Some(vec!["hi there".into(), "lo".into()]), Some(vec![0, 1, 1])));
    let mut streams = stream(&folder.path().to_string_lossy(), &LoadOptions::default()).expect("a table");
    let chunk = streams.train.next(10, None).expect("rows").expect("rows");
    assert_eq!((chunk.values.rows(), chunk.labels.is_none()), (1, true));
    assert_eq!(chunk.others.expect("a partition").schema().field(0).name(), "kind");
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("0.csv", "a\n1\n"), ("1.csv", "b\n1\n")], "no column `a`"),
        (&[("0.csv", "1,2\n"), ("1.csv", "1\n")], "1.csv has samples of shape [1], but earlier parts have [2]"),
        (&[("0.csv", "a\n1\n"), ("1.parquet", "x")], "in two formats, 0.csv and 1.parquet"),
        (&[("k=1/0.csv", "a\n1\n"), ("l=1/1.csv", "a\n1\n")], "other partitions than earlier parts (k)"),
        (&[("k=1/0.csv", "a,k\n1,2\n"), ("k=2/1.csv", "a,k\n1,3\n")], "0.csv has a column `k`, and so do the folders"),
    ];
    for (files, expected) in cases {
        let folder = folder(files);
        let message = read(folder.path(), Reading::default()).map(drop).expect_err(expected).to_string();
        let message = message.replace(&format!("{}/", folder.path().display()), "");
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn columns_that_only_later_parts_have_and_empty_parts_are_said() {
    let folder = folder(&[("1.csv", "a\n1\n"), ("2.csv", ""), ("3.csv", "a,b\n3,4\n"), ("4.csv", "a\n5\n")]);
    let data = read(folder.path(), Reading::default()).expect("a table");
    assert_eq!(data.train.values, Values::F32(array![[1.0], [3.0], [5.0]]));
    let texts: Vec<_> = data.notes.iter().map(|note| note.text.as_str()).collect();
    let expected = [
        "4 files are read as one table, in the order of their names",
        "the file has no rows",
        "columns that the first file does not have are not read: `b`",
    ];
    assert_eq!(texts, expected);
    let mut streams = stream(&folder.path().to_string_lossy(), &LoadOptions::default()).expect("a table");
    let mut rows = 0;
    while let Some(chunk) = streams.train.next(10, None).expect("rows") {
        assert!(chunk.others.is_none(), "{:?}", chunk.others);
        rows += chunk.values.rows();
    }
    assert_eq!(rows, 3);
}
