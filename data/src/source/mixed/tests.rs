use std::{fmt::Write as _, fs, num::NonZeroUsize, path::Path, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    types::Int32Type,
};
use narrows_table::{ColumnKind, MissingCells, Schema, Stored, UNSEEN};
use parquet::arrow::ArrowWriter;
use tempfile::tempdir;

use crate::{
    DataError, Dataset, HeldOut, Values, load,
    reading::{Features, LoadOptions, Missing, Reading},
    stream,
};

const DIAMONDS: &str = "carat,cut,member,bought,price\n0.23,Ideal,true,2024-02-28,326\n0.21,Premium,false,2024-02-29,\
                        400\n0.23,Ideal,true,2024-03-01,327\n";

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).expect("written");
    path.to_string_lossy().into_owned()
}

fn types(text: &str) -> Reading {
    Reading { types: Some(crate::column_types::parse(text).expect("types")), ..Reading::default() }
}

/// Loads a CSV table.
fn read(content: &str, reading: Reading) -> Result<Dataset, DataError> {
    let folder = tempdir().expect("a folder");
    load(&write(folder.path(), "t.csv", content), &LoadOptions { reading, ..LoadOptions::default() })
}

fn schema(data: &Dataset) -> &Schema {
    data.table.as_ref().expect("a mixed table")
}

fn kind(data: &Dataset, name: &str) -> ColumnKind {
    let column = schema(data).columns.iter().find(|column| column.name == name);
    column.unwrap_or_else(|| panic!("no column {name}")).kind.clone()
}

fn category(levels: &[&str]) -> ColumnKind {
    ColumnKind::Category { levels: levels.iter().map(ToString::to_string).collect() }
}

fn rows(values: &Values) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    values.visit(0..values.rows(), |_, row| rows.push(row.floats().collect())).expect("in memory");
    rows
}

/// Returns a table of one column, with its values as text. A second column makes it a mixed table.
fn column(values: impl IntoIterator<Item = String>) -> String {
    let mut text = "x,kind\n".to_owned();
    for (row, value) in values.into_iter().enumerate() {
        writeln!(text, "{value},{}", ["a", "b"][row % 2]).expect("text");
    }
    text
}

fn fails(content: &str, reading: Reading, expected: &str) {
    let error = read(content, reading).expect_err(expected).to_string();
    assert!(error.contains(expected), "`{error}` should contain `{expected}`");
}

#[test]
fn types_are_told_from_the_values_and_said() {
    let data = read(DIAMONDS, Reading::default()).expect("a mixed table");
    assert_eq!(kind(&data, "carat"), ColumnKind::Number { decimals: Some(2) });
    assert_eq!(kind(&data, "cut"), category(&["Ideal", "Premium"]));
    assert_eq!(kind(&data, "member"), category(&["false", "true"]));
    assert_eq!(kind(&data, "bought"), ColumnKind::Date { has_time: false });
    assert_eq!(kind(&data, "price"), ColumnKind::Number { decimals: Some(0) });
    let stored: Vec<Stored> = schema(&data).columns.iter().map(|column| column.stored).collect();
    assert_eq!(stored, [Stored::Float64, Stored::Text, Stored::Boolean, Stored::Text, Stored::Int64]);
    let names = ["carat", "cut", "member", "bought.day", "bought.month", "bought.weekday", "price"];
    assert_eq!(data.columns.as_deref(), Some(&names.map(str::to_owned)[..]));
    assert_eq!(data.sample_shape, [7]);
    assert_eq!(rows(&data.train.values)[1], [0.21, 2.0, 1.0, 19_782.0, 2.0, 4.0, 400.0]);
    assert_eq!(data.range, (0.21, 19_783.0));
    let note = data.notes.iter().find(|note| note.text.starts_with("types: ")).expect("a note").text.clone();
    assert_eq!(
        note,
        "types: carat number, cut category (2 levels), member category (2 levels), bought date, price number; set \
         others with --types"
    );
}

