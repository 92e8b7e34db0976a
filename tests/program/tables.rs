//! Mixed tables: training on categories, counts, dates and gaps, and what the commands say about rows of other files.

use std::fmt::Write;

use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// The types that a reader cannot tell from the values.
pub(crate) const TYPES: &str = "--types grade=ordered:low|middle|high,visits=count,sold=date";
const HEADER: &str = "note,country,amount,grade,visits,sold,flag,constant";

/// A repeatable number below `bound`.
fn number(seed: usize, bound: usize) -> usize {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 33) as usize % bound
}

/// The values of a row. All but the note, the grade and the constant depend on the country.
fn row(index: usize) -> [String; 8] {
    let country = number(index, 3);
    [
        format!("n{index}"),
        ["NL", "DE", "FR"][country].to_owned(),
        format!("{}.{:02}", 10 * country + number(index + 1000, 3), number(index + 2000, 100)),
        ["low", "middle", "high"][number(index + 3000, 3)].to_owned(),
        (2 * country + number(index + 4000, 2)).to_string(),
        format!("2024-{:02}-{:02}", 1 + 4 * country + number(index + 5000, 4), 1 + number(index + 6000, 28)),
        (country == 1).to_string(),
        "5".to_owned(),
    ]
}

/// A table in which `change` was applied to every row.
pub(crate) fn table(rows: usize, change: impl Fn(usize, &mut [String; 8])) -> String {
    let mut text = format!("{HEADER}\n");
    for index in 0..rows {
        let mut values = row(index);
        change(index, &mut values);
        writeln!(text, "{}", values.join(",")).expect("written to memory");
    }
    text
}

/// Removes one value of every seventh row.
pub(crate) fn with_gap(index: usize, values: &mut [String; 8]) {
    if index.is_multiple_of(7) {
        values[1 + index / 7 % 7].clear();
    }
}

/// A model of complete rows, `m`.
fn trained() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(300, |_, _| {}));
    sandbox.run_ok(&format!("train-export vae --data t.csv --ignore note {TYPES} --epochs 30 --out m"));
    sandbox
}

pub(crate) fn lines(sandbox: &Sandbox, name: &str) -> Vec<String> {
    sandbox.read_text(name).lines().map(str::to_owned).collect()
}

#[test]
fn reconstructions_and_samples_have_the_columns_and_types_of_the_file() {
    let sandbox = trained();
    let verified = sandbox.run_ok("verify m").stdout;
    assert!(verified.contains("takes `x`, `categories`"), "{verified}");
    sandbox.run_ok("reconstruct m --data t.csv --out r.csv");
    sandbox.run_ok("generate m --count 20 --out g.csv");
    let (reconstructed, generated) = (lines(&sandbox, "r.csv"), lines(&sandbox, "g.csv"));
    let columns = HEADER.strip_prefix("note,").expect("the first column");
    assert_eq!(reconstructed[0], format!("{columns},note"));
    assert_eq!((generated[0].as_str(), generated.len(), reconstructed.len()), (columns, 21, 301));
    for line in reconstructed.iter().skip(1).chain(generated.iter().skip(1)) {
        let values: Vec<&str> = line.split(',').collect();
        assert!(["NL", "DE", "FR"].contains(&values[0]), "{line}");
        assert!(values[1].parse::<f64>().is_ok(), "{line}");
        assert!(["low", "middle", "high"].contains(&values[2]), "{line}");
        assert!(values[3].parse::<u32>().is_ok(), "{line}");
        assert!(values[4].len() == 10 && values[4].starts_with("20"), "{line}");
        assert!(["true", "false"].contains(&values[5]) && values[6] == "5", "{line}");
    }
}

