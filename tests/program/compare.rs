//! `narrows compare`: one table of several models, which a broken-off comparison reaches too.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use ndarray::{Array2, Array4};
use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox};

/// Runs a comparison with `--json`, and returns the report.
fn compare(sandbox: &Sandbox, flags: &str) -> Value {
    json(&sandbox.run_ok(&format!("compare {flags} --json")))
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}

/// Removes the times, which differ from run to run, and the marks that follow from them.
fn without_times(mut report: Value) -> Value {
    for row in report["rows"].as_array_mut().expect("rows") {
        row["train_seconds"] = Value::Null;
        row["encode_microseconds"] = Value::Null;
        let best = row["best"].as_array_mut().expect("columns");
        best.retain(|column| column != "train_seconds" && column != "encode_microseconds");
    }
    for cell in report["cells"].as_array_mut().expect("cells") {
        cell["figures"]["train_seconds"] = Value::Null;
        cell["figures"]["encode_microseconds"] = Value::Null;
    }
    report
}

fn sentences(report: &Value) -> Vec<&str> {
    report["sentences"].as_array().expect("sentences").iter().filter_map(Value::as_str).collect()
}

/// A table of four columns on a line through the origin.
fn line(rows: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, 4), |(row, column)| ((row * 37 % 101) as f32 - 50.0) * (column as f32 + 1.0))
}

#[test]
fn a_comparison_that_was_killed_goes_on_to_the_same_table() {
    let sandbox = Sandbox::new();
    let flags = "compare ae vae --latent 2,3 --epochs 40 --hidden 32 --likelihood-samples 5 --seeds 2 --json --out";
    let mut child = sandbox
        .command(&format!("{flags} killed"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut messages = BufReader::new(child.stderr.take().expect("piped")).lines();
    let is_reached = messages.by_ref().any(|line| line.expect("text").starts_with("2 of 8: "));
    assert!(is_reached, "the second model was not trained");
    child.kill().expect("our own child");
    child.wait().expect("our own child");

    let resumed = sandbox.run_ok(&format!("{flags} killed"));
    let kept = resumed.stderr.lines().find_map(|line| line.strip_suffix(" of 8 were finished before"));
    let kept: usize = kept.expect("a note of the finished models").parse().expect("a number");
    assert!((2..8).contains(&kept), "{kept}");
    let whole = sandbox.run_ok(&format!("{flags} whole"));
    assert_eq!(without_times(json(&resumed)), without_times(json(&whole)));

    // A finished comparison trains and measures nothing again.
    let again = sandbox.run_ok(&format!("{flags} killed"));
    assert_eq!(json(&again), json(&resumed));
    assert!(again.stderr.contains("8 of 8 were finished before"), "{}", again.stderr);
}

#[cfg(unix)]
#[test]
fn an_interrupted_comparison_says_how_it_goes_on() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command("compare pca ae --latent 2 --epochs 10000000 --hidden 16 --out c")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut messages = BufReader::new(child.stderr.take().expect("piped")).lines();
    assert!(messages.by_ref().any(|line| line.expect("text").starts_with("1 of 2: ")));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("every unix has kill").success());
    let last = messages.map(|line| line.expect("text")).last().unwrap_or_default();
    assert_eq!(child.wait().expect("our own child").code(), Some(130), "{last}");
    assert!(last.contains("run the same command again"), "{last}");
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}

#[test]
fn a_folder_with_other_settings_or_other_content_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("compare pca --latent 2 --out c");
    let before = sandbox.content_of("c");
    let refused = sandbox.run("compare pca --latent 2,3 --scale standard --out c");
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("`latent` is [2] there and [2,3] here")
            && refused.stderr.contains("`scale` is not set there and \"standard\" here"),
        "{}",
        refused.stderr
    );
    assert!(sandbox.content_of("c") == before, "a refused comparison changed the folder");
    std::fs::create_dir(sandbox.path("other")).expect("a writable folder");
    sandbox.write("other/notes.txt", "mine");
    let refused = sandbox.run("compare pca --latent 2 --out other");
    assert!(refused.code == Some(1) && refused.stderr.contains("is not empty"), "{}", refused.stderr);
}

