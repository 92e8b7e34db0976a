//! `detect`: a detector of every kind of model and data, its labels and figures, and what it refuses.

use std::fmt::Write;

use ndarray::{Axis, Ix2};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// A repeatable number in [-1, 1).
fn noise(seed: usize) -> f32 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed >> 40) as f32 / (1u64 << 23) as f32) - 1.0
}

/// A table in which `b` is twice `a`, and of every 20 rows the last breaks this and has the class 1.
fn table(rows: usize, shift: f32) -> String {
    let mut text = "id,a,b,c,class\n".to_owned();
    for row in 0..rows {
        let (a, class) = (3.0 * noise(3 * row), usize::from(row % 20 == 19));
        let b = 2.0 * a + 0.1 * noise(3 * row + 1) + 5.0 * class as f32;
        writeln!(text, "r{row},{a},{b},{},{class}", noise(3 * row + 2) + shift).expect("written to memory");
    }
    text
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Returns the cells of a table by row.
fn cells(sandbox: &Sandbox, name: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = sandbox.read_text(name);
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().expect("a header"), lines.collect())
}

/// A detector of a table that was trained in one go.
fn table_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(1200, 0.0));
    sandbox.write("fit.toml", "epochs = 40\n");
    sandbox.run_ok("detect fit --data t.csv --ignore id --label-column class --config fit.toml --out det");
    sandbox
}

#[test]
fn a_detector_without_a_bundle_learns_normal_rows_and_finds_the_labelled_anomalies_with_their_reason() {
    let sandbox = table_sandbox();
    assert!(sandbox.run_ok("verify det").stdout.contains("detector labels"));
    let inspected = sandbox.run_ok("inspect det").stdout;
    assert!(
        inspected.contains("combined score, anomaly above") && inspected.contains("f32, default 0.01"),
        "{inspected}"
    );
    let card = sandbox.read_text("det/README.md");
    assert!(card.contains("## Anomaly detector") && card.contains("detector.onnx"), "{card}");

    sandbox.run_ok("report det --data t.csv --out det.html");
    let page = sandbox.read_text("det.html");
    assert!(page.contains("id=\"detector\"") && page.contains("Scores of 199 calibration rows"), "no section");

    let line = "detect run det --data t.csv --label-column class --reasons 2 --out d.csv --json";
    let found = json(&sandbox.run_ok(line).stdout);
    assert_eq!((&found["rows"], &found["labelled"]["anomalies"]), (&Value::from(1200), &Value::from(60)));
    assert!(found["labelled"]["auroc"].as_f64().expect("a number") > 0.99, "{found}");
    assert_eq!(found["labelled"]["found"], Value::from(60), "{found}");
    assert_eq!(found["highest"][0]["is_anomaly"], Value::from(true));
    let (header, rows) = cells(&sandbox, "d.csv");
    let column = |name: &str| header.iter().position(|other| other == name).unwrap_or_else(|| panic!("{header:?}"));
    let [id, score, p_value, is_anomaly] = ["id", "score", "p_value", "is_anomaly"].map(column);
    let [reason, share] = ["reason_1", "share_1"].map(column);
    assert_eq!((rows.len(), rows[7][id].as_str()), (1200, "r7"));
    let number = |row: &[String], at: usize| row[at].parse::<f64>().expect("a number");
    for row in &rows {
        // A label is the comparison of the p-value with the level.
        assert_eq!(row[is_anomaly] == "1", number(row, p_value) <= 0.01, "{row:?}");
        assert!((0.0..=1.0).contains(&number(row, share)), "{row:?}");
    }
    let anomalous: Vec<&Vec<String>> = rows.iter().filter(|row| row[is_anomaly] == "1").collect();
    let of_relation = anomalous.iter().filter(|row| row[reason] == "a" || row[reason] == "b").count();
    assert!(of_relation * 10 > anomalous.len() * 9, "{of_relation} of {}", anomalous.len());

    // The other forms have the same numbers.
    sandbox.run_ok("detect run det --data t.csv --out d.npy --shares s.npy");
    let array = sandbox.read_npy("d.npy").into_dimensionality::<Ix2>().expect("rows");
    assert_eq!(array.dim(), (1200, 3));
    assert!((f64::from(array[[5, 0]]) - number(&rows[5], score)).abs() < 1e-6);
    let shares = sandbox.read_npy("s.npy");
    assert_eq!(shares.shape(), [1200, 3]);
    assert!(shares.sum_axis(Axis(1)).iter().all(|sum| (sum - 1.0).abs() < 1e-4));
    sandbox.run_ok("score det --data t.csv --by anomaly --out a.csv");
    let (header, scored) = cells(&sandbox, "a.csv");
    assert_eq!(header[header.len() - 2..], ["anomaly", "p_value"]);
    assert_eq!(scored[5][header.len() - 2], rows[5][score]);

    sandbox.run_ok("detect run det --data t.csv --anomalies-only --out only.csv");
    let (header, only) = cells(&sandbox, "only.csv");
    let number_of = header.iter().position(|name| name == "row").expect("row numbers");
    assert_eq!(only.len(), anomalous.len());
    assert!(only.iter().all(|row| format!("r{}", row[number_of]) == row[0]), "{only:?}");
    assert!(sandbox.leftover_files().is_empty());
}

