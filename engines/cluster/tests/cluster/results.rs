//! Results on a cluster are those of the runtime, bit for bit.

use datafusion::arrow::{
    array::{ArrayRef, AsArray, RecordBatch},
    datatypes::{Float32Type, Float64Type, Int64Type},
};
use narrows_datafusion::narrows_runtime::{Autoencoder, Classifier, Detector, Samples, ScoreOptions};

use crate::{
    files::{read, write},
    process::{Cluster, fail, names, succeed},
    support::{Form, classifier, zoo},
};

fn column<'a>(rows: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    rows.column_by_name(name).expect(name)
}

fn vectors(column: &ArrayRef) -> Vec<f32> {
    column.as_fixed_size_list().values().as_primitive::<Float32Type>().values().to_vec()
}

#[test]
fn every_function_on_two_executors_returns_what_the_runtime_returns() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (pixels, labels) = write(&data, 1797, 5, Form::FixedBytes);
    let cluster = Cluster::of_two();
    let apply = |verb: &str, bundle: &str| {
        let out = folder.path().join(format!("{verb}-{}", bundle.rsplit('/').next().expect("a name")));
        let (data, text) = (data.display().to_string(), out.display().to_string());
        succeed([verb, bundle, "--data", &data, "--out", &text, "--engine", &cluster.engine()]);
        let rows = read(&out, 1797);
        // Other columns stay beside the results.
        assert_eq!(column(&rows, "label").as_primitive::<Int64Type>().values().to_vec(), labels);
        assert!(rows.column_by_name("x").is_none());
        rows
    };
    for kind in ["vae", "conv-vae", "cvae"] {
        let model = Autoencoder::open(zoo(kind)).expect("a committed bundle");
        let samples = match model.takes_labels() {
            true => Samples::from(&pixels).labelled(&labels),
            false => Samples::from(&pixels),
        };
        let codes = vectors(column(&apply("encode", &zoo(kind)), "codes"));
        assert!(codes == model.encode(samples.clone()).expect("codes").into_raw_vec_and_offset().0, "{kind}");
        let reconstruction = vectors(column(&apply("reconstruct", &zoo(kind)), "reconstruction"));
        let expected = model.reconstruct(samples.clone()).expect("a reconstruction").into_raw_vec_and_offset().0;
        assert!(reconstruction == expected, "{kind}");
        let scores = apply("score", &zoo(kind));
        let errors = column(&scores, "scores").as_struct().column_by_name("squared_error").expect("a field").clone();
        let expected = model.score(samples, &ScoreOptions::default()).expect("scores").squared_error.to_vec();
        assert!(errors.as_primitive::<Float64Type>().values().to_vec() == expected, "{kind}");
    }
    let found = Detector::open(zoo("detector")).expect("a committed bundle").detect(&pixels).expect("detections");
    let rows = apply("detect", &zoo("detector"));
    let flags = column(&rows, "anomaly").as_struct().column_by_name("is_anomaly").expect("a field").clone();
    assert!(flags.as_boolean().values().iter().eq(found.are_anomalies));
    let model = Classifier::open(classifier()).expect("a trained bundle");
    let expected = model.classify(&pixels).expect("classes");
    let rows = apply("classify", &classifier());
    let classes = column(&rows, "predicted_class").as_string::<i32>();
    assert!(classes.iter().flatten().eq(expected.iter().map(|&class| model.classes()[class].as_str())));
    let rows = apply("probabilities", &classifier());
    let expected = model.probabilities(&pixels).expect("probabilities").into_raw_vec_and_offset().0;
    assert!(vectors(column(&rows, "probabilities")) == expected);
}

#[test]
fn a_million_rows_have_the_codes_of_the_runtime_and_stay_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (pixels, _) = write(&data, 1_000_000, 16, Form::Binary);
    let expected = Autoencoder::open(zoo("vae")).expect("a committed bundle").encode(&pixels).expect("codes");
    let expected = expected.into_raw_vec_and_offset().0;
    let cluster = Cluster::of_two();
    for engine in ["local", &cluster.engine()] {
        let out = folder.path().join(if engine == "local" { "local" } else { "cluster" });
        let (data, out_text) = (data.display().to_string(), out.display().to_string());
        let report = succeed(["encode", &zoo("vae"), "--data", &data, "--out", &out_text, "--engine", engine]);
        println!("{engine}: {report}");
        assert!(report.starts_with("wrote 1000000 rows "), "{report}");
        assert!(vectors(column(&read(&out, 1_000_000), "codes")) == expected, "{engine}");
    }
}

#[test]
fn one_large_file_is_divided_among_the_executors() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (pixels, _) = write(&data, 300_000, 1, Form::FixedFloats);
    let cluster = Cluster::of_two();
    let out = folder.path().join("out");
    let (data, text) = (data.join("digits-*.parquet").display().to_string(), out.display().to_string());
    succeed(["encode", &zoo("ae"), "--data", &data, "--out", &text, "--engine", &cluster.engine()]);
    let expected = Autoencoder::open(zoo("ae")).expect("a committed bundle").encode(&pixels).expect("codes");
    assert!(vectors(column(&read(&out, 300_000), "codes")) == expected.into_raw_vec_and_offset().0);
    assert_eq!(names(&out, ""), ["_narrows-job.json", "part-00000.parquet"]);
}

#[test]
fn columns_rows_and_names_are_options() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    write(&data, 100, 2, Form::List);
    let (data, out) = (data.display().to_string(), folder.path().join("out").display().to_string());
    let bundle = zoo("vae");
    let flags = ["encode", &bundle, "--data", &data, "--out", &out];
    let report = succeed(flags.into_iter().chain(["--keep", "id", "--as", "z", "--where", "id < 10", "--json"]));
    assert!(report.starts_with("{\"bundle\":\"") && report.contains("\"rows\":10"), "{report}");
    let rows = read(folder.path().join("out").as_path(), 10);
    let schema = rows.schema();
    assert_eq!(schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["id", "z"]);
    let cases: [(&[&str], &str); 6] = [
        (&["--out", "OUT", "--as", "label"], "the results cannot be in a column `label`"),
        (&["--out", "OUT", "--input", "none"], "none"),
        (&["--out", "OUT", "--keep", "none"], "none"),
        (&["--out", "OUT", "--where", "nothing > 3"], "--where `nothing > 3`"),
        (&["--out", &out], "has the results of another job"),
        (&["--out", &data], "results and data need folders of their own"),
    ];
    for (extra, expected) in cases {
        let fresh = folder.path().join("fresh").display().to_string();
        let extra = extra.iter().map(|&flag| if flag == "OUT" { fresh.as_str() } else { flag });
        let message = fail(["encode", &bundle, "--data", &data].into_iter().chain(extra));
        assert!(message.contains(expected), "{message}");
    }
    let message = fail(["encode", &bundle, "--data", "/none/*.parquet", "--out", &out]);
    assert!(message.contains("`/none/*.parquet`"), "{message}");
    let message = fail(["encode", &bundle, "--data", &data, "--out", &out, "--engine", "spark"]);
    assert!(message.contains("expected local or ballista://HOST:PORT"), "{message}");
    let message = fail(["encode", &bundle, "--data", &data, "--out", &out, "--engine", "ballista://127.0.0.1:1"]);
    assert!(message.contains("the scheduler at http://127.0.0.1:1: it does not answer"), "{message}");
}
