//! Files of mixed tables that differ from the training data: other values, types and orders of columns, and flags that
//! contradict the model.

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
    tables::{TYPES, lines, table, with_gap},
};

/// A model of rows with gaps, `m`.
fn masked() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("gaps.csv", table(300, with_gap));
    sandbox
        .run_ok(&format!("train-export vae --data gaps.csv --ignore note {TYPES} --missing mask --epochs 10 --out m"));
    sandbox
}

#[test]
fn impute_writes_what_a_file_has_in_its_own_way() {
    let sandbox = masked();
    // An unseen level, more decimals than in training, and other columns.
    let text = "visits,extra,country,amount,grade,sold,flag,constant\n\
                3,x y,BE,12.345678,low,2024-02-28,true,5\n\
                ,\"a,b\",NL,17.6543219,,2024-03-01,TRUE,5.0\n";
    sandbox.write("other.csv", text);
    sandbox.run_ok("impute m --data other.csv --out i.csv");
    let (before, after) = (lines(&sandbox, "other.csv"), lines(&sandbox, "i.csv"));
    assert_eq!(before[..2], after[..2]);
    let (visits, rest) = after[2].split_once(',').expect("columns");
    assert!(visits.parse::<u32>().is_ok(), "{visits}");
    let grade = rest.strip_prefix("\"a,b\",NL,17.6543219,").and_then(|rest| rest.strip_suffix(",2024-03-01,TRUE,5.0"));
    assert!(grade.is_some_and(|grade| ["low", "middle", "high"].contains(&grade)), "{rest}");
    let outcome = sandbox.run_ok("impute m --data other.csv --multiple 2 --out two.csv");
    assert!(
        outcome.stderr.contains("visits 1, grade 1") || outcome.stderr.contains("grade 1, visits 1"),
        "{outcome:?}"
    );
    assert_eq!(lines(&sandbox, "two.csv").len(), 5);
    // A fraction does not fit in a column of whole numbers.
    sandbox.write("half.csv", text.replace(",5\n", ",5.5\n"));
    assert_refused([check_refusal(
        &sandbox,
        "impute m --data half.csv --out i.parquet",
        &["`constant`", "`5.5`", ".csv"],
    )]);
    assert!(!sandbox.path("i.parquet").exists());
}

#[test]
fn flags_that_contradict_the_table_of_a_model_are_refused() {
    let sandbox = masked();
    let cases: [(&str, &[&str]); 5] = [
        ("encode m --data gaps.csv --ignore amount --out c.npy", &["--ignore excludes `amount`"]),
        ("encode m --data gaps.csv --columns amount --out c.npy", &["--columns leaves out `country`"]),
        ("encode m --data gaps.csv --types country=number --out c.npy", &["`country`", "number", "category"]),
        ("encode m --data gaps.csv --types colour=count --out c.npy", &["`colour`", "not a column"]),
        ("encode m --data gaps.csv --max-levels 5 --out c.npy", &["--max-levels", "leave it out"]),
    ];
    for (line, mentions) in cases {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.code, Some(2), "{line}: {outcome:?}");
        mentions.iter().for_each(|text| assert!(outcome.stderr.contains(text), "{line}: {}", outcome.stderr));
    }
    sandbox.run_ok("encode m --data gaps.csv --ignore note --types visits=count --out c.npy");
}

#[test]
fn the_columns_of_a_class_may_be_named_in_any_order() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(300, |_, _| {}));
    sandbox.run_ok(&format!(
        "train-export cvae --data t.csv --ignore note {TYPES} --label-column flag,country --epochs 5 --out m"
    ));
    sandbox.run_ok("generate m --count 20 --condition country=DE --out g.csv");
    let generated = lines(&sandbox, "g.csv");
    assert!(generated[0].starts_with("country,amount,grade,visits,sold,flag"), "{}", generated[0]);
    for line in &generated[1..] {
        let values: Vec<&str> = line.split(',').collect();
        assert_eq!((values[0], values[5]), ("DE", "true"), "{line}");
    }
    sandbox.write("semicolon.csv", table(60, |_, values| values[1] = values[1].replace("NL", "N;L")));
    let cases: [(&str, &[&str]); 3] = [
        (
            "train-export cvae --data semicolon.csv --ignore note --label-column flag,country --out x",
            &["`country`", "N;L"],
        ),
        (
            "generate m --count 3 --condition country=NL --condition flag=true --out x.csv",
            &["flag=false and country=NL"],
        ),
        ("generate m --count 3 --condition colour=red --out x.csv", &["`colour`", "flag, country"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    let twice = sandbox.run("generate m --count 3 --condition country=NL --condition country=DE --out x.csv");
    assert!(twice.code == Some(2) && twice.stderr.contains("`country` twice"), "{twice:?}");
}

#[test]
fn rare_levels_are_unseen_and_a_text_that_is_no_date_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("many.csv", table(400, |index, values| values[1] = format!("m{}", index * index % 97)));
    let line = format!("train-export ae --data many.csv --ignore note {TYPES} --max-levels 10 --epochs 2 --out m");
    let outcome = sandbox.run_ok(&line);
    assert!(outcome.stderr.contains("column `country` keeps its 10 most frequent levels"), "{}", outcome.stderr);
    sandbox.run_ok("score m --data many.csv --by reconstruction --out s.csv");
    sandbox.write(
        "dates.csv",
        table(200, |index, values| {
            if index == 20 {
                values[5] = "2024-02-30".to_owned();
            }
        }),
    );
    let line = "train-export ae --data dates.csv --ignore note --types grade=category,visits=count --out x";
    assert_refused([check_refusal(&sandbox, line, &["row 20", "`sold`", "`2024-02-30` is not a date"])]);
    // With the type of every column, nothing is left to say.
    let line = "--strict train-export ae --data t.csv --epochs 1 --types a=category,b=number --out y";
    let rows: String = (0..60).map(|row| format!("{},{}.5\n", ["x", "y"][row % 2], row)).collect();
    sandbox.write("t.csv", format!("a,b\n{rows}"));
    sandbox.run_ok(line);
}

#[test]
fn drift_of_a_mixed_table_names_shifted_levels_and_columns_without_values() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(400, with_gap));
    sandbox.run_ok(&format!(
        "detect fit --data t.csv --ignore note {TYPES} --missing mask --contamination 0.02 --out det"
    ));
    let same = sandbox.run_ok("drift det --data t.csv --fail-above 0.25").stdout;
    assert!(same.contains("country") && same.contains("0 of "), "{same}");
    sandbox.write("moved.csv", table(400, |_, values| values[1] = "NL".to_owned()));
    sandbox.write("empty.csv", table(400, |_, values| values[2].clear()));
    let cases: [(&str, &[&str]); 2] = [
        ("drift det --data moved.csv --fail-above 0.25", &["country"]),
        ("drift det --data empty.csv --fail-above 0.25", &["no row has a value of amount"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
}
