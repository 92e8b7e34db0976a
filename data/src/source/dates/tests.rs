use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Float64Array, RecordBatch, TimestampMillisecondArray};
use ndarray::{Array2, array};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use crate::{DataError, Dataset, HeldOut, LoadOptions, Missing, Reading, Values, load};

const SALES: &str = "price,when,kind\n1,2024-02-28T06:00:00Z,a\n2,2024-02-29,b\n4,2024-03-01 12:00:00,a\n";

fn write(folder: &TempDir, name: &str, content: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    path.to_string_lossy().into_owned()
}

fn reading(dates: &str) -> Reading {
    let date_columns = dates.split(',').map(|date| date.parse().expect("a form")).collect();
    Reading { date_columns: Some(date_columns), label_column: Some("kind".to_owned()), ..Reading::default() }
}

fn read(name: &str, content: &[u8], reading: Reading) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    load(&write(&folder, name, content), &LoadOptions { reading, ..LoadOptions::default() })
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

fn floats(data: &Dataset) -> Array2<f32> {
    data.train.values.to_f32().expect("in memory").into_owned()
}

fn parquet(columns: [(&str, ArrayRef); 2]) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).expect("two columns");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("in memory");
    writer.close().expect("in memory");
    bytes
}

#[test]
fn days_are_counted_from_the_first_date() {
    let data = read("t.csv", SALES.as_bytes(), reading("when=days")).expect("dates");
    assert_eq!(data.columns, names(&["price", "when_days"]));
    assert_eq!(data.train.values, Values::F32(array![[1.0, 0.25], [2.0, 1.0], [4.0, 2.5]]));
    let resolved = data.date_columns.map(|columns| columns.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(resolved, names(&["when=days:2024-02-28"]));
    let data = read("t.csv", SALES.as_bytes(), reading("when=days:2024-02-27")).expect("dates");
    assert_eq!(floats(&data).column(1).to_vec(), [1.25, 2.0, 3.5]);
}

#[test]
fn cyclic_dates_are_six_features() {
    let data = read("t.csv", SALES.as_bytes(), reading("when")).expect("dates");
    let parts = ["hour_sin", "hour_cos", "weekday_sin", "weekday_cos", "yearday_sin", "yearday_cos"];
    let expected: Vec<String> =
        ["price".to_owned()].into_iter().chain(parts.map(|part| format!("when_{part}"))).collect();
    assert_eq!(data.columns, Some(expected));
    let values = floats(&data);
    assert_eq!(values.column(0).to_vec(), [1.0, 2.0, 4.0]);
    assert!((values[[0, 1]] - 1.0).abs() < 1e-6 && (values[[1, 2]] - 1.0).abs() < 1e-6, "{values}");
}

#[test]
fn every_table_format_gives_the_same_features() {
    let milliseconds = [1_709_100_000_000i64, 1_709_164_800_000, 1_709_294_400_000];
    let columns: [(&str, ArrayRef); 2] = [
        ("price", Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0]))),
        ("when", Arc::new(TimestampMillisecondArray::from(milliseconds.to_vec()))),
    ];
    let parquet = parquet(columns);
    let line = |price: u32, when: &str| format!("{{\"price\":{price},\"when\":\"{when}\"}}\n");
    let lines =
        line(1, "2024-02-28T06:00:00") + &line(2, "2024-02-29T00:00:00.000Z") + &line(4, "2024-03-01T13:00:00+01:00");
    let csv = read("t.csv", SALES.as_bytes(), reading("when=days,when=cyclic"));
    let csv = csv.expect("dates");
    let other = Reading { label_column: None, ..reading("when=days,when=cyclic") };
    for (name, content) in [("t.parquet", parquet), ("t.jsonl", lines.into_bytes())] {
        let data = read(name, &content, other.clone()).expect(name);
        assert_eq!((&data.columns, &data.train.values), (&csv.columns, &csv.train.values), "{name}");
        assert!(data.notes.is_empty(), "{name}: {:?}", data.notes);
    }
}

