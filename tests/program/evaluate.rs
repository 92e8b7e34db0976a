//! `narrows evaluate` on every type of data and kind of model: which figures there are, and what is refused.

use std::fmt::Write;

use ndarray::{Array1, Array2, Array3, ArrayD, Axis, Ix2, IxDyn};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn zoo(kind: &str) -> String {
    format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"))
}

fn report(sandbox: &Sandbox, line: &str) -> Value {
    serde_json::from_str(&sandbox.run_ok(&format!("evaluate {line} --json")).stdout).expect("one object")
}

fn number(report: &Value, key: &str) -> f64 {
    report[key].as_f64().unwrap_or_else(|| panic!("no number {key} in {report:#}"))
}

/// Figures of every model, of images, of codes with labels, of variational models, and of models that generate.
const ALWAYS: [&str; 4] = ["mse", "squared_error", "squared_error_standard_error", "explained_variance"];
const IMAGES: [&str; 2] = ["psnr", "ssim"];
const CLASSES: [&str; 2] = ["probe_accuracy", "knn_accuracy"];
const VARIATIONAL: [&str; 5] = ["elbo", "kl", "active_units", "mutual_information", "aggregate_kl"];
const GENERATED: [&str; 5] = ["frechet_distance", "precision", "recall", "density", "coverage"];
const CONDITIONAL: [&str; 3] = ["class_agreement", "classifier_accuracy", "within_class_variance_ratio"];

fn assert_figures(report: &Value, groups: &[(&[&str], bool)]) {
    for (keys, expected) in groups {
        for key in *keys {
            assert_eq!(report[*key].is_number(), *expected, "{key} in {report:#}");
        }
    }
}

#[test]
fn every_kind_has_the_figures_that_apply_to_it() {
    let sandbox = Sandbox::new();
    for kind in ["pca", "ae", "dae", "wae", "vae", "cvae"] {
        let report = report(&sandbox, &format!("{} --data digits", zoo(kind)));
        let is_variational = kind == "vae" || kind == "cvae";
        let is_generative = is_variational || kind == "wae";
        assert_figures(
            &report,
            &[
                (&ALWAYS, true),
                (&IMAGES, true),
                (&CLASSES, true),
                (&["nats"], kind != "pca"),
                (&VARIATIONAL, is_variational),
                (&["nll"], false),
                (&GENERATED, is_generative),
                (&CONDITIONAL, kind == "cvae"),
            ],
        );
        assert_eq!(
            (&report["part"], &report["rows"], &report["binarize"]),
            (&"test".into(), &360.into(), &"none".into())
        );
        assert_eq!(report["worst_features"].as_array().map(Vec::len), Some(10));
        // The code of a cvae does not contain the class, which its encoder receives.
        let accuracy = number(&report, "probe_accuracy");
        assert_eq!(accuracy > 0.7, kind != "cvae", "{kind}: {accuracy}");
        if kind == "cvae" {
            assert!(number(&report, "class_agreement") > 0.95 && number(&report, "classifier_accuracy") > 0.85);
        }
    }
}

#[test]
fn the_figures_are_those_of_score_and_transfer() {
    let sandbox = Sandbox::new();
    let evaluated = report(&sandbox, &format!("{} --data digits --importance-samples 20", zoo("vae")));
    let scored = sandbox
        .run_ok(&format!("score {} --data digits --part test --importance-samples 20 --out s.csv --json", zoo("vae")));
    let scored: Value = serde_json::from_str(&scored.stdout).expect("one object");
    for (ours, theirs, sign) in [
        ("squared_error", "squared_error", 1.0),
        ("nats", "reconstruction", 1.0),
        ("kl", "kl", 1.0),
        ("elbo", "elbo", 1.0),
        ("nll", "log_likelihood", -1.0),
        ("nll_row_standard_error", "log_likelihood_standard_error", 1.0),
    ] {
        let expected = sign * scored["scores"][theirs]["mean"].as_f64().expect("a score");
        assert!((number(&evaluated, ours) - expected).abs() < 1e-6 * expected.abs(), "{ours}: {expected}");
    }
    let head = sandbox.run_ok(&format!("transfer {} --data digits --out head --json", zoo("vae")));
    let head: Value = serde_json::from_str(&head.stdout).expect("one object");
    assert_eq!(evaluated["probe_accuracy"], head["test"]["accuracy"]);
}

