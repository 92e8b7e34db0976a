//! Tables that are built from values by the names of the columns, and values that are made of cells again.

use narrows_runtime::{
    Autoencoder, Error, Table,
    bundle::{
        Kind,
        table::{MissingCells, Value},
    },
    ndarray::{Array2, array},
};
use serde_json::json;

mod support;

use support::{
    Fixture,
    tables::{CELLS, table_fixture, table_rows},
};

fn open(missing: MissingCells) -> Autoencoder {
    Autoencoder::open(table_fixture(Kind::Ae, missing).path()).expect("a good bundle")
}

fn table(missing: MissingCells) -> Table {
    open(missing).table().expect("a model of a table")
}

#[test]
fn rows_of_rust_values_and_of_json_give_the_same_cells_in_any_order() {
    let mut table = table(MissingCells::Masked);
    let pairs: [(&str, Value<'_>); 5] = [
        ("visits", 3.into()),
        ("amount", 12.5.into()),
        ("drift", Value::Missing),
        ("country", "DE".into()),
        ("grade", Some("high").into()),
    ];
    table.row(pairs).expect("a good row");
    let row = json!({"country": "DE", "grade": "high", "amount": 12.5, "visits": 3, "drift": null});
    table.json(&row).expect("a good row");
    table.json(&json!([row.clone(), row])).expect("two good rows");
    assert_eq!(table.rows(), 4);
    for row in table.cells().outer_iter() {
        assert_eq!(row.as_slice().expect("standard layout")[..4], [2.0, 12.5, 3.0, 3.0]);
        assert!(row[4].is_nan());
    }
    assert!(table.unseen().is_empty() && table.unknown_columns().is_empty());
    let model = open(MissingCells::Masked);
    assert_eq!(model.encode(&table).expect("good cells"), model.encode(table.cells()).expect("good cells"));
    table.clear();
    assert_eq!((table.rows(), table.cells().dim()), (0, (0, CELLS)));
}

#[test]
fn unseen_levels_are_counted_and_unknown_columns_are_listed() {
    let mut table = table(MissingCells::Refused);
    for country in ["BE", "NL", "LU"] {
        let row =
            json!({"country": country, "grade": "low", "amount": 1, "visits": 0, "drift": 0.5, "id": [7], "note": "x"});
        table.json(&row).expect("a good row");
    }
    assert_eq!(table.cells().column(0), array![0.0, 1.0, 0.0]);
    let unseen: Vec<_> = table.unseen().columns().map(|level| (level.column.as_str(), level.count)).collect();
    assert_eq!(unseen, [("country", 2)]);
    assert_eq!(table.unknown_columns().iter().collect::<Vec<_>>(), ["id", "note"]);
}

#[test]
fn the_error_names_the_row_and_the_column_and_leaves_the_rows_before_it() {
    let good = json!({"country": "NL", "grade": "low", "amount": 1, "visits": 0, "drift": 0.5});
    let with = |column: &str, value: serde_json::Value| {
        let mut row = good.clone();
        row[column] = value;
        row
    };
    let mut short = good.clone();
    short.as_object_mut().expect("an object").remove("amount");
    short["amout"] = json!(1);
    let cases = [
        (with("amount", json!("much")), "column `amount`, row 1: `much` is not a number"),
        (with("visits", json!(-1)), "column `visits`, row 1: `-1` is not a count"),
        (with("visits", json!(0.5)), "column `visits`, row 1: `0.5` is not a count"),
        (with("drift", json!(null)), "column `drift`, row 1: the value is missing"),
        (with("grade", json!({"a": 1})), "row 1 has an object in the column `grade`, expected a number, text"),
        (json!(7), "row 1 is a number, expected a JSON object with the columns as keys"),
        (short, "row 1 has no column `amount` (give a missing value as null); the model does not have `amout`"),
    ];
    let mut table = table(MissingCells::Refused);
    table.json(&good).expect("a good row");
    for (row, expected) in cases {
        let error = table.json(&row).expect_err(expected).to_string();
        assert!(error.contains(expected), "`{error}` should contain `{expected}`");
        assert_eq!(table.rows(), 1);
    }
    let twice = [("country", Value::Text("NL")), ("country", Value::Text("DE"))];
    assert_eq!(table.row(twice).expect_err("twice").to_string(), "row 1 has the column `country` twice");
}

#[test]
fn cells_become_values_of_the_file_again() {
    let model = open(MissingCells::Masked);
    let cells = array![[2.0, 12.344, 3.0, 2.6, f32::NAN], [0.0, -0.001, 1.0, -3.0, 0.1]];
    let rows = model.table_rows(&cells).expect("rows of the table");
    assert_eq!(
        rows.json(),
        json!([
            {"country": "DE", "amount": 12.34, "grade": "high", "visits": 3, "drift": null},
            {"country": null, "amount": 0.0, "grade": "low", "visits": 0, "drift": 0.1},
        ])
    );
    let columns: Vec<&str> = rows.row(0).map(|(name, _)| name).collect();
    assert_eq!(columns, ["country", "amount", "grade", "visits", "drift"]);
    assert_eq!(rows.value(0, "country"), Some(Value::Text("DE")));
    assert_eq!((rows.value(0, "nothing"), rows.value(2, "country"), rows.len()), (None, None, 2));
    let reconstructed = model.reconstruct(&table_rows(4)).expect("good cells");
    assert_eq!(model.table_rows(&reconstructed).expect("rows of the table").len(), 4);
}

#[test]
fn a_table_round_trips_through_its_values() {
    let (model, mut table) = (open(MissingCells::Masked), table(MissingCells::Masked));
    let mut cells = table_rows(12);
    cells.column_mut(0).mapv_inplace(|level| level.max(1.0));
    cells.column_mut(2).mapv_inplace(|level| level.max(1.0));
    table.json(&model.table_rows(&cells).expect("rows of the table").json()).expect("values of the table");
    assert_eq!(table.cells(), cells);
}

#[test]
fn models_of_arrays_have_no_table_and_other_shapes_no_values() {
    let images = Autoencoder::open(Fixture::new(Kind::Ae).path()).expect("a good bundle");
    assert!(matches!(images.table(), Err(Error::NotATable { kind: "ae" })));
    assert!(images.table_rows(&Array2::zeros((1, CELLS))).is_err());
    let error = open(MissingCells::Masked).table_rows(&Array2::zeros((1, 3))).expect_err("a short row").to_string();
    assert_eq!(error, "input `cells` expects [batch, 5], got [1, 3]");
}