#[test]
fn a_table_of_numbers_or_with_text_outside_the_features_is_not_mixed() {
    let label = || Reading { label_column: Some("kind".into()), ..Reading::default() };
    let ignored = || Reading { ignore: Some(vec!["kind".into()]), ..Reading::default() };
    let selected = || Reading { columns: Some(vec!["x".into()]), ..Reading::default() };
    for reading in [label(), ignored(), selected()] {
        let data = read("x,kind\n1,a\n2,b\n", reading).expect("numbers");
        assert_eq!((data.table, data.sample_shape), (None, vec![1]));
    }
    let booleans = read("x,flag\n1,True\n2,False\n", Reading::default()).expect("numbers and booleans");
    assert_eq!((booleans.table.is_none(), rows(&booleans.train.values)), (true, vec![vec![1.0, 1.0], vec![2.0, 0.0]]));
}

#[test]
fn few_whole_numbers_are_a_category_in_tables_with_20_rows() {
    let numbers = |rows: usize, different: usize| column((0..rows).map(|row| (row % different).to_string()));
    let told = |content: &str| kind(&read(content, Reading::default()).expect("a mixed table"), "x");
    assert_eq!(told(&numbers(40, 3)), category(&["0", "1", "2"]));
    assert_eq!(told(&numbers(19, 3)), ColumnKind::Number { decimals: Some(0) });
    assert_eq!(told(&numbers(40, 11)), ColumnKind::Number { decimals: Some(0) });
    let negative = column((0..40).map(|row| (row % 3 - 1).to_string()));
    assert_eq!(told(&negative), ColumnKind::Number { decimals: Some(0) });
    let decimals = column((0..40).map(|row| format!("{}.5000000", row % 3)));
    assert_eq!(told(&decimals), ColumnKind::Number { decimals: None });
}

#[test]
fn said_types_replace_told_ones() {
    let content = "zip,visits,price,size,grade\n01234,3,1.5,S,2\n1234,0,2.5,L,10\n01234,3,1e3,M,2\n";
    let said = "zip=category,visits=count,price=heavy-tailed,size=ordered:S|M|L,grade=ordered";
    let data = read(content, types(said)).expect("said types");
    assert_eq!(kind(&data, "zip"), category(&["01234", "1234"]));
    assert_eq!(kind(&data, "visits"), ColumnKind::Count);
    assert_eq!(kind(&data, "price"), ColumnKind::HeavyTailed { decimals: None });
    let ordered = |levels: &[&str]| ColumnKind::Ordered { levels: levels.iter().map(ToString::to_string).collect() };
    assert_eq!(kind(&data, "size"), ordered(&["S", "M", "L"]));
    assert_eq!(kind(&data, "grade"), ordered(&["2", "10"]));
    assert_eq!(rows(&data.train.values)[1], [2.0, 0.0, 2.5, 3.0, 2.0]);
    // A table of numbers is mixed if a type is said.
    let numbers = read("a,b\n1,2\n3,4\n", types("a=number")).expect("numbers");
    assert_eq!(kind(&numbers, "b"), ColumnKind::Number { decimals: Some(0) });
}

#[test]
fn a_column_that_mixes_numbers_and_text_names_the_first_text() {
    let content = "x,kind\n1,a\n2,b\nthree,a\n";
    fails(content, Reading::default(), "line 4, column `x`");
    fails(content, Reading::default(), "pass --types x=category if the column is a category");
    let category = read(content, types("x=category")).expect("a category");
    assert_eq!(kind(&category, "x"), self::category(&["1", "2", "three"]));
    fails(content, types("x=number"), "line 4, column `x`: `three` is not a number");
    fails("x,kind\n1,a\n1.5,b\n", types("x=count"), "line 3, column `x`: `1.5` is not a count");
    fails("x,kind\n2024-02-28,a\nnoon,b\n", types("x=date"), "line 3, column `x`: `noon` is not a date");
}

#[test]
fn numbers_in_another_notation_keep_their_advice() {
    fails("x,kind\n\"1,5\",a\n\"2,5\",b\n", Reading::default(), "--decimal ','");
    let decimal = Reading { decimal: Some(crate::Character(b',')), ..Reading::default() };
    let data = read("x,kind\n\"1,5\",a\n\"2,25\",b\n", decimal).expect("decimal commas");
    assert_eq!(kind(&data, "x"), ColumnKind::Number { decimals: Some(2) });
    assert_eq!(rows(&data.train.values)[1], [2.25, 2.0]);
}