#[test]
fn a_packed_bundle_gives_the_same_detections_and_can_be_fitted() {
    let sandbox = table_sandbox();
    sandbox.run_ok("pack det det.narrows");
    for bundle in ["det", "det.narrows"] {
        sandbox.run_ok(&format!("detect run {bundle} --data t.csv --out {bundle}.csv"));
    }
    assert_eq!(sandbox.read_text("det.csv"), sandbox.read_text("det.narrows.csv"));
    let line = "detect fit det.narrows --data t.csv --score reconstruction --json --out";
    let outcome = sandbox.run_ok(&format!("{line} other.narrows"));
    // The bundle was trained on the rows that are fitted again, and not on those that calibrate.
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    let other_seed = sandbox.run_ok(&format!("{line} seed.narrows --seed 3"));
    assert!(other_seed.stderr.contains("if the model was trained on calibration rows"), "{}", other_seed.stderr);
    let fitted = json(&outcome.stdout);
    assert_eq!(fitted["detector"]["score"], Value::from("reconstruction"));
    assert_eq!(fitted["detector"]["parity"]["label_flips"], Value::from(0));
    sandbox.run_ok("verify other.narrows");
    sandbox.run_ok("detect run other.narrows --data t.csv --level 0.05");
}

#[test]
fn the_rows_that_training_held_out_calibrate_and_the_same_seed_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 2 --hidden 16 --valid-fraction 0.2 --out ae");
    let fitted = sandbox.run_ok("detect fit ae --data digits --out first");
    assert!(fitted.stderr.contains("1150 rows that training fitted"), "{}", fitted.stderr);
    assert!(fitted.stderr.contains("287 rows that it held out"), "{}", fitted.stderr);
    assert!(fitted.stdout.contains("at most 1 % are flagged"), "{}", fitted.stdout);
    sandbox.run_ok("detect fit ae --data digits --out second");
    assert_eq!(sandbox.content_of("first"), sandbox.content_of("second"));
    // The model and its pictures stay as they are.
    let (before, after) = (sandbox.content_of("ae"), sandbox.content_of("first"));
    for (name, bytes) in &before {
        let is_changed = ["README.md", "manifest.json"].iter().any(|file| name.ends_with(file));
        assert!(is_changed || after.get(name) == Some(bytes), "{}", name.display());
    }
}