#[test]
fn the_text_names_the_rows_and_the_unit_of_every_figure() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --data digits --likelihood bernoulli --hidden 32 --epochs 1 --out model");
    let text = sandbox.run_ok("evaluate model --data digits --part train --binarize dynamic").stdout;
    assert!(text.starts_with("vae on 1437 training rows of `digits`, binarised (dynamic)\n"), "{text}");
    for words in
        ["squared scaled units", "nats per row", "bits per dimension", "decibels", "not FID", "random stratified"]
    {
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn bits_are_those_of_training_by_default_and_other_bits_are_an_option() {
    let sandbox = Sandbox::new();
    sandbox.run_ok(
        "train-export vae --data digits --binarize static --seed 3 --hidden 32 --latent 4 --epochs 3 --out model",
    );
    let manifest: Value = serde_json::from_str(&sandbox.read_text("model/manifest.json")).expect("JSON");
    let trained = &manifest["training"]["metrics"];
    let by = |flags: &str| report(&sandbox, &format!("model --data digits {flags}"));
    let default = by("");
    assert_eq!(default["binarize"], "static");
    for (ours, theirs) in [("mse", "test.mse"), ("kl", "test.kl")] {
        let (ours, theirs) = (number(&default, ours), trained[theirs].as_f64().expect("a metric"));
        assert!((ours / theirs - 1.0).abs() < 1e-5, "{ours} for {theirs}");
    }
    assert_eq!(default, by("--binarize static"));
    let (grey, dynamic, other) = (by("--binarize none"), by("--binarize dynamic"), by("--binarize dynamic --seed 1"));
    assert!(number(&grey, "mse") < number(&default, "mse") - 0.03);
    assert!(dynamic["mse"] != default["mse"] && dynamic["mse"] != other["mse"]);
    assert!((number(&dynamic, "mse") / number(&default, "mse") - 1.0).abs() < 0.05);

    let scored = |flags: &str| {
        let line = format!("score model --data digits --part test --by squared_error --out s.csv --json {flags}");
        let report: Value = serde_json::from_str(&sandbox.run_ok(&line).stdout).expect("one object");
        (report["binarize"].clone(), report["scores"]["squared_error"]["mean"].as_f64().expect("a score"))
    };
    for (flags, how, expected) in [("", "static", &default), ("--binarize none", "none", &grey)] {
        let (binarize, error) = scored(flags);
        assert_eq!(binarize, how);
        assert!((error - number(expected, "squared_error")).abs() < 1e-6 * error, "{flags}: {error}");
    }
}

#[test]
fn tables_series_and_windows_have_figures_and_their_features_have_names() {
    let sandbox = Sandbox::new();
    let mut table = "a,b,c,kind\n".to_owned();
    let mut recording = "t,p,q\n".to_owned();
    for row in 0..120 {
        let angle = row as f32 / 7.0;
        let (sine, cosine) = (angle.sin(), angle.cos());
        let noise = (row * 7919 % 13) as f32 / 13.0;
        writeln!(table, "{sine},{},{noise},{}", 10.0 * cosine, if sine > 0.0 { "up" } else { "down" }).expect("memory");
        writeln!(recording, "{row},{sine},{cosine}").expect("memory");
    }
    sandbox.write("t.csv", &table);
    sandbox.write("r.csv", &recording);
    let series =
        Array3::from_shape_fn((40, 2, 10), |(row, channel, step)| ((row + step) as f32 + channel as f32).sin());
    sandbox.write_npy("s.npy", &series);
    for (data, train, name) in [
        ("--data t.csv --label-column kind", "--latent 2 --hidden 8", "c"),
        ("--data r.csv --window 8 --time-column t", "--architecture mlp --latent 2 --hidden 8", "q@"),
        ("--data s.npy --sample series", "--architecture mlp --latent 2 --hidden 8", "["),
    ] {
        sandbox.run_ok(&format!("train-export vae {data} {train} --epochs 3 --out model"));
        let report = report(&sandbox, &format!("model {data} --importance-samples 3"));
        let has_labels = data.contains("label");
        let groups: [(&[&str], bool); 6] = [
            (&ALWAYS, true),
            (&IMAGES, false),
            (&CLASSES, has_labels),
            (&VARIATIONAL, true),
            (&["nll", "nll_standard_error"], true),
            (&GENERATED, true),
        ];
        assert_figures(&report, &groups);
        assert_eq!(report["part"], "all", "{data}");
        assert_eq!(report["probe_split"].as_str(), has_labels.then_some("random"), "{data}");
        let worst: Vec<&str> = report["worst_features"]
            .as_array()
            .expect("features")
            .iter()
            .filter_map(|worst| worst["feature"].as_str())
            .collect();
        assert!(worst.iter().any(|feature| feature.starts_with(name)), "{data}: {worst:?}");
    }
}

#[test]
fn colour_images_and_small_images_have_the_figures_of_images() {
    let sandbox = Sandbox::new();
    for (shape, window) in [(&[12, 13, 3][..], Some("11x11 gaussian")), (&[7, 9], Some("7x7 uniform")), (&[5, 5], None)]
    {
        let shape: Vec<usize> = [30].into_iter().chain(shape.iter().copied()).collect();
        let value = |index: IxDyn| {
            let phase: f32 = (0..shape.len()).map(|axis| index[axis] as f32 * [2.1, 0.4, 0.7, 2.0][axis]).sum();
            (127.0 + 120.0 * phase.sin()) as u8
        };
        sandbox.write_npy("x.npy", &ArrayD::from_shape_fn(IxDyn(&shape), value));
        sandbox.run_ok("train-export pca --data x.npy --latent 2 --out model");
        let report = report(&sandbox, "model --data x.npy");
        assert!(number(&report, "psnr") > 5.0);
        assert_eq!(report["ssim_window"].as_str(), window);
        assert_eq!(report["ssim"].is_number(), window.is_some());
    }
}

#[test]
fn generated_samples_are_compared_in_the_chosen_features() {
    let sandbox = Sandbox::new();
    let by = |flags: &str| report(&sandbox, &format!("{} --data digits {flags}", zoo("vae")));
    for (flags, width, space) in [
        ("--features pixels", 64, "64 scaled values".to_owned()),
        ("", 61, "61 principal components of 1437 training rows".to_owned()),
        (&format!("--features {}", zoo("ae")), 8, format!("codes of {}", zoo("ae"))),
    ] {
        let report = by(flags);
        assert_eq!((&report["feature_dimensions"], &report["feature_space"]), (&width.into(), &space.into()));
        assert!(number(&report, "frechet_distance") > 0.0 && number(&report, "precision") > 0.5);
        assert_eq!(report["compared_samples"], 360);
    }
    let few = by("--samples 50 --neighbours 3");
    assert_eq!((&few["compared_samples"], &few["neighbours"]), (&50.into(), &3.into()));
    assert!(by("--samples 1")["precision"].is_null());
    assert!(by("--samples 0")["feature_space"].is_null());
}

#[test]
fn a_sampler_makes_an_autoencoder_a_model_with_generated_samples() {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("fit-prior {} --data digits --out model", zoo("ae")));
    let fitted = report(&sandbox, "model --data digits");
    assert_figures(&fitted, &[(&GENERATED, true), (&VARIATIONAL, false)]);
    assert_eq!(fitted["codes_from"], "sampler");
    assert_eq!(report(&sandbox, &format!("{} --data digits", zoo("vae")))["codes_from"], "prior");
}

