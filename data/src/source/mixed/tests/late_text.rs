//! Text in a column of numbers, wherever it is, is an error that names the place and what to do.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;

/// Returns the message of reading a file.
fn message(spec: &str, options: &LoadOptions) -> String {
    load(spec, options).map(drop).expect_err(spec).to_string()
}

/// Returns 1,200 rows of numbers, of which the last one ends with `last`.
fn late(last: &str) -> String {
    let mut text = "a,b\n".to_owned();
    for row in 0..1199 {
        writeln!(text, "{row},{}", row % 50).expect("text");
    }
    text + last
}

#[test]
fn text_after_the_first_1000_rows_names_the_type_that_would_read_it() {
    fails(&late("7,x\n"), Reading::default(), "line 1201, column `b` is `x`, expected a finite number");
    fails(
        &late("7,x\n"),
        Reading::default(),
        "pass --types b=category if the column is a category, or exclude it with",
    );
    fails(&late("7,2024-02-28\n"), Reading::default(), "pass --types b=date if the column has dates");
    fails(&late("y,x\n"), Reading::default(), "pass --types a=category,b=category to read them as they are");
    let selected = Reading { columns: Some(vec!["b".into()]), ..Reading::default() };
    fails(
        &late("7,x\n"),
        selected,
        "pass --types b=category if the column is a category, or leave it out of --columns",
    );
    let data = read(&late("7,x\n"), types("b=category")).expect("a category");
    assert_eq!(schema(&data).columns[1].levels().map(<[String]>::len), Some(51));
    // The first 1,000 cells of the column are empty.
    let empty = format!("a,b\n{}", "1,\n".repeat(1100)) + "1,x\n";
    fails(&empty, Reading::default(), "line 2, column `b` is empty; pass --missing mean, median, drop or mask");
    let masked = Reading { missing: Some(Missing::Mask), ..Reading::default() };
    assert_eq!(kind(&read(&empty, masked).expect("a category"), "b"), category(&["x"]));
    let recording = Reading { window: Some(4), ..Reading::default() };
    fails(&late("7,x\n"), recording, "correct the cell, exclude the column with --ignore");
}

#[test]
fn text_after_booleans_names_the_type_that_would_read_it() {
    fails("a,b\ntrue,1\n2,2\n", Reading::default(), "or pass --types a=category if the column is a category");
    let data = read("a,b\ntrue,1\n2,2\nmaybe,3\n", types("a=category")).expect("a category");
    assert_eq!(kind(&data, "a"), category(&["2", "maybe", "true"]));
}

#[test]
fn text_in_a_part_of_a_folder_names_its_file() {
    let folder = tempdir().expect("a folder");
    fs::create_dir(folder.path().join("parts")).expect("a folder");
    write(folder.path(), "parts/1.csv", "a,b\n1,2\n");
    let second = write(folder.path(), "parts/2.csv", "a,b\n1,two\n");
    let spec = folder.path().join("parts").to_string_lossy().into_owned();
    let text = message(&spec, &LoadOptions::default());
    assert!(text.contains(&format!("{second}: line 2, column `b` is `two`")), "{text}");
    assert!(text.contains("--types b=category"), "{text}");
    let options = LoadOptions { reading: types("b=category"), ..LoadOptions::default() };
    let data = load(&spec, &options).expect("a category");
    assert_eq!(kind(&data, "b"), category(&["2", "two"]));
}

/// The rows that are written in every format: the second row has text as its amount.
const AMOUNTS: [&str; 3] = ["1.5", "cheap", "2.5"];

fn batch() -> RecordBatch {
    let kinds: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
    let amounts: ArrayRef = Arc::new(StringArray::from(AMOUNTS.to_vec()));
    RecordBatch::try_from_iter([("kind", kinds), ("amount", amounts)]).expect("columns of equal length")
}

fn parquet() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch().schema(), None).expect("a writer");
    writer.write(&batch()).expect("in memory");
    writer.close().expect("in memory");
    bytes
}

fn arrow() -> Vec<u8> {
    let mut writer = arrow_ipc::writer::FileWriter::try_new(Vec::new(), &batch().schema()).expect("a writer");
    writer.write(&batch()).expect("in memory");
    writer.into_inner().expect("in memory")
}

#[test]
fn text_in_a_number_column_is_an_error_in_every_format() {
    let folder = tempdir().expect("a folder");
    let csv = format!("kind,amount\na,{}\nb,{}\na,{}\n", AMOUNTS[0], AMOUNTS[1], AMOUNTS[2]);
    let json = format!(
        "{{\"kind\":\"a\",\"amount\":{}}}\n{{\"kind\":\"b\",\"amount\":\"{}\"}}\n{{\"kind\":\"a\",\"amount\":{}}}\n",
        AMOUNTS[0], AMOUNTS[1], AMOUNTS[2]
    );
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(csv.as_bytes()).expect("in memory");
    let packed = packed.finish().expect("in memory");
    let trained = read("kind,amount\na,1\nb,2.5\n", Reading::default()).expect("a mixed table");
    let model = LoadOptions { schema: Some(Arc::new(schema(&trained).clone())), ..LoadOptions::default() };
    let said = LoadOptions { reading: types("amount=number"), ..LoadOptions::default() };
    let tsv = csv.replace(',', "\t");
    let files: [(&str, &[u8], &str); 6] = [
        ("t.csv", csv.as_bytes(), "line 3"),
        ("t.csv.gz", &packed, "line 3"),
        ("t.tsv", tsv.as_bytes(), "line 3"),
        ("t.jsonl", json.as_bytes(), "line 2"),
        ("t.parquet", &parquet(), "row 1"),
        ("t.arrow", &arrow(), "row 1"),
    ];
    for (name, content, place) in files {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        let spec = path.to_string_lossy().into_owned();
        let expected =
            format!("{spec}: {place}, column `amount`: `cheap` is not a number; write a missing value as NA");
        let text = message(&spec, &said);
        assert!(text.contains(&expected) && text.contains("--types amount=category"), "{text}");
        let text = message(&spec, &model);
        assert!(text.contains(&expected) && text.ends_with("the model was trained with numbers"), "{text}");
        // Only the values of typed files say that a column of text is one.
        match (name, load(&spec, &LoadOptions::default())) {
            ("t.parquet" | "t.arrow", data) => {
                assert_eq!(kind(&data.expect("text"), "amount"), category(&["1.5", "2.5", "cheap"]));
            }
            (_, data) => {
                let text = data.map(drop).expect_err(name).to_string();
                assert!(text.contains(&format!("{place}, column `amount` is `cheap`")), "{text}");
                assert!(text.contains("--types amount=category"), "{text}");
            }
        }
    }
}