#[test]
fn every_kind_of_model_can_be_a_detector_of_images() {
    let sandbox = Sandbox::new();
    for kind in ["pca", "ae", "dae", "wae", "vae", "cvae"] {
        let epochs = if kind == "pca" { "" } else { "--epochs 2 --hidden 16" };
        sandbox.run_ok(&format!("train-export {kind} {epochs} --out {kind}"));
        sandbox.run_ok(&format!("detect fit {kind} --data digits --calibration-part test"));
        let run = format!("detect run {kind} --data digits --part test --shares s.npy");
        let outcome = sandbox.run_ok(&run);
        assert!(outcome.stdout.contains(" of 360 test rows") && outcome.stdout.contains("pixel "), "{outcome:?}");
        assert_eq!(sandbox.read_npy("s.npy").shape(), [360, 8, 8]);
        // The calibration rows themselves: at most 1 % of 360 rows.
        let found = json(&sandbox.run_ok(&format!("detect run {kind} --data digits --part test --json")).stdout);
        assert!(found["anomalies"].as_u64().expect("a number") <= 3, "{kind}: {found}");
        assert!(sandbox.run_ok(&format!("verify {kind}")).stdout.contains("detector parity"));
    }
    for score in ["elbo", "likelihood", "density", "neighbours", "whitened"] {
        sandbox.run_ok(&format!("detect fit vae --data digits --calibration-part test --score {score} --out {score}"));
    }
    assert_refused([check_refusal(&sandbox, "detect fit ae --calibration-part test --score elbo", &["--score"])]);
}

#[test]
fn windows_of_a_recording_are_flagged_and_so_are_their_time_steps() {
    let sandbox = Sandbox::new();
    let recording = |spike: usize| {
        let mut text = "time,a,b\n".to_owned();
        for step in 0..1000 {
            let angle = step as f32 / 5.0;
            let a = angle.sin() + 0.05 * noise(2 * step) + if step == spike { 5.0 } else { 0.0 };
            writeln!(text, "{step},{a},{}", 100.0 + 20.0 * angle.cos() + noise(2 * step + 1)).expect("to memory");
        }
        text
    };
    sandbox.write("r.csv", recording(usize::MAX));
    sandbox.write("spike.csv", recording(402));
    let fitted = sandbox.run_ok("detect fit --data r.csv --window 8 --hop 4 --time-column time --kind pca --out det");
    assert!(fitted.stdout.contains("neighbouring windows"), "{}", fitted.stdout);
    let outcome = sandbox.run_ok("detect run det --data spike.csv --out w.csv --reasons 1");
    assert!(outcome.stdout.contains("396 to 403") || outcome.stdout.contains("400 to 407"), "{}", outcome.stdout);
    let (header, rows) = cells(&sandbox, "w.csv");
    assert_eq!(header[..4], ["time", "first_step", "last_step", "reason_1"]);
    for row in &rows {
        // The pass-through columns are those of the last step.
        assert_eq!(row[0], row[2]);
        let holds_spike = (row[1].parse::<usize>().expect("a step")..=row[2].parse().expect("a step")).contains(&402);
        assert!(!holds_spike || row[header.len() - 4] == "1", "{row:?}");
    }
    sandbox.run_ok("detect run det --data spike.csv --per-step --out s.csv");
    let (header, steps) = cells(&sandbox, "s.csv");
    assert_eq!(
        (header.as_slice(), steps.len()),
        (&["time", "score", "is_anomaly", "windows"].map(str::to_owned)[..], 1000)
    );
    let score = |step: &Vec<String>| step[1].parse::<f32>().unwrap_or(0.0);
    let highest = steps.iter().max_by(|one, other| score(one).total_cmp(&score(other))).expect("steps");
    assert_eq!((highest[0].as_str(), highest[2].as_str()), ("402", "1"));
}

#[test]
fn drift_names_the_column_that_shifted_and_can_fail() {
    let sandbox = table_sandbox();
    sandbox.write("shifted.csv", table(400, 1.5));
    let same = json(&sandbox.run_ok("drift det --data t.csv --json").stdout);
    assert_eq!((&same["rows"], &same["columns"][0]["shift"]), (&Value::from(1200), &Value::from("stable")));
    // Of 20 rows, one is an anomaly, and of few rows the PSI is large by chance.
    let text = sandbox.run_ok("drift det --data t.csv").stdout;
    assert!(text.contains("more rows are flagged") && text.contains("1 % are expected"), "{text}");
    sandbox.write("few.csv", table(5, 0.0));
    sandbox.run_ok("drift det --data few.csv --fail-above 0.25");
    let shifted = json(&sandbox.run_ok("drift det --data shifted.csv --json").stdout);
    let first = &shifted["columns"][0];
    assert_eq!((&first["name"], &first["shift"]), (&Value::from("c"), &Value::from("large")), "{shifted}");
    assert!(first["p_value"].as_f64().expect("a number") < 1e-3);
    let failed = sandbox.run("drift det --data shifted.csv --fail-above 0.25");
    assert!(failed.code == Some(1) && failed.stderr.contains("the PSI is above 0.25 of"), "{failed:?}");
    assert!(failed.stdout.contains("rule of thumb"), "{}", failed.stdout);
    sandbox.run_ok("drift det --data t.csv --fail-above 0.25");
}