#[test]
fn rows_with_unseen_levels_and_columns_in_another_order_are_read_and_unseen_levels_are_said() {
    let sandbox = trained();
    sandbox.write("unseen.csv", table(40, |_, values| values[1] = values[1].replace("NL", "BE")));
    let outcome = sandbox.run_ok("encode m --data unseen.csv --out c.npy");
    assert!(outcome.stderr.contains("column `country`") && outcome.stderr.contains("`BE`"), "{}", outcome.stderr);
    assert!(sandbox.read_npy("c.npy").iter().all(|value| value.is_finite()));
    // A column that was constant in training.
    sandbox.write("varied.csv", table(20, |_, values| values[7] = "9".to_owned()));
    let outcome = sandbox.run_ok("encode m --data varied.csv --out c.npy");
    assert!(outcome.stderr.contains("column `constant`") && outcome.stderr.contains("`9`"), "{}", outcome.stderr);

    let reordered = |line: &str, extra: &str| {
        let mut values: Vec<&str> = line.split(',').skip(1).collect();
        values.reverse();
        format!("{extra},{}\n", values.join(","))
    };
    let text = table(40, |_, _| {});
    let others = text.lines().skip(1).map(|line| reordered(line, "1"));
    sandbox.write("reordered.csv", reordered(HEADER, "more") + &others.collect::<String>());
    sandbox.write("first.csv", text);
    for name in ["first", "reordered"] {
        sandbox.run_ok(&format!("encode m --data {name}.csv --out {name}.npy"));
    }
    assert_eq!(sandbox.read_npy("first.npy"), sandbox.read_npy("reordered.npy"));
}

#[test]
fn what_a_model_of_complete_rows_cannot_read_is_refused_with_its_place() {
    let sandbox = trained();
    sandbox.write("gaps.csv", table(40, with_gap));
    sandbox.write(
        "text.csv",
        table(5, |index, values| {
            if index == 2 {
                values[2] = "many".to_owned();
            }
        }),
    );
    sandbox.write("short.csv", "country,amount\nNL,1.5\n");
    let train = format!("train-export vae --data gaps.csv --ignore note {TYPES} --out x");
    let cases: [(&str, &[&str]); 7] = [
        (
            "encode m --data gaps.csv --out c.npy",
            &["gaps.csv: line 2", "`country`", "trained on complete rows, so pass --missing drop, or train it"],
        ),
        ("encode m --data text.csv --out c.npy", &["text.csv: line 4", "`amount`", "`many`"]),
        ("encode m --data short.csv --out c.npy", &["short.csv", "grade"]),
        ("impute m --data gaps.csv --out i.csv", &["--missing mask"]),
        (&train, &["gaps.csv: line 2", "`country`", "--missing mask"]),
        ("train-export pca --data t.csv --ignore note --out x", &["pca", "--ignore"]),
        (
            "train-export ae --data t.csv --ignore note --types grade=ordered --out x",
            &["`grade`", "--types 'grade=ordered:"],
        ),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn gaps_are_filled_in_and_known_values_stay() {
    let sandbox = Sandbox::new();
    sandbox.write("gaps.csv", table(300, with_gap));
    let line = format!("train-export vae --data gaps.csv --ignore note {TYPES} --missing mask --epochs 30 --out m");
    sandbox.run_ok(&line);
    assert!(sandbox.run_ok("verify m").stdout.contains("encoder parity"));
    sandbox.run_ok("encode m --data gaps.csv --out c.npy");
    assert!(sandbox.read_npy("c.npy").iter().all(|value| value.is_finite()));
    let outcome = sandbox.run_ok("impute m --data gaps.csv --out i.csv");
    assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains("43 missing values"), "{outcome:?}");
    let (before, after) = (lines(&sandbox, "gaps.csv"), lines(&sandbox, "i.csv"));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        for (before, after) in before.split(',').zip(after.split(',')) {
            assert!(!after.is_empty() && (before.is_empty() || before == after), "{before} became {after}");
        }
    }
}

#[test]
fn a_conditional_model_generates_the_values_of_its_conditions() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(300, |_, _| {}));
    sandbox.run_ok(&format!(
        "train-export cvae --data t.csv --ignore note {TYPES} --label-column country,flag --epochs 20 --out m"
    ));
    sandbox.run_ok("generate m --count 30 --condition country=DE --out g.csv");
    let generated = lines(&sandbox, "g.csv");
    let header: Vec<&str> = generated[0].split(',').collect();
    let at = |name: &str| header.iter().position(|other| *other == name).unwrap_or_else(|| panic!("{header:?}"));
    assert_eq!(generated.len(), 31);
    for line in &generated[1..] {
        let values: Vec<&str> = line.split(',').collect();
        assert_eq!((values[at("country")], values[at("flag")]), ("DE", "true"), "{line}");
    }
    assert_refused([check_refusal(&sandbox, "generate m --count 3 --condition country=BE --out x.csv", &["BE"])]);
}

