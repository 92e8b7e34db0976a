//! Figures, pages and drift of a model of a mixed table with missing values.

use serde_json::Value;

use crate::sandbox::Sandbox;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/penguins.csv");

fn train(sandbox: &Sandbox, kind: &str, more: &str) {
    sandbox.run_ok(&format!(
        "train-export {kind} --data {DATA} --missing mask --latent 3 --hidden 32 --epochs 60 --out {kind} {more}"
    ));
}

fn json(sandbox: &Sandbox, line: &str) -> Value {
    serde_json::from_str(&sandbox.run_ok(&format!("{line} --json")).stdout).expect("one object")
}

#[test]
fn evaluate_has_the_figures_of_every_column_and_of_generated_ones() {
    let sandbox = Sandbox::new();
    train(&sandbox, "vae", "--ignore species");
    let report = json(&sandbox, &format!("evaluate vae --data {DATA} --features pixels"));
    let columns = report["columns"].as_array().expect("columns");
    let generated = report["generated_columns"].as_array().expect("columns");
    assert_eq!(columns.len(), generated.len());
    for (column, generated) in columns.iter().zip(generated) {
        assert_eq!(column["column"], generated["column"]);
        let is_category = column["accuracy"].is_number();
        assert_eq!(column["cross_entropy"].is_number(), is_category, "{column}");
        assert_eq!(column["mse"].is_number(), !is_category, "{column}");
        assert_eq!(generated["total_variation"].is_number(), is_category, "{generated}");
        assert_eq!(generated["wasserstein"].is_number(), !is_category, "{generated}");
    }
    for key in ["category_accuracy", "total_variation", "kolmogorov_smirnov", "association_difference", "precision"] {
        assert!(report[key].as_f64().is_some_and(|figure| (0.0..=1.0).contains(&figure)), "{key} in {report:#}");
    }
    assert!(report["feature_space"].as_str().is_some_and(|space| space.contains("one-hot")), "{report:#}");
    let text = sandbox.run_ok(&format!("evaluate vae --data {DATA}")).stdout;
    assert!(text.contains("accuracy of categories") && text.contains("cross-entropy"), "{text}");
}

#[test]
fn a_classifier_trained_on_generated_rows_is_judged_beside_one_of_real_rows() {
    let sandbox = Sandbox::new();
    train(&sandbox, "cvae", "--label-column species");
    let report = json(&sandbox, &format!("evaluate cvae --data {DATA} --label-column species"));
    for key in ["classifier_accuracy", "train_on_synthetic_accuracy"] {
        // The largest class has 44 % of the rows.
        assert!(report[key].as_f64().is_some_and(|accuracy| accuracy > 0.6), "{key} in {report:#}");
    }
}

#[test]
fn the_report_names_levels_and_missing_values() {
    let sandbox = Sandbox::new();
    train(&sandbox, "vae", "--ignore species");
    sandbox.run_ok(&format!("report vae --data {DATA} --out page.html"));
    let page = std::fs::read_to_string(sandbox.path("page.html")).expect("a page");
    for text in ["Biscoe", "missing", "total variation", "accuracy of categories", "Cramér"] {
        assert!(page.contains(text), "no {text}");
    }
    assert!(!page.contains("NaN"), "a missing value is shown as NaN");
}