#[test]
fn the_report_has_every_figure_of_every_model_as_text_json_page_and_charts() {
    let sandbox = Sandbox::new();
    let flags = "pca ae vae cvae --latent 2 --beta 0.5,1 --epochs 2 --likelihood-samples 4 --out c";
    let report = compare(&sandbox, flags);
    assert_eq!((&report["judge"]["part"], &report["judge"]["rows"]), (&"test".into(), &360.into()));
    assert_eq!((&report["likelihood_samples"], &report["seeds"]), (&4.into(), &serde_json::json!([0])));
    let rows = report["rows"].as_array().expect("rows");
    let names: Vec<_> = rows.iter().map(|row| (row["kind"].as_str(), row["beta"].as_f64())).collect();
    let expected = [("pca", None), ("ae", None), ("vae", Some(0.5)), ("vae", Some(1.0)), ("cvae", Some(0.5))];
    assert_eq!(names[..5], expected.map(|(kind, beta)| (Some(kind), beta)));
    for row in rows {
        let mean = |key: &str| row[key]["mean"].as_f64();
        let variational = row["kind"] == "vae" || row["kind"] == "cvae";
        for key in ["mse", "parameters", "bundle_bytes", "encode_microseconds", "train_seconds"] {
            assert!(mean(key).is_some_and(|value| value > 0.0), "{key}: {row}");
        }
        assert_eq!(mean("nll").is_some(), variational, "{row}");
        // The encoder of a cvae gets the class, so its codes are not judged by it.
        assert_eq!(mean("probe_accuracy").is_some(), row["kind"] != "cvae", "{row}");
    }
    let best = rows.iter().filter(|row| row["best"].as_array().expect("columns").contains(&"mse".into())).count();
    assert_eq!(best, 1);
    let page = sandbox.read_text("c/compare.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("prefers-color-scheme: dark"), "{page}");
    assert_eq!(page.matches("<svg").count(), 2, "the page contains both charts");
    assert!(!page.contains("http-equiv") && !page.contains("<script"), "{page}");
    let is_inside = |link: &str| link.starts_with('#') || link.starts_with("data:");
    assert!(page.split("href=\"").skip(1).all(is_inside), "{page}");
    assert!(sandbox.read_text("c/rate-distortion.svg").contains("distortion"));
    assert!(sandbox.read_text("c/compare.svg").contains("latent dimensions"));
    assert_eq!(serde_json::from_str::<Value>(&sandbox.read_text("c/compare.json")).expect("JSON"), report);
    let text = sandbox.run_ok(&format!("compare {flags}")).stdout;
    assert!(text.contains("vae, beta 0.5") && text.contains("NLL, nats") && text.contains(" *"), "{text}");
}

#[test]
fn errors_and_likelihoods_are_those_of_score() {
    let sandbox = Sandbox::new();
    let report = compare(&sandbox, "vae --latent 3 --epochs 3 --likelihood-samples 7 --out c");
    let figures = &report["cells"][0]["figures"];
    let bundle = "c/cells/vae-3-seed0/bundle";
    let score = "--data digits --part test --importance-samples 7 --out scores.csv --json";
    let scores = json(&sandbox.run_ok(&format!("score {bundle} {score}")));
    let mean = |name: &str| scores["scores"][name]["mean"].as_f64().expect("a score");
    let figure = |name: &str| figures[name].as_f64().expect("a figure");
    for (figure, expected) in [
        (64.0 * figure("mse"), mean("squared_error")),
        (figure("nll"), -mean("log_likelihood")),
        (figure("rate"), mean("kl")),
        (figure("rate") + figure("distortion"), -mean("elbo")),
    ] {
        assert!((figure - expected).abs() < 1e-4 * expected.abs(), "{figure} against {expected}");
    }
    sandbox.run_ok(&format!("verify {bundle}"));
}

#[test]
fn binarised_models_are_judged_on_the_bits_of_evaluate() {
    let sandbox = Sandbox::new();
    let report =
        compare(&sandbox, "vae --latent 2 --epochs 1 --binarize static --likelihood-samples 5 --seed 3 --out c");
    let figures = &report["cells"][0]["figures"];
    let evaluate = "evaluate c/cells/vae-2-seed3/bundle --data digits --importance-samples 5 --seed 3 --json";
    let expected = json(&sandbox.run_ok(evaluate));
    for (key, name) in [("mse", "mse"), ("nll", "nll"), ("rate", "kl")] {
        let (found, expected) = (figures[key].as_f64().expect("a figure"), find(&expected, name).expect("a figure"));
        assert!((found - expected).abs() < 1e-4 * expected.abs(), "{key} is {found}, and {expected} in evaluate");
    }
}

/// Returns the number with a key, wherever it is in an object.
fn find(value: &Value, key: &str) -> Option<f64> {
    let object = value.as_object()?;
    object.get(key).and_then(Value::as_f64).or_else(|| object.values().find_map(|inner| find(inner, key)))
}

#[test]
fn the_report_says_where_pca_has_the_lowest_error() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("line.npy", &line(200));
    let report = compare(&sandbox, "pca ae --data line.npy --latent 1,2 --epochs 1 --out c");
    let found = sentences(&report);
    assert!(found.iter().any(|text| text.starts_with("latent 1: pca has the lowest MSE (")), "{found:?}");
    assert_eq!(report["judge"]["part"], "held_out");
}