#[test]
fn rows_with_values_out_of_all_bounds_are_anomalies_with_empty_cells() {
    let sandbox = table_sandbox();
    sandbox.write("big.csv", "a,b,c\n1e30,1e30,1e30\n1,2,0\n");
    let outcome = sandbox.run_ok("detect run det --data big.csv --out big.out.csv");
    assert!(outcome.stderr.contains("the score of 1 row is not finite"), "{}", outcome.stderr);
    let (_, rows) = cells(&sandbox, "big.out.csv");
    assert_eq!((rows[0][0].as_str(), rows[0][2].as_str(), rows[1][2].as_str()), ("", "1", "0"));
}

#[test]
fn constant_scores_and_ties_at_the_threshold_flag_no_more_rows_than_allowed() {
    let sandbox = Sandbox::new();
    let mut tied = "a,b\n".to_owned();
    (0..600).for_each(|row| writeln!(tied, "{},{}", row % 3, row % 2).expect("written to memory"));
    sandbox.write("tied.csv", tied);
    sandbox.run_ok("detect fit --data tied.csv --false-alarms 0.1 --out tied");
    let found = json(&sandbox.run_ok("detect run tied --data tied.csv --json").stdout);
    assert!(found["anomalies"].as_u64().expect("a number") <= 60, "{found}");
    let drift = json(&sandbox.run_ok("drift tied --data tied.csv --json").stdout);
    assert!(drift["scores"]["psi"].as_f64().expect("a number") < 0.1, "{drift}");
    assert_eq!((&drift["flagged"], &drift["level"]), (&found["anomalies"], &Value::from(0.1)));
    sandbox.write("constant.csv", "a,b\n".to_owned() + &"1,1\n".repeat(300));
    sandbox.run_ok("detect fit tied --data constant.csv --out constant");
    let outcome = sandbox.run_ok("detect run constant --data constant.csv");
    assert!(outcome.stdout.starts_with("0 of 300 rows are anomalies"), "{}", outcome.stdout);
}

#[test]
fn labels_that_are_not_0_and_1_give_no_figures_and_a_note() {
    let sandbox = table_sandbox();
    sandbox.write("named.csv", table(200, 0.0).replace(",1\n", ",bad\n").replace(",0\n", ",good\n"));
    let outcome = sandbox.run_ok("detect run det --data named.csv --label-column class");
    assert!(outcome.stderr.contains("--anomaly-class") && !outcome.stdout.contains("AUROC"), "{outcome:?}");
    let outcome = sandbox.run_ok("detect run det --data named.csv --label-column class --anomaly-class bad");
    assert!(outcome.stdout.contains("10 of 10 labelled rows found") && outcome.stdout.contains("AUROC"), "{outcome:?}");
    let outcome = sandbox.run_ok("detect fit det --data named.csv --ignore id --label-column class --out again");
    assert!(outcome.stderr.contains("not 0 and 1") && outcome.stderr.contains("good"), "{outcome:?}");
    sandbox.write("decimal.csv", table(200, 0.0).replace(",1\n", ",1.0\n").replace(",0\n", ",0.0\n"));
    let outcome = sandbox.run_ok("detect run det --data decimal.csv --label-column class");
    assert!(outcome.stdout.contains("10 of 10 labelled rows found"), "{outcome:?}");
    // A file without anomalies has no AUROC, and says so.
    sandbox.write("normal.csv", table(15, 0.0));
    let outcome = sandbox.run_ok("detect run det --data normal.csv --label-column class");
    assert!(outcome.stdout.contains("no figures without anomalies"), "{outcome:?}");
}