#[test]
fn names_and_identifiers_are_refused_unless_they_are_said_to_be_a_category() {
    let content = column((0..120).map(|row| format!("customer {row}")));
    fails(&content, Reading::default(), "column `x` has 120 different texts in 120 rows");
    fails(&content, Reading::default(), "--ignore, or pass --types x=category");
    let said = read(&content, types("x=category")).expect("a category");
    assert_eq!(schema(&said).columns[0].levels().map(<[String]>::len), Some(120));
    let few = read(&column((0..99).map(|row| format!("customer {row}"))), Reading::default());
    assert!(few.is_ok(), "few rows are no evidence");
}

#[test]
fn of_a_category_with_50_000_levels_the_most_frequent_are_kept() {
    let content = column((0..100_001).map(|row| format!("level {}", row % 50_000)));
    let levels = |data: &Dataset| schema(data).columns[0].levels().unwrap_or_default().to_vec();
    let data = read(&content, Reading::default()).expect("a category");
    // The level of the additional row is the most frequent one.
    assert_eq!((levels(&data).len(), levels(&data)[0].as_str()), (1000, "level 0"));
    let rare = "column `x` keeps its 1000 most frequent levels; the other 49000, in 98.0 % of its values, are read as \
                unseen; raise --max-levels to keep more levels";
    let notes: Vec<String> = data.notes.iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.contains(rare)), "{notes:?}");
    assert!(!notes.iter().any(|note| note.contains("that the model does not know")), "{notes:?}");
    let cells = rows(&data.train.values);
    assert!(cells.iter().all(|row| row[0] <= 1000.0) && cells.iter().any(|row| row[0] == UNSEEN));

    let all = Reading { max_levels: NonZeroUsize::new(50_000), ..Reading::default() };
    assert_eq!(levels(&read(&content, all).expect("a category")).len(), 50_000);
    let numbers = column((0..3000).map(|row| (row % 1500).to_string()));
    fails(&numbers, types("x=ordered"), "has 1500 levels, and the limit is 1000; pass --types x=number to read it as");
}

#[test]
fn long_levels_are_read_up_to_the_limit() {
    let with = |bytes: usize| column(["y".to_owned(), "x".repeat(bytes)]);
    let data = read(&with(10_000), Reading::default()).expect("a long level");
    assert_eq!(schema(&data).columns[0].levels().map(<[String]>::len), Some(2));
    fails(&with(10_001), Reading::default(), "a text of 10001 bytes, expected at most 10000");
}

#[test]
fn missing_values_are_refused_dropped_filled_in_or_masked() {
    let content = "x,kind\n1,a\nNA,b\n3,b\n4,\n";
    let with = |missing| Reading { missing: Some(missing), ..Reading::default() };
    fails(content, Reading::default(), "line 3, column `x`: the value is missing; pass --missing mask");
    fails(content, with(Missing::Mean), "line 5, column `kind`: the value is missing, and only numbers can be filled");
    let dropped = read(content, with(Missing::Drop)).expect("two complete rows");
    assert_eq!(rows(&dropped.train.values), [[1.0, 2.0], [3.0, 1.0]]);
    assert_eq!(schema(&dropped).missing, MissingCells::Refused);
    let masked = read(content, with(Missing::Mask)).expect("masked values");
    assert_eq!(schema(&masked).missing, MissingCells::Masked);
    let cells = rows(&masked.train.values);
    assert!(cells[1][0].is_nan() && cells[3][1].is_nan() && cells[2] == [3.0, 1.0], "{cells:?}");
    let filled = read("x,kind\n1,a\nNA,b\n3,b\n", with(Missing::Mean)).expect("a mean");
    assert_eq!((rows(&filled.train.values)[1][0], filled.fill), (2.0, Some(vec![2.0, 0.0])));
    // Any table is mixed if its missing values are masked.
    let numbers = read("a,b\n1,\n3,4\n", with(Missing::Mask)).expect("numbers");
    assert_eq!(kind(&numbers, "b"), ColumnKind::Number { decimals: Some(0) });
    fails("x,kind\n,a\n,b\n", with(Missing::Mask), "column `x` has no value in any row");
}

