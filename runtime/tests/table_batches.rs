//! Tables of record batches of Arrow.

use std::sync::Arc;

use narrows_runtime::{
    Autoencoder, Samples, Value,
    arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray},
    bundle::{
        Kind,
        table::{Column, ColumnKind, MissingCells, Stored},
    },
};

mod support;

use support::{
    CLASSES, labels,
    tables::{modified_table, rows_with_gaps, table_fixture},
};

fn open() -> Autoencoder {
    Autoencoder::open(table_fixture(Kind::Ae, MissingCells::Masked).path()).expect("a good bundle")
}

#[test]
fn a_record_batch_round_trips_through_its_cells() {
    let (model, cells) = (open(), rows_with_gaps(30));
    let batch = model.table_rows(&cells).expect("rows of the table").batch(None).expect("a batch");
    assert_eq!((batch.num_rows(), batch.num_columns()), (30, 5));
    let mut table = model.table().expect("a model of a table");
    table.batch(&batch).expect("columns of the table");
    table.batch(&batch).expect("columns of the table");
    assert_eq!(table.rows(), 60);
    let again = model.table_rows(&table.cells()).expect("rows of the table").batch(None).expect("a batch");
    assert_eq!(again.slice(0, 30), batch);
    assert_eq!(again.slice(30, 30), batch);
}

#[test]
fn columns_are_found_by_name_and_the_error_for_a_missing_one_names_it() {
    let columns = |names: &[&str]| {
        let array = |name: &str| -> ArrayRef {
            match name {
                "country" | "grade" | "note" => Arc::new(StringArray::from(vec![Some("DE"), None, Some("XX")])),
                "visits" => Arc::new(Int64Array::from(vec![1, 2, 3])),
                _ => Arc::new(Float64Array::from(vec![0.5, f64::NAN, 1.5])),
            }
        };
        RecordBatch::try_from_iter(names.iter().map(|name| (*name, array(name)))).expect("columns of one length")
    };
    let mut table = open().table().expect("a model of a table");
    table.batch(&columns(&["note", "drift", "visits", "grade", "country", "amount"])).expect("all columns");
    assert_eq!(table.cells().column(3).to_vec(), [1.0, 2.0, 3.0]);
    assert_eq!(table.cells()[[0, 0]], 2.0);
    assert_eq!(table.unknown_columns().iter().collect::<Vec<_>>(), ["note"]);
    assert_eq!(table.unseen().columns().map(|level| level.count).collect::<Vec<_>>(), [1, 2]);
    let error = table.batch(&columns(&["country", "visits", "drift"])).expect_err("two columns short").to_string();
    assert!(error.contains("`amount`") && error.contains("`grade`"), "{error}");
    assert_eq!(table.rows(), 3);
}

#[test]
fn a_conditional_model_takes_the_class_of_a_row_from_its_column() {
    let class = Column { name: "class".to_owned(), kind: ColumnKind::Label { part: 0 }, stored: Stored::Text };
    let fixture = modified_table(Kind::Cvae, MissingCells::Masked, |draft| {
        draft.manifest.sample.table.as_mut().expect("a mixed table").columns.insert(0, class);
    });
    let model = Autoencoder::open(fixture.path()).expect("a good bundle");
    let (cells, labels) = (rows_with_gaps(30), labels(30));
    let names: Vec<String> = labels.iter().map(|&label| CLASSES[label as usize].to_owned()).collect();
    let rows = model.table_rows(&cells).expect("rows of the table");
    let batch = rows.batch(Some(&names)).expect("a batch");
    let mut table = model.table().expect("a model of a table");
    table.batch(&batch).expect("columns of the table");
    let single = ["country", "amount", "grade", "visits", "drift"].map(|name| (name, Value::Missing));
    table.row(single.into_iter().chain([("class", CLASSES[1].into())])).expect("a row without values");
    let expected: Vec<i64> = labels.iter().copied().chain([1]).collect();
    assert_eq!(table.labels(), Some(&expected[..]));
    let labelled = Samples::from(table.cells()).labelled(&expected);
    assert_eq!(model.encode(&table).expect("labelled rows"), model.encode(labelled).expect("labelled rows"));

    let mut unknown = names.clone();
    unknown[29] = "another".to_owned();
    let error = table.batch(&rows.batch(Some(&unknown)).expect("a batch")).expect_err("no such class").to_string();
    assert!(error.contains("row 60") && error.contains("another"), "{error}");
    assert_eq!((table.rows(), table.labels()), (31, Some(&expected[..])));
    // "7" is a class; the position of another one is not.
    let error = table.row(single.into_iter().chain([("class", 1.into())])).expect_err("no such class").to_string();
    assert!(error.contains("row 31"), "{error}");
    table.row(single).expect("a row without a class");
    assert!(model.encode(&table).is_err(), "a row has no class");
}
