//! Tables of record batches of Arrow.

use std::sync::Arc;

use narrows_runtime::{
    Autoencoder,
    arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray},
    bundle::{Kind, table::MissingCells},
};

mod support;

use support::tables::{rows_with_gaps, table_fixture};

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