#[test]
fn one_part_is_split_by_class_and_labels_that_are_no_classes_are_left_out() {
    let sandbox = Sandbox::new();
    let rows =
        Array2::from_shape_fn((100, 4), |(row, column)| ((row % 2 * 10 + column) as f32).sin() + row as f32 / 500.0);
    sandbox.write_npy("x.npy", &rows);
    sandbox.write_npy("classes.npy", &Array1::from_shape_fn(100, |row| (row % 2) as u8));
    sandbox.write_npy("numbers.npy", &Array1::from_shape_fn(100, |row| row as u8));
    sandbox.run_ok("train-export pca --data x.npy --latent 2 --out model");
    let classes = report(&sandbox, "model --data x.npy --labels classes.npy");
    assert_eq!((&classes["probe_fitted_rows"], &classes["probe_judged_rows"]), (&80.into(), &20.into()));
    assert_eq!((&classes["probe_accuracy"], &classes["knn_accuracy"]), (&1.0.into(), &1.0.into()));
    let numbers = sandbox.run_ok("evaluate model --data x.npy --labels numbers.npy").stdout;
    assert!(numbers.contains("no accuracies: most rows have a class of their own"), "{numbers}");
    assert!(!sandbox.run_ok("evaluate model --data x.npy").stdout.contains("accurac"));
}

