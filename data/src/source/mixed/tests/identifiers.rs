//! Columns of names and identifiers in typed files pass through. In a file of text, they are errors.

use arrow_array::NullArray;

use super::*;
use crate::notes::NoteCode;

const ROWS: usize = 200;

/// Returns a table with an identifier, empty text and numbers, and columns of categories if there are some.
fn batch(categories: &[&str]) -> RecordBatch {
    let names = |row: usize| Some(format!("customer {row}"));
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("name", Arc::new((0..ROWS).map(names).collect::<StringArray>())),
        ("remark", Arc::new((0..ROWS).map(|_| None::<&str>).collect::<StringArray>())),
        ("nothing", Arc::new(NullArray::new(ROWS))),
        ("amount", Arc::new((0..ROWS).map(|row| Some(row as f64 / 4.0)).collect::<Float64Array>())),
    ];
    for name in categories {
        columns.push((name, Arc::new((0..ROWS).map(|row| Some(["a", "b"][row % 2])).collect::<StringArray>())));
    }
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of equal length")
}

/// Writes a table as Parquet and as Arrow.
fn files(folder: &Path, batch: &RecordBatch) -> [String; 2] {
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("in memory");
    writer.close().expect("in memory");
    let mut arrow = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("a writer");
    arrow.write(batch).expect("in memory");
    [("t.parquet", parquet), ("t.arrow", arrow.into_inner().expect("in memory"))].map(|(name, content)| {
        let path = folder.join(name);
        fs::write(&path, content).expect("written");
        path.to_string_lossy().into_owned()
    })
}

fn with(reading: Reading) -> LoadOptions {
    LoadOptions { reading, ..LoadOptions::default() }
}

#[test]
fn an_identifier_of_a_typed_file_passes_through_with_a_note() {
    let folder = tempdir().expect("a folder");
    for spec in files(folder.path(), &batch(&["kind"])) {
        let data = load(&spec, &LoadOptions::default()).expect("a mixed table");
        assert_eq!(data.columns.as_deref(), Some(&["amount".to_owned(), "kind".to_owned()][..]));
        let note = data.notes.iter().find(|note| note.code == NoteCode::Columns).expect("a note").text.clone();
        assert_eq!(
            note,
            "`name` is not a feature, because it has 200 different texts in 200 rows; pass --types name=category if it \
             is a category; `remark` is not a feature, because it has no value; `nothing` is not a feature, because it \
             has no value"
        );
        let chunk = stream(&spec, &LoadOptions::default()).expect("a table").train.next(10, None).expect("rows");
        let others = chunk.and_then(|chunk| chunk.others).expect("columns that pass through");
        let names: Vec<_> = others.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["name", "remark", "nothing"]);
        let said = load(&spec, &with(types("name=category"))).expect("a category");
        assert_eq!(schema(&said).columns[0].levels().map(<[String]>::len), Some(ROWS));
    }
}

#[test]
fn numbers_and_identifiers_of_a_typed_file_are_a_table_of_numbers() {
    let folder = tempdir().expect("a folder");
    for spec in files(folder.path(), &batch(&[])) {
        let data = load(&spec, &LoadOptions::default()).expect("a table of numbers");
        assert_eq!((data.table.as_ref(), data.columns.as_deref()), (None, Some(&["amount".to_owned()][..])));
        let note = data.notes.iter().find(|note| note.code == NoteCode::Columns).expect("a note").text.clone();
        assert!(note.contains("--types name=category,remark=category makes a category of text"), "{note}");
        let said = load(&spec, &with(types("amount=number"))).expect("a mixed table");
        assert_eq!(said.columns.as_deref(), Some(&["amount".to_owned()][..]));
        assert!(said.table.is_some());
    }
}

#[test]
fn an_identifier_is_refused_if_it_is_selected_or_the_only_column() {
    let folder = tempdir().expect("a folder");
    let selected = |names: &[&str]| {
        with(Reading { columns: Some(names.iter().map(ToString::to_string).collect()), ..Reading::default() })
    };
    for spec in files(folder.path(), &batch(&["kind"])) {
        let error = load(&spec, &selected(&["name", "amount"])).expect_err("an identifier").to_string();
        assert!(error.contains("column `name` has 200 different texts in 200 rows"), "{error}");
    }
    let only = batch(&[]).project(&[0]).expect("a column");
    for spec in files(folder.path(), &only) {
        let error = load(&spec, &LoadOptions::default()).expect_err("an identifier").to_string();
        assert!(error.contains("column `name` has 200 different texts in 200 rows"), "{error}");
    }
}

#[test]
fn decimals_and_dictionaries_of_numbers_stay_numbers_beside_text() {
    let folder = tempdir().expect("a folder");
    let prices = arrow_array::Decimal128Array::from(vec![Some(125), None, Some(-50)]);
    let prices = prices.with_precision_and_scale(12, 2).expect("a valid scale");
    let keys = arrow_array::Int8Array::from(vec![Some(1), Some(0), None]);
    let sizes = DictionaryArray::try_new(keys, Arc::new(Int64Array::from(vec![40, 41]))).expect("keys of values");
    let columns: [(&str, ArrayRef); 3] = [
        ("kind", Arc::new(StringArray::from(vec!["a", "b", "a"]))),
        ("price", Arc::new(prices)),
        ("size", Arc::new(sizes)),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("columns of equal length");
    let masked = with(Reading { missing: Some(Missing::Mask), ..Reading::default() });
    for spec in files(folder.path(), &batch) {
        let data = load(&spec, &masked).expect("a mixed table");
        let rows = rows(&data.train.values);
        assert_eq!(rows[0], [1.0, 1.25, 41.0]);
        assert!(rows[1][0] == 2.0 && rows[1][1].is_nan() && rows[1][2] == 40.0, "{rows:?}");
        assert!(rows[2][0] == 1.0 && rows[2][1] == -0.5 && rows[2][2].is_nan(), "{rows:?}");
        let stored: Vec<_> = schema(&data).columns.iter().map(|column| column.stored).collect();
        assert_eq!(stored, [Stored::Text, Stored::Float64, Stored::Int64]);
    }
}
