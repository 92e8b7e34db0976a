//! Rows go through a model a chunk at a time: every format holds the same, other columns are carried along, and a
//! run that ends badly leaves nothing.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray, cast::AsArray, types::Int64Type};
use narrows_data::{
    LoadOptions, Reading, RecordBatch,
    write::{Format, Layout, Writer},
};
use ndarray::{Array2, ArrayD, Axis};
use serde_json::Value;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

fn place() -> Place {
    let place = Place::new();
    place.done("train-export vae --epochs 2 --hidden 16 --out model");
    place
}

/// The rows of a file, and the columns beside them.
fn read(place: &Place, file: &str, columns: &str) -> (Array2<f32>, Option<RecordBatch>) {
    let columns = (!columns.is_empty()).then(|| columns.split(',').map(str::to_owned).collect());
    let options = LoadOptions { reading: Reading { columns, ..Reading::default() }, ..LoadOptions::default() };
    let mut streams = narrows_data::stream(&place.path(file).to_string_lossy(), &options).expect("just written");
    let chunk = streams.train.next(usize::MAX, None).expect("whole").expect("rows");
    (chunk.values.to_f32().expect("in memory").into_owned(), chunk.others)
}

#[test]
fn npy_csv_and_parquet_hold_the_same_codes() {
    let place = place();
    for format in ["npy", "csv", "parquet"] {
        place.done(&format!("encode model --out z.{format}"));
        place.done(&format!("score model --out s.{format}"));
    }
    let names = (0..8).map(|index| format!("z{index}")).collect::<Vec<_>>().join(",");
    let (npy, _) = read(&place, "z.npy", "");
    for file in ["z.csv", "z.parquet"] {
        let (codes, others) = read(&place, file, &names);
        assert_eq!(codes, npy, "{file}");
        let others = others.expect("the labels");
        assert_eq!(others.schema().field(0).name(), "label", "{file}");
    }
    let scores = place.read_npy("s.npy");
    for file in ["s.csv", "s.parquet"] {
        assert!(read(&place, file, "reconstruction").0.iter().eq(scores.iter()), "{file}");
    }
    for format in ["npy", "csv", "parquet"] {
        place.done(&format!("decode model --codes z.{format} --out x-{format}.npy"));
    }
    let restored = ["npy", "csv", "parquet"].map(|format| place.read_npy(&format!("x-{format}.npy")));
    assert!(restored[0] == restored[1] && restored[0] == restored[2]);
}

#[test]
fn what_stands_beside_the_sample_comes_out_as_it_went_in() {
    let place = Place::new();
    let values = Array2::from_shape_fn((40, 3), |(row, column)| (row as f32 * (0.7 + column as f32)).sin());
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let identity: ArrayRef =
        Arc::new(StringArray::from_iter((0..40).map(|row| (row != 5).then(|| format!("id-{row}")))));
    let time: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
    let beside = RecordBatch::try_from_iter([("id", identity), ("time", time)]).expect("as long");
    let file = std::fs::File::create(place.path("table.parquet")).expect("ours");
    let mut writer = Writer::create(file, Format::Parquet, Layout::named(names)).expect("few columns");
    writer.write(&values.view().into_dyn(), Some(&beside)).and_then(|()| writer.finish()).expect("room");

    place.write_npy("table.npy", &values);
    place.done("train-export ae --data table.npy --latent 2 --epochs 2 --hidden 4 --out model");
    place.done("encode model --data table.parquet --columns a,b,c --out z.parquet");
    let (codes, others) = read(&place, "z.parquet", "z0,z1");
    let others = others.expect("both columns");
    assert_eq!(codes.dim(), (40, 2));
    let identity = others.column_by_name("id").expect("it is kept").as_string::<i32>();
    assert_eq!((identity.value(7), identity.iter().nth(5)), ("id-7", Some(None)));
    let time = others.column_by_name("time").expect("it is kept").as_primitive::<Int64Type>();
    assert!(time.values().iter().copied().eq(0..40));

    place.done("reconstruct model --data table.parquet --columns a,b,c --out x.csv");
    let text = place.read_text("x.csv");
    assert_eq!(text.lines().next(), Some("id,time,a,b,c"));
    assert!(text.lines().nth(6).is_some_and(|line| line.starts_with(",5,")), "what is missing is an empty cell");
}