#[test]
fn the_same_seed_gives_the_same_figures_for_any_chunk_of_the_data() {
    let sandbox = Sandbox::new();
    let line = format!("{} --data digits --importance-samples 2 --seed 4", zoo("cvae"));
    assert_eq!(report(&sandbox, &line), report(&sandbox, &line));
}

#[test]
fn what_a_model_or_its_data_cannot_do_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("x.npy", &Array2::<f32>::zeros((5, 4)));
    sandbox.write_npy("digits.npy", &Array2::<f32>::ones((5, 64)));
    let (pca, vae, cvae) = (zoo("pca"), zoo("vae"), zoo("cvae"));
    assert_refused([
        check_refusal(&sandbox, &format!("evaluate {pca} --data digits --importance-samples 5"), &["this pca"]),
        check_refusal(&sandbox, &format!("evaluate {pca} --data digits --binarize static"), &["bernoulli", "leave"]),
        check_refusal(&sandbox, &format!("evaluate {pca} --data digits --features {vae}"), &["generates no samples"]),
        check_refusal(&sandbox, &format!("evaluate {vae} --data digits --features {cvae}"), &["is a cvae"]),
        check_refusal(&sandbox, &format!("evaluate {vae} --data digits --features nowhere"), &["nowhere"]),
        check_refusal(&sandbox, &format!("evaluate {vae} --data x.npy"), &["rows of 4 values"]),
        check_refusal(&sandbox, &format!("evaluate {vae} --data digits.npy --part test"), &["no test part"]),
        check_refusal(&sandbox, &format!("evaluate {cvae} --data digits.npy"), &["no labels"]),
    ]);
    let usage = sandbox.run(&format!("evaluate {vae} --importance-samples 5001"));
    assert_eq!(usage.code, Some(2), "{}", usage.stderr);
    assert!(usage.stderr.contains("from 0 to 5000"), "{}", usage.stderr);
}

#[test]
fn dropped_rows_do_not_shift_the_bits_of_the_rows_after_them() {
    let sandbox = Sandbox::new();
    sandbox.write_npy(
        "x.npy",
        &Array2::from_shape_fn((40, 6), |(row, column)| ((row * 5 + column * 3) % 11) as f32 / 10.0),
    );
    let rows = sandbox.read_npy("x.npy").into_dimensionality::<Ix2>().expect("a table");
    let mut csv = "a,b,c,d,e,f\n".to_owned();
    for (index, row) in rows.axis_iter(Axis(0)).enumerate() {
        if index == 20 {
            csv.push_str("0.5,,0.5,0.5,0.5,0.5\n");
        }
        csv.push_str(&(row.iter().map(ToString::to_string).collect::<Vec<_>>().join(",") + "\n"));
    }
    sandbox.write("x.csv", csv);
    sandbox.run_ok(
        "train-export vae --data x.npy --binarize static --likelihood bernoulli --epochs 2 --latent 2 --out model",
    );
    let complete = report(&sandbox, "model --data x.npy");
    let dropped = report(&sandbox, "model --data x.csv --missing drop");
    assert_eq!((&complete["rows"], &dropped["rows"]), (&40.into(), &40.into()));
    assert_eq!(complete["mse"], dropped["mse"]);
}

#[test]
fn data_that_does_not_vary_has_every_other_figure() {
    let sandbox = Sandbox::new();
    sandbox.write("const.csv", "q,r\n".to_owned() + &"3,4\n".repeat(40));
    sandbox.write("varied.csv", "q,r\n".to_owned() + &"3,4\n5,6\n".repeat(20));
    sandbox.run_ok("train-export vae --data varied.csv --latent 1 --epochs 1 --out model");
    let text = sandbox.run_ok("evaluate model --data const.csv --importance-samples 5").stdout;
    assert!(text.contains("ELBO") && text.contains("the real rows do not vary"), "{text}");
    assert!(text.contains("0 principal components of 40 evaluated rows"), "{text}");
}