#[test]
fn a_resumed_training_gives_the_same_bytes_and_types_can_stand_in_a_configuration_file() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(200, with_gap));
    sandbox.write(
        "fit.toml",
        "epochs = 6\nmissing = \"mask\"\nignore = [\"note\"]\n\
         types = [\"grade=ordered:low|middle|high\", \"visits=count\", \"sold=date\"]\n",
    );
    sandbox.run_ok("train-export vae --data t.csv --config fit.toml --run whole --out whole-model");
    sandbox.run_ok("train vae --data t.csv --config fit.toml --epochs 3 --run parts");
    sandbox.run_ok("train --resume parts --epochs 6");
    sandbox.run_ok("export parts --out parts-model");
    for file in ["encoder.onnx", "decoder.onnx"] {
        let bytes = |model: &str| std::fs::read(sandbox.path(&format!("{model}/{file}"))).expect("a graph");
        assert_eq!(bytes("whole-model"), bytes("parts-model"), "{file}");
    }
    let inspected: Value = serde_json::from_str(&sandbox.run_ok("inspect whole-model --json").stdout).expect("JSON");
    assert!(inspected.to_string().contains("\"ordered\""), "{inspected}");
}

#[test]
fn a_detector_of_a_mixed_table_names_levels_and_flags_unseen_ones() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(400, |_, _| {}));
    let line = format!("detect fit --data t.csv --ignore note {TYPES} --contamination 0.02 --out det --json");
    let fitted: Value = serde_json::from_str(&sandbox.run_ok(&line).stdout).expect("JSON");
    assert_eq!(fitted["detector"]["score"], Value::from("reconstruction"), "{fitted}");
    assert_eq!(fitted["detector"]["parity"]["label_flips"], Value::from(0), "{fitted}");
    assert!(sandbox.run_ok("verify det").stdout.contains("detector labels"));
    sandbox.write(
        "new.csv",
        table(400, |index, values| {
            if index == 7 {
                values[2] = "5000".to_owned();
            }
            if index == 9 {
                values[1] = "BE".to_owned();
            }
        }),
    );
    let found: Value =
        serde_json::from_str(&sandbox.run_ok("detect run det --data new.csv --json").stdout).expect("JSON");
    let highest = found["highest"].as_array().expect("rows");
    let of_row = |row: u64| highest.iter().find(|found| found["row"] == row).unwrap_or_else(|| panic!("{found}"));
    assert_eq!(of_row(7)["reasons"][0]["name"], Value::from("amount"), "{found}");
    assert_eq!(of_row(9)["reasons"][0]["value"], Value::from("(unseen level)"), "{found}");
    sandbox.run_ok("detect run det --data new.csv --reasons 1 --out d.csv");
    let rows = lines(&sandbox, "d.csv");
    assert!(rows[0].contains("reason_1,value_1,expected_1,score"), "{}", rows[0]);
    let text = sandbox.run_ok("detect run det --data new.csv").stdout;
    assert!(text.contains("country an unseen level instead of"), "{text}");
    let cases: [(&str, &[&str]); 2] = [
        (
            "detect fit det --data t.csv --score combined",
            &["--score combined", "reconstruction, density or neighbours"],
        ),
        ("detect fit --data t.csv --ignore note --score elbo --out x", &["--score elbo", "reconstruction"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}

#[test]
fn classifiers_on_a_mixed_encoder_read_text_and_packed_models_give_the_same_codes() {
    let sandbox = trained();
    sandbox.run_ok(&format!("train-export ae --data t.csv --ignore note,country {TYPES} --epochs 30 --out ae"));
    sandbox.run_ok("transfer ae --data t.csv --label-column country --out head");
    let outcome = sandbox.run_ok("classify head --data t.csv --out p.csv");
    assert!(outcome.stdout.contains("accuracy"), "{outcome:?}");
    assert!(lines(&sandbox, "p.csv")[0].contains("p_DE"));
    sandbox.run_ok("transfer ae --data t.csv --label-column country --fine-tune --epochs 2 --out tuned");
    assert!(sandbox.run_ok("verify tuned").stdout.contains("classifier parity"));
    sandbox.run_ok("fit-prior m --data t.csv --out prior");
    sandbox.run_ok("pack prior prior.narrows");
    sandbox.run_ok("verify prior.narrows");
    for model in ["m", "prior.narrows"] {
        sandbox.run_ok(&format!("encode {model} --data t.csv --out {model}.npy"));
    }
    assert_eq!(sandbox.read_npy("m.npy"), sandbox.read_npy("prior.narrows.npy"));
}