#[test]
fn columns_of_dates_are_where_the_selection_puts_them() {
    let selected = |columns: &[&str]| {
        let reading = Reading { columns: names(columns), ..reading("when=days,when=cyclic") };
        read("t.csv", SALES.as_bytes(), reading).map(|data| data.columns.expect("names"))
    };
    assert_eq!(
        selected(&["when_days", "price", "when_hour_sin"]).ok(),
        names(&["when_days", "price", "when_hour_sin"])
    );
    let all = selected(&["when", "price"]).expect("dates");
    assert_eq!((all.len(), &all[0], &all[7]), (8, &"when_days".to_owned(), &"price".to_owned()));
    assert_eq!(selected(&["price"]).expect("dates").len(), 8);
    assert!(selected(&["when"]).expect_err("only dates").to_string().contains("--columns selects only dates"));
}

#[test]
fn a_held_out_part_counts_days_from_the_same_origin() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = write(&folder, "train.csv", SALES.as_bytes());
    let test = write(&folder, "test.csv", b"kind,when,price\na,2024-03-09,1\n");
    let options = LoadOptions { reading: reading("when=days"), ..LoadOptions::default() };
    let data = load(&train, &options).expect("dates").with(HeldOut::Test, &test, &options).expect("dates");
    assert_eq!(data.test.expect("a test part").values, Values::F32(array![[1.0, 10.0]]));
}

#[test]
fn a_missing_date_is_a_missing_value() {
    let table = b"price,when\n1,\n2,2024-02-29\n3,2024-03-01\n";
    let without = |missing| Reading { label_column: None, missing, ..reading("when=days") };
    let message = read("t.csv", table, without(None)).map(drop).expect_err("missing").to_string();
    assert!(message.contains("row 0, column `when` is NaN"), "{message}");
    let filled = read("t.csv", table, without(Some(Missing::Mean))).expect("filled");
    assert_eq!(floats(&filled).column(1).to_vec(), [0.5, 0.0, 1.0]);
    let dropped = read("t.csv", table, without(Some(Missing::Drop))).expect("dropped");
    assert_eq!(dropped.train.values.rows(), 2);
}

#[test]
fn messages_name_the_row_and_what_to_do() {
    let plain = |dates: &str| Reading { label_column: None, ..reading(dates) };
    for (content, dates, expected) in [
        ("a,d\n1,2024-02-30\n", "d", "row 0, column `d` is `2024-02-30`, expected a date like 2024-02-28"),
        ("a,d\n1,2024-01-01\n2,5\n", "d", "row 1, column `d` is `5`, expected a date"),
        ("a,d\n1,2024-01-01\n", "e", "has no column `e`"),
        ("a_days,a\n1,2024-01-01\n", "a=days", "two features are called `a_days`"),
    ] {
        let message = read("t.csv", content.as_bytes(), plain(dates)).map(drop).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
    let columns: [(&str, ArrayRef); 2] =
        [("a", Arc::new(Float64Array::from(vec![1.0]))), ("d", Arc::new(Date32Array::from(vec![2_932_896])))];
    let parquet = parquet(columns);
    let message = read("t.parquet", &parquet, plain("d")).map(drop).expect_err("the year 9999").to_string();
    assert!(message.contains("is `outside the years 1678 to 2261`"), "{message}");
    let message = read("x.npy", b"\x93NUMPY", plain("d")).map(drop).expect_err("no table").to_string();
    assert!(message.contains("--date-columns does not apply to an .npy array"), "{message}");
}

#[test]
fn dates_without_the_option_make_a_mixed_table() {
    let plain = Reading::default;
    let data = read("t.csv", b"when,price\n2024-02-28,1\n", plain()).expect("a mixed table");
    assert_eq!(data.columns, names(&["when.day", "when.month", "when.weekday", "price"]));
    let data = read("t.csv", SALES.as_bytes(), plain()).expect("a mixed table");
    assert_eq!(data.columns, names(&["price", "when.day", "when.time", "when.month", "when.weekday", "kind"]));
    let columns: [(&str, ArrayRef); 2] =
        [("a", Arc::new(Float64Array::from(vec![1.0]))), ("d", Arc::new(Date32Array::from(vec![20_000])))];
    let data = read("t.parquet", &parquet(columns), plain()).expect("a mixed table");
    assert_eq!(floats(&data), array![[1.0, 20_000.0, 10.0, 5.0]]);
}