#[test]
fn a_schema_is_applied_to_reordered_and_additional_columns_and_unseen_levels() {
    let folder = tempdir().expect("a folder");
    let schema = Arc::new(schema(&read(DIAMONDS, Reading::default()).expect("a mixed table")).clone());
    let options = LoadOptions { schema: Some(Arc::clone(&schema)), ..LoadOptions::default() };
    let other = write(
        folder.path(),
        "other.csv",
        "price,comment,cut,bought,carat,member\n1.5,\"a, b\",Good,2024-02-28,0.5,True\n2,,Fair,2024-02-28,1,false\n",
    );
    let data = load(&other, &options).expect("the columns of the schema");
    assert_eq!(rows(&data.train.values)[0], [0.5, 0.0, 2.0, 19_781.0, 2.0, 3.0, 1.5]);
    let note = data.notes.iter().find(|note| note.text.contains("unseen level")).expect("a note").text.clone();
    assert!(note.starts_with("column `cut` has 2 cells with a level that the model does not know, such as `Good`"));
    let mut streams = stream(&other, &options).expect("the columns of the schema");
    let chunk = streams.train.next(10, None).expect("rows").expect("two rows");
    let others = chunk.others.expect("a column that passes through");
    assert_eq!(others.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>(), ["comment"]);
    let short = write(folder.path(), "short.csv", "price,bought,carat\n1,2024-02-28,1\n");
    let error = load(&short, &options).expect_err("columns are missing").to_string();
    assert!(error.contains("lacks columns that the model was trained with: `cut`, `member`"), "{error}");
    let text = write(folder.path(), "text.csv", &DIAMONDS.replace("326", "cheap"));
    let error = load(&text, &options).expect_err("text in a number column").to_string();
    assert!(error.contains("line 2, column `price`: `cheap` is not a number"), "{error}");
}

#[test]
fn held_out_parts_are_read_with_the_schema_of_the_training_part() {
    let folder = tempdir().expect("a folder");
    let train = read(DIAMONDS, Reading::default()).expect("a mixed table");
    let valid = write(folder.path(), "valid.csv", "carat,cut,member,bought,price\n1,Good,true,2024-02-28,1\n");
    let data = train.with(HeldOut::Valid, &valid, &LoadOptions::default()).expect("the same columns");
    let valid = data.valid.expect("a part");
    assert_eq!(rows(&valid.values)[0][..3], [1.0, 0.0, 2.0]);
}

#[test]
fn a_table_of_text_is_refused_where_numbers_are_asked_for() {
    let folder = tempdir().expect("a folder");
    let path = write(folder.path(), "t.csv", "x,kind\n1,a\n2,b\n");
    let options = LoadOptions { features: Features::Numbers, ..LoadOptions::default() };
    let error = load(&path, &options).expect_err("text").to_string();
    assert!(error.contains("column `kind`"), "{error}");
}

#[test]
fn labels_are_columns_of_the_schema_without_cells() {
    let reading = Reading { label_column: Some("kind".into()), ..Reading::default() };
    let data = read("x,kind,y\n1,a,u\n2,b,v\n", reading).expect("a mixed table");
    assert_eq!(kind(&data, "kind"), ColumnKind::Label { part: 0 });
    let names: Vec<&str> = schema(&data).columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, data.sample_shape.clone()), (vec!["x", "kind", "y"], vec![2]));
    assert_eq!(data.classes.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
}

#[test]
fn options_without_meaning_for_a_mixed_table_are_refused() {
    let with = |change: fn(&mut Reading)| {
        let mut reading = types("x=number");
        change(&mut reading);
        reading
    };
    let content = "x,kind\n1,a\n2,b\n";
    for (change, expected) in [
        ((|reading| reading.window = Some(2)) as fn(&mut Reading), "--window does not apply to a mixed table"),
        (|reading| reading.date_columns = Some(vec!["kind".parse().expect("a date")]), "--date-columns does not apply"),
        (|reading| reading.types = Some(vec!["y=count".parse().expect("a type")]), "--types names `y`"),
    ] {
        fails(content, with(change), expected);
    }
    fails(content, types("kind=ordered"), "write it like --types 'kind=ordered:a|b'");
    fails(content, types("kind=ordered:a|c"), "has the level `b`, which --types does not name");
}