#[test]
fn rows_with_a_missing_value_are_left_out_where_that_is_asked_for() {
    let place = Place::new();
    let values = Array2::from_shape_fn((40, 3), |(row, column)| (row as f32 * (0.7 + column as f32)).sin());
    place.write_npy("whole.npy", &values);
    place.done("train-export ae --data whole.npy --latent 2 --epochs 2 --hidden 4 --out model");
    let mut gaps = values.clone();
    gaps[[3, 1]] = f32::NAN;
    place.write_npy("gaps.npy", &gaps);
    assert_none([
        complaint(&place, "encode model --data gaps.npy --out z.npy", &["gaps.npy", "row 3, column 1", "--missing"]),
        complaint(&place, "encode model --data gaps.npy --missing keep --out z.npy", &["--missing drop"]),
    ]);
    let told = place.done("encode model --data gaps.npy --missing drop --out z.npy").stderr;
    assert!(told.contains("1 rows with missing values were left out"), "{told}");
    place.done("encode model --data whole.npy --out all.npy");
    let kept: Vec<usize> = (0..40).filter(|row| *row != 3).collect();
    assert_eq!(place.read_npy("z.npy"), place.read_npy("all.npy").select(Axis(0), &kept));
}

#[test]
fn scores_repeat_with_their_seed_and_are_summed_up_for_programs() {
    let place = place();
    for (flags, out) in [("", "default"), ("--seed 0", "zero"), ("--seed 1", "one")] {
        let told = place.done(&format!("score model --part test --by elbo {flags} --json --out {out}.npy")).stdout;
        let told: Value = serde_json::from_str(&told).expect("one object");
        assert_eq!((&told["rows"], told["scores"].as_object().map(|scores| scores.len())), (&360.into(), Some(1)));
        let mean = place.read_npy(&format!("{out}.npy")).mean().expect("rows");
        let found = told["scores"]["elbo"]["mean"].as_f64().expect("a number");
        assert!((found - f64::from(mean)).abs() < 1e-3, "{found} is not {mean}");
    }
    let [default, zero, one] = ["default", "zero", "one"].map(|name| place.read_npy(&format!("{name}.npy")));
    assert!(default == zero && default != one);
    place.done("train-export ae --epochs 1 --hidden 8 --out ae");
    assert_none([complaint(&place, "score ae --by kl --out s.csv", &["no kl", "squared_error, reconstruction"])]);
}

#[test]
fn data_is_described_for_people_and_for_programs() {
    let place = Place::new();
    place.write("table.csv", "a,b,kind\n1,5,cat\n2,5,dog\n,5,dog\n");
    let text = place.done("data table.csv --label-column kind").stdout;
    for told in ["1 of 2 features: 1 (`b`)", "1 values in 1 rows and 1 columns", "dog"] {
        assert!(text.contains(told), "{told} is not in {text}");
    }
    let told = place.done("data digits --json --out digits.png").stdout;
    let told: Value = serde_json::from_str(&told).expect("one object");
    assert_eq!((&told["parts"][0]["rows"], &told["parts"][1]["rows"]), (&1437.into(), &360.into()));
    assert!(place.path("digits.png").exists());
    assert_none([
        complaint(&place, "data table.csv --label-column kind --out x.png", &["x.png", "no pictures"]),
        complaint(&place, "data nowhere", &["`nowhere`", "expected digits"]),
        complaint(&place, "data digits --header no", &["--header", "digits"]),
    ]);
}

/// So many rows that some chunks are written before the last.
fn many(place: &Place) -> ArrayD<f32> {
    let values =
        Array2::from_shape_fn((100_000, 64), |(row, column)| ((row * 31 + column * 17) % 16) as f32).into_dyn();
    place.write_npy("many.npy", &values);
    values
}

#[test]
fn a_run_that_fails_half_way_leaves_the_older_file_and_no_litter() {
    let place = place();
    let mut values = many(&place);
    values[[99_999, 7]] = f32::INFINITY;
    place.write_npy("many.npy", &values);
    for format in ["npy", "csv", "parquet"] {
        place.write(&format!("z.{format}"), "older");
        let line = format!("encode model --data many.npy --out z.{format}");
        assert_none([complaint(&place, &line, &["many.npy", "row 99999, column 7"])]);
    }
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_named_and_leaves_the_older_file_and_no_litter() {
    let place = place();
    for format in ["npy", "csv", "parquet"] {
        let out = format!("x.{format}");
        place.write(&out, "older");
        let found = crate::disk_full::limited(&place, &format!("reconstruct model --out {out}"), 64);
        let last = found.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(found.code, Some(1), "{last}");
        assert!(last.starts_with(&format!("error: cannot write `{out}`: ")), "{last}");
        assert!(place.litter().is_empty() && place.read_text(&out) == "older", "{:?}", place.litter());
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_nothing() {
    let place = place();
    many(&place);
    let mut child = place.command("reconstruct model --data many.npy --quiet --out x.csv").spawn().expect("it starts");
    // It hears signals once the file is begun.
    while place.litter().is_empty() && !place.path("x.csv").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("every unix has kill").success());
    let code = child.wait().expect("our own child").code();
    assert_eq!((code, place.path("x.csv").exists()), (Some(130), false));
    assert!(place.litter().is_empty(), "{:?}", place.litter());
}