#[test]
fn what_a_detector_cannot_do_is_refused_before_anything_is_written() {
    let sandbox = table_sandbox();
    sandbox.write("all.csv", "a,b,c,y\n".to_owned() + &"1,2,3,1\n4,5,6,1\n".repeat(100));
    sandbox.write("nan.csv", "a,b,c\n1,2,3\nNaN,2,3\n");
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --out ae");
    sandbox.run_ok("train-export pca --data t.csv --columns a,b,c --latent 2 --out plain");
    let cases: [(&str, &[&str]); 19] = [
        ("detect fit ae --data digits", &["held out no rows", "--calibration FILE", "--valid-fraction"]),
        ("detect fit det --data t.csv --false-alarms 0.0001", &["9999 calibration rows", "--false-alarms"]),
        ("detect fit --data t.csv --ignore id --false-alarms 0.0001 --out x", &["9999 calibration rows"]),
        ("detect fit det --data t.csv --false-alarms 0", &["--false-alarms", "got 0"]),
        ("detect fit det --data t.csv --contamination 0.5", &["--contamination", "0.5"]),
        ("detect fit det --data t.csv --calibration-fraction 1", &["--calibration-fraction is 1"]),
        ("detect fit plain --data t.csv --anomaly-class 1", &["--anomaly-class needs labels"]),
        ("detect fit --data all.csv --label-column y --out x", &["have the label `1` of anomalies"]),
        ("detect fit det --data t.csv --label-column class --anomaly-class x", &["`x`", "its labels are 0, 1"]),
        ("detect run det --data t.csv --level 0", &["--level", "0"]),
        ("detect run det --data t.csv --level 1", &["--level", "1"]),
        ("detect run det --data t.csv --level nan", &["--level", "NaN"]),
        ("detect run det --data nan.csv", &["nan.csv: line 3", "`a`"]),
        ("detect run ae --data digits", &["`ae` has no detector", "narrows detect fit ae"]),
        ("drift ae --data digits", &["`ae` has no detector"]),
        ("detect run det --data t.csv --out missing/d.csv", &["missing"]),
        (
            "detect run det --data t.csv --label-column class --anomaly-class Bad --out d.csv",
            &["the label `Bad`", "its labels are 0, 1"],
        ),
        ("detect run det --data t.csv --shares s.csv", &["`s.csv`", "--shares takes .npy"]),
        ("detect run det --data t.csv --reasons 2 --out d.npy", &["--reasons", ".csv or .parquet"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    let below = sandbox.run_ok("detect run det --data t.csv --level 0.000001");
    assert!(below.stderr.contains("no row is an anomaly at the level"), "{}", below.stderr);
}

#[test]
fn too_few_rows_to_fit_are_refused_before_a_model_is_trained() {
    let sandbox = Sandbox::new();
    sandbox.write("one.csv", "a,b\n1,2\n");
    sandbox.write("two.csv", "a,b\n1,2\n3,5\n");
    sandbox.write(
        "other.csv",
        "a,b\n".to_owned() + &(0..40).map(|row| format!("{},{row}\n", row % 7)).collect::<String>(),
    );
    let cases: [(&str, &[&str]); 3] = [
        (
            "detect fit --data one.csv --out new",
            &["one.csv", "at least 1 row next to the calibration rows, got 0 rows", "add rows", "--calibration FILE"],
        ),
        ("detect fit --data one.csv --false-alarms 0.5 --out new", &["one.csv", "got 0 rows"]),
        ("detect fit --data two.csv --calibration other.csv --out new", &["two.csv", "at least 3 rows, got 2 rows"]),
    ];
    assert_refused(cases.map(|(line, mentions)| {
        let is_trained = sandbox.run(line).stderr.contains("training the");
        assert!(!is_trained, "{line} trains a model");
        check_refusal(&sandbox, line, mentions)
    }));
}