#[test]
fn the_fingerprint_covers_the_schema() {
    let told = read("x,kind\n1,a\n2,b\n", Reading::default()).expect("a mixed table");
    let said = read("x,kind\n1,a\n2,b\n", types("x=heavy-tailed")).expect("a mixed table");
    assert_eq!(rows(&told.train.values), rows(&said.train.values));
    assert_ne!(told.fingerprint().expect("in memory"), said.fingerprint().expect("in memory"));
}

/// The same table as a record batch.
fn diamonds(rows: usize) -> RecordBatch {
    let numbers: Float64Array = (0..rows).map(|row| Some([0.23, 0.21, 1.5][row % 3])).collect();
    let cuts: StringArray = (0..rows).map(|row| Some(["Ideal", "Premium"][row % 5 / 4])).collect();
    let cuts = cast_to_dictionary(&cuts);
    let members: BooleanArray = (0..rows).map(|row| Some(row % 2 == 0)).collect();
    let days: Date32Array = (0..rows).map(|row| Some(19_781 + row as i32)).collect();
    let prices: Int64Array = (0..rows).map(|row| Some(326 + row as i64)).collect();
    let columns: [(&str, ArrayRef); 5] = [
        ("carat", Arc::new(numbers)),
        ("cut", cuts),
        ("member", Arc::new(members)),
        ("bought", Arc::new(days)),
        ("price", Arc::new(prices)),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of equal length")
}

fn cast_to_dictionary(texts: &StringArray) -> ArrayRef {
    Arc::new(texts.iter().collect::<DictionaryArray<Int32Type>>())
}

#[test]
fn formats_agree_on_the_cells_of_a_table() {
    let folder = tempdir().expect("a folder");
    let batch = diamonds(30);
    let (mut csv, mut json) = ("carat,cut,member,bought,price\n".to_owned(), String::new());
    for row in 0..batch.num_rows() {
        let mut cells = Vec::new();
        for column in batch.columns() {
            let mut text = String::new();
            crate::write::cell::add(column, row, &mut text).expect("a value");
            cells.push(text);
        }
        writeln!(csv, "{}", cells.join(",")).expect("text");
        let [carat, cut, member, bought, price] = &cells[..] else { panic!("five columns") };
        writeln!(
            json,
            "{{\"carat\":{carat},\"cut\":\"{cut}\",\"member\":{member},\"bought\":\"{bought}\",\"price\":{price}}}"
        )
        .expect("text");
    }
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("in memory");
    writer.close().expect("in memory");
    let mut arrow = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("a writer");
    arrow.write(&batch).expect("in memory");
    let arrow = arrow.into_inner().expect("in memory");
    fs::create_dir(folder.path().join("parts")).expect("a folder");
    let half = csv.len() / 2 + csv[csv.len() / 2..].find('\n').expect("a line end") + 1;
    let header = csv.split_inclusive('\n').next().expect("a header");
    write(folder.path(), "parts/1.csv", &csv[..half]);
    write(folder.path(), "parts/2.csv", &format!("{header}{}", &csv[half..]));
    let tsv = csv.replace(',', "\t");
    let files: [(&str, &[u8]); 5] = [
        ("t.csv", csv.as_bytes()),
        ("t.tsv", tsv.as_bytes()),
        ("t.jsonl", json.as_bytes()),
        ("t.parquet", &parquet),
        ("t.arrow", &arrow),
    ];
    let mut specs: Vec<String> = Vec::new();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).expect("written");
        specs.push(folder.path().join(name).to_string_lossy().into_owned());
    }
    specs.push(folder.path().join("parts").to_string_lossy().into_owned());
    let all: Vec<Dataset> = specs
        .iter()
        .map(|spec| load(spec, &LoadOptions::default()).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    for (data, spec) in all.iter().zip(&specs) {
        assert_eq!(rows(&data.train.values), rows(&all[0].train.values), "{spec}");
        let kinds = |data: &Dataset| schema(data).columns.iter().map(|column| column.kind.clone()).collect::<Vec<_>>();
        assert_eq!(kinds(data), kinds(&all[0]), "{spec}");
    }
    assert_eq!(schema(&all[3]).columns[3].stored, Stored::Date32);
}

mod identifiers;
mod late_text;
mod later_data;