#[test]
fn an_option_is_passed_to_the_kinds_that_take_it() {
    let sandbox = Sandbox::new();
    let outcome =
        sandbox.run_ok("compare pca dae --latent 2 --epochs 1 --corruption masking:0.5 --likelihood gaussian --out c");
    let notes = &outcome.stderr;
    assert!(notes.contains("--corruption, --epochs, --likelihood are passed to dae only"), "{notes}");
    let config = sandbox.read_text("c/cells/dae-2-seed0/run/config.toml");
    assert!(config.contains("corruption = \"masking:0.5\"") && config.contains("epochs = 1"), "{config}");
    let refused = sandbox.run("compare pca ae --latent 2 --beta 2 --out d");
    assert!(
        refused.code == Some(2) && refused.stderr.contains("--beta is an option of vae, cvae"),
        "{}",
        refused.stderr
    );
    let refused = sandbox.run("compare ae vae --latent 0 --out d");
    assert!(refused.code == Some(2) && refused.stderr.contains("--latent"), "{}", refused.stderr);
    assert!(!sandbox.path("d").exists(), "a refused comparison writes nothing");
}

#[test]
fn a_configuration_file_gives_the_options_and_flags_override_it() {
    let sandbox = Sandbox::new();
    sandbox.write("c.toml", "kind = \"ae\"\nlatent = 3\nepochs = 1\nhidden = [8]\nbeta = 2.0\n");
    let report = compare(&sandbox, "--config c.toml --latent 2 --out c");
    assert!(sentences(&report).contains(&"--beta is not used: no compared kind takes it"), "{:?}", sentences(&report));
    let cells = report["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 1);
    assert_eq!((&cells[0]["kind"], &cells[0]["latent"]), (&"ae".into(), &2.into()));
    assert!(sandbox.read_text("c/cells/ae-2-seed0/run/config.toml").contains("hidden = [8]"));
}

#[test]
fn a_kind_that_the_data_does_not_suit_is_left_out_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("line.npy", &line(60));
    let report = compare(&sandbox, "pca ae cvae --data line.npy --latent 2,6 --epochs 1 --out c");
    let skipped: Vec<_> = report["skipped"].as_array().expect("a list").iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(skipped, ["cvae", "cvae", "pca"]);
    let found = sentences(&report);
    let about = |text: &str| found.iter().filter(|sentence| sentence.contains(text)).count();
    assert_eq!((about("cvae is left out: it needs the class"), about("pca is left out: --latent is 6")), (1, 1));
    let nothing = sandbox.run("compare cvae --data line.npy --latent 2 --out d");
    assert!(nothing.code == Some(1) && nothing.stderr.contains("nothing is left to compare"), "{}", nothing.stderr);
}

