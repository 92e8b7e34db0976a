use std::path::Path;

use ndarray::array;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{DataError, Dataset, LoadOptions, Missing, Reading, Values, load, stream};

fn write(name: &str, content: &[u8]) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    let spec = path.to_string_lossy().into_owned();
    (folder, spec)
}

fn read(text: &str, reading: Reading) -> Result<Dataset, DataError> {
    let (_folder, spec) = write("t.jsonl", text.as_bytes());
    load(&spec, &LoadOptions { reading, ..LoadOptions::default() })
}

fn labelled(column: &str) -> Reading {
    Reading { label_column: Some(column.to_owned()), ..Reading::default() }
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

fn notes(data: &Dataset) -> Vec<&str> {
    data.notes.iter().map(|note| note.text.as_str()).collect()
}

#[test]
fn keys_are_columns_in_the_order_of_the_lines() {
    let text =
        "{\"width\": 2, \"height\": -1.5e0, \"kind\": \"cat\"}\n\n{\"kind\":\"dog\",\"height\":0.1,\"width\":3}\r\n";
    let data = read(text, labelled("kind")).expect("a table");
    assert_eq!(data.columns, names(&["width", "height"]));
    assert_eq!(data.train.values, Values::F32(array![[2.0, -1.5], [3.0, 0.1]]));
    assert_eq!((data.train.labels, data.classes), (Some(vec![0, 1]), names(&["cat", "dog"])));
    let data = read(text, Reading { ignore: names(&["kind"]), columns: None, ..Reading::default() }).expect("a table");
    assert!(data.train.labels.is_none());
}

#[test]
fn a_null_a_missing_key_and_a_key_of_a_later_line_are_missing_values() {
    let text = "{\"a\":1,\"b\":null}\n{\"a\":2}\n{\"a\":3,\"b\":4,\"c\":5}\n{}\n";
    let keep = Reading { missing: Some(Missing::Keep), ..Reading::default() };
    let data = read(text, keep).expect("a table");
    let Values::F32(values) = data.train.values else { panic!("floats") };
    assert_eq!((values.dim(), values.iter().filter(|value| value.is_nan()).count()), ((4, 3), 7));
    let message = read(text, Reading::default()).map(drop).expect_err("missing values").to_string();
    assert!(message.contains("t.jsonl: line 1, column `b` is empty; pass --missing mean"), "{message}");
}

#[test]
fn a_list_of_numbers_is_one_column_per_number() {
    let text = "{\"id\":7,\"v\":[1,2.5,true],\"tags\":[\"x\"]}\n{\"v\":[4,5,false],\"id\":8,\"tags\":null}\n";
    let reading = Reading { ignore: names(&["id"]), missing: Some(Missing::Keep), ..Reading::default() };
    let data = read(text, reading).expect("a table");
    assert_eq!(data.columns, names(&["v_0", "v_1", "v_2"]));
    assert_eq!(data.train.values, Values::F32(array![[1.0, 2.5, 1.0], [4.0, 5.0, 0.0]]));
    assert_eq!(notes(&data).len(), 2, "{:?}", data.notes);
    assert!(notes(&data)[0].starts_with("objects, nested lists and lists of text are not read: `tags`"));
    assert_eq!(notes(&data)[1], "true and false in `v_2` are read as 1 and 0");
    let selected = Reading { columns: names(&["v", "id"]), ..Reading::default() };
    assert_eq!(read(text, selected).expect("a table").columns, names(&["v_0", "v_1", "v_2", "id"]));
    let ignored = Reading { ignore: names(&["v"]), ..Reading::default() };
    assert_eq!(read(text, ignored).expect("a table").columns, names(&["id"]));
}

#[test]
fn arrays_are_rows_without_names() {
    for (name, content) in
        [("t.ndjson", b"[1,2]\n[3,-4.5]\n".to_vec()), ("t.jsonl", b"\xef\xbb\xbf[1,2]\n[3,-4.5]".to_vec())]
    {
        let (_folder, spec) = write(name, &content);
        let data = load(&spec, &LoadOptions::default()).expect("arrays");
        assert_eq!((data.train.values, data.columns), (Values::F32(array![[1.0, 2.0], [3.0, -4.5]]), None));
    }
    let data = read("[1,\"a\"]\n[2,\"b\"]\n", labelled("1")).expect("labels by index");
    assert_eq!(data.classes, names(&["a", "b"]));
}

#[test]
fn text_passes_through_and_integers_that_lose_digits_are_said() {
    let text = "{\"time\":1700000010,\"id\":\"é\"}\n{\"time\":1700000011,\"id\":\"b\"}\n";
    let (_folder, spec) = write("t.jsonl", text.as_bytes());
    let options =
        LoadOptions { reading: Reading { ignore: names(&["id"]), ..Reading::default() }, ..LoadOptions::default() };
    let mut train = stream(&spec, &options).expect("a table").train;
    let others = train.next(9, None).expect("rows").expect("rows").others.expect("a column");
    assert_eq!((others.num_rows(), others.schema().field(0).name().as_str()), (2, "id"));
    assert!(train.notes().iter().any(|note| note.text.contains("`time` (17000000")));
}

#[test]
fn a_folder_of_json_lines_is_one_table() {
    let folder = tempfile::tempdir().expect("a folder");
    for (part, kind) in [("0", "cat"), ("1", "dog")] {
        let text = format!("{{\"x\":{part},\"kind\":\"{kind}\"}}\n");
        std::fs::write(folder.path().join(format!("part-{part}.jsonl")), text).expect("written");
    }
    let options = LoadOptions { reading: labelled("kind"), ..LoadOptions::default() };
    let data = load(&folder.path().to_string_lossy(), &options).expect("a table");
    assert_eq!((data.train.values, data.classes), (Values::F32(array![[0.0], [1.0]]), names(&["cat", "dog"])));
}

#[test]
fn messages_name_the_line_and_what_to_do() {
    let later = "{\"a\":1}\n".repeat(1001) + "{\"b\":1}\n";
    let cases = [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("{\"a\":1}\n{\"a\":}\n", "line 2 is not an object or an array of numbers in JSON (expected value, at byte 6)"),
        ("{\"a\":NaN}\n", "with null for a missing value"),
        ("{\"a\":1}{\"a\":2}\n", "line 1 is not an object or an array of numbers in JSON (trailing characters"),
        ("[\n1,2]\n", "line 1 is not an object or an array of numbers in JSON (EOF while parsing a list"),
        ("7\n", "line 1 is not an object or an array of numbers in JSON (invalid type: integer `7`"),
        ("[1,[2]]\n", "a list or an object in the array"),
        ("{\"a\":1}\n[1]\n", "line 2 is an array, but the first line is an object"),
        ("[1]\n[1,2]\n", "line 2 has 2 cells, expected 1"),
        ("{\"a\":1,\"a\":2}\n", "line 1 has the key `a` twice"),
        (&later, "line 1002 has the key `b`, which no earlier line has"),
        (
            "{\"v\":[1,2]}\n{\"v\":[1]}\n",
            "line 2 has a list of 1 number for `v`, but earlier lines have a list of 2 numbers",
        ),
        ("{\"v\":[1,2]}\n{\"v\":3}\n", "line 2 has a single value for `v`"),
        ("{\"v\":1}\n{\"v\":{\"w\":2}}\n", "line 2 has an object, a nested list or a list of text for `v`"),
        (
            "{\"a\":1}\n{\"a\":\"1,5\"}\n",
            "line 2, column `a` is `1,5`, expected a finite number; write a missing value as",
        ),
        ("{\"a\":1,\"b\":\"y\"}\n{\"a\":\"x\",\"b\":\"y\"}\n", "line 2, column `a` is `x`, expected a finite number"),
        ("{\"a\":1e400}\n", "number out of range"),
        ("{\"a\":1e39}\n", "column `a` is `1e39`, which is outside the range of a finite `f32`"),
    ];
    for (text, expected) in cases {
        let message = read(text, Reading::default()).map(drop).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
    let long = format!("[{}1]", "1,".repeat(3 << 20));
    let message = read(&long, Reading::default()).map(drop).expect_err("a long line").to_string();
    assert!(message.contains("line 1 has more than 4 MB"), "{message}");
    let message = read("{\"a\":1}\n", labelled("kind")).map(drop).expect_err("no column").to_string();
    assert!(message.contains("no column `kind`; expected `a`, its only column") && !message.contains("--delimiter"));
    let unused = Reading { delimiter: "tab".parse().ok(), ..Reading::default() };
    let message = read("{\"a\":1}\n", unused).map(drop).expect_err("unused").to_string();
    assert!(message.contains("--delimiter does not apply to a file of JSON lines"), "{message}");
}

proptest! {
    #[test]
    fn arbitrary_lines_never_panic(
        lines in prop::collection::vec("[\\[\\]{}\":,a01.\\-en ]{0,30}", 0..8),
        column in prop::option::of("[a-c0-3]{0,2}"),
    ) {
        let _ = read(&lines.join("\n"), Reading { label_column: column, missing: Some(Missing::Keep), ..Reading::default() });
    }

    #[test]
    fn numbers_are_read_as_from_a_csv(rows in prop::collection::vec(prop::array::uniform3(-1e30f64..1e30), 1..9)) {
        let objects: String = rows.iter().map(|[a, b, c]| format!("{{\"a\":{a:e},\"b\":{b:e},\"c\":{c:e}}}\n")).collect();
        let csv: String = rows.iter().map(|[a, b, c]| format!("{a:e},{b:e},{c:e}\n")).collect();
        let (_folder, spec) = write("t.csv", format!("a,b,c\n{csv}").as_bytes());
        let (json, csv) = (read(&objects, Reading::default()), load(&spec, &LoadOptions::default()));
        prop_assert_eq!(json.expect("numbers").train.values, csv.expect("numbers").train.values);
        prop_assert!(Path::new(&spec).exists());
    }
}