#[test]
fn a_model_that_fails_is_reported_and_the_others_go_on() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("line.npy", &line(60));
    let line =
        "compare ae pca --data line.npy --latent 2 --epochs 3 --optimizer sgd --learning-rate 1e30 --json --out c";
    let outcome = sandbox.run(line);
    assert_eq!(outcome.code, Some(1));
    let report = json(&outcome);
    assert_eq!(report["cells"].as_array().expect("cells").len(), 1);
    let failed = &report["failed"][0];
    assert!(failed["kind"] == "ae" && failed["error"].as_str().is_some_and(|error| error.contains("diverged")));
    assert!(outcome.stderr.contains("error: 1 model of 2 failed"), "{}", outcome.stderr);
}

#[test]
fn bundles_are_compared_on_a_test_part() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --latent 2 --out trained");
    let report = compare(&sandbox, "pca --latent 2 --bundles trained --data digits --out c");
    let bundles: Vec<_> = report["rows"].as_array().expect("rows").iter().map(|row| row["bundle"].as_str()).collect();
    assert_eq!(bundles, [None, Some("trained")]);
    let loaded = &report["rows"][1];
    assert!(loaded["train_seconds"].is_null() && loaded["encode_microseconds"]["mean"].as_f64() > Some(0.0));
    let refused = sandbox.run("compare --bundles trained --epochs 3 --out d");
    assert!(refused.code == Some(2) && refused.stderr.contains("--epochs has no effect"), "{}", refused.stderr);
    sandbox.write_npy("line.npy", &line(60));
    let refused = sandbox.run("compare --bundles trained --data line.npy --out d");
    assert!(refused.code == Some(1) && refused.stderr.contains("pass --test"), "{}", refused.stderr);
    sandbox.write_npy("test.npy", &line(20));
    let refused = sandbox.run("compare --bundles trained --data line.npy --test test.npy --out d");
    assert!(refused.code == Some(1) && refused.stderr.contains("takes samples of shape [8, 8]"), "{}", refused.stderr);
}

#[test]
fn colour_images_and_series_are_compared() {
    let sandbox = Sandbox::new();
    let images =
        Array4::from_shape_fn((60, 8, 8, 3), |(row, y, x, channel)| (row * 7 + y * 13 + x * 5 + channel) as u8);
    sandbox.write_npy("images.npy", &images);
    let report = compare(&sandbox, "pca vae --data images.npy --latent 2 --epochs 1 --likelihood-samples 2 --out i");
    assert_eq!(report["cells"].as_array().expect("cells").len(), 2);
    let recording = Array2::from_shape_fn((600, 2), |(step, channel)| (step as f32 / (5.0 + channel as f32)).sin());
    sandbox.write_npy("recording.npy", &recording);
    let flags = "pca ae --data recording.npy --window 16 --hop 4 --latent 2 --epochs 1 --filters 4 --out s";
    let report = compare(&sandbox, flags);
    assert!(report["judge"]["part"] == "held_out" && report["cells"].as_array().is_some_and(|cells| cells.len() == 2));
}

#[test]
fn a_bundle_that_is_listed_twice_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --latent 2 --hidden 8 --out b");
    for (bundles, mention) in [("b,b", "has `b` twice"), ("b,./b", "has `b` and `./b`, which are the same bundle")] {
        let refused = sandbox.run(&format!("compare --bundles {bundles} --out c"));
        assert!(refused.code == Some(1) && refused.stderr.contains(mention), "{}", refused.stderr);
        assert!(!sandbox.path("c").exists());
    }
}

#[test]
fn a_finished_model_with_a_damaged_or_missing_bundle_is_exported_again() {
    let sandbox = Sandbox::new();
    let flags = "compare pca ae --latent 2,3 --epochs 1 --hidden 8 --json --out c";
    let before = sandbox.run_ok(flags);
    let bundle = |cell: &str| sandbox.path(&format!("c/cells/{cell}/bundle"));
    std::fs::remove_dir_all(bundle("ae-2-seed0")).expect("a bundle");
    std::fs::remove_file(bundle("ae-3-seed0").join("manifest.json")).expect("a manifest");
    sandbox.write("c/cells/pca-2-seed0/bundle/decoder.onnx", "short");
    let again = sandbox.run_ok(flags);
    assert_eq!(without_times(json(&again)), without_times(json(&before)));
    assert_eq!(again.stderr.matches("the bundle is exported again, because ").count(), 3, "{}", again.stderr);
    assert!(again.stderr.contains("1 of 4 was finished before"), "{}", again.stderr);
    for cell in ["ae-2", "ae-3", "pca-2", "pca-3"] {
        sandbox.run_ok(&format!("verify c/cells/{cell}-seed0/bundle"));
    }
    assert!(sandbox.path("c/cells/ae-3-seed0/damaged-bundle-1/decoder.onnx").exists());
}

#[test]
fn only_the_models_that_are_measured_now_are_counted_after_those_that_were_finished() {
    let sandbox = Sandbox::new();
    let flags = "compare pca ae --latent 2,3 --epochs 1 --hidden 8 --out c";
    sandbox.run_ok(flags);
    std::fs::remove_file(sandbox.path("c/cells/ae-2-seed0/figures.json")).expect("figures");
    let stderr = sandbox.run_ok(flags).stderr;
    let progress: Vec<&str> = stderr.lines().filter(|line| line.contains(" of 4")).collect();
    assert!(progress.len() == 2 && progress[0] == "3 of 4 were finished before", "{stderr}");
    assert!(progress[1].starts_with("4 of 4: ae, 2 latent dimensions"), "{stderr}");
}

#[test]
fn without_finished_models_there_is_no_table_and_without_stars_no_footnote() {
    let sandbox = Sandbox::new();
    sandbox.write_npy("line.npy", &line(60));
    let flags = "compare ae --data line.npy --latent 2 --optimizer sgd --epochs 3";
    let failed = sandbox.run(&format!("{flags} --learning-rate 1e30 --out c"));
    assert_eq!(failed.code, Some(1));
    assert!(!failed.stdout.contains("latent  model") && !failed.stdout.contains('*'), "{}", failed.stdout);
    assert!(!sandbox.read_text("c/compare.html").contains("<table"));
    // The reason is once in the report and once in the error.
    let count = |text: &str| text.matches("diverged").count();
    assert_eq!((count(&failed.stdout), count(&failed.stderr)), (1, 1), "{failed:?}");
    let single = sandbox.run_ok(&format!("{flags} --learning-rate 1e-4 --out d"));
    assert!(single.stdout.contains("latent  model") && !single.stdout.contains('*'), "{}", single.stdout);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_reported_once_for_each_model() {
    let sandbox = Sandbox::new();
    let line = "compare ae --latent 2 --epochs 1 --hidden 64 --out c";
    let outcome = crate::disk_full::limited(&sandbox, line, 32);
    assert_eq!(outcome.code, Some(1));
    let count = |text: &str| text.matches("os error").count();
    assert_eq!((count(&outcome.stdout), count(&outcome.stderr)), (1, 1), "{outcome:?}");
}

#[test]
fn damaged_settings_and_a_file_in_place_of_the_folder_are_named() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("compare pca --latent 2 --out c");
    sandbox.write("c/settings.json", "{\"beta\": ");
    sandbox.write("file", "mine");
    for (out, mentions) in [
        ("c", ["`c/settings.json` is damaged", "remove this one to start again"]),
        ("file", ["`file` is a file", "--out"]),
        ("file/below", ["`file` is a file", "--out"]),
    ] {
        let refused = sandbox.run(&format!("compare pca --latent 2 --out {out}"));
        assert!(refused.code == Some(1), "{}", refused.stderr);
        assert!(mentions.iter().all(|mention| refused.stderr.contains(mention)), "{}", refused.stderr);
    }
}
