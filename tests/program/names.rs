//! Names from files, such as those of classes and columns, in arguments and on the terminal.

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// Returns a table of `rows` rows with the columns `a`, `b` and `kind`.
fn table(rows: u32, kind: impl Fn(u32) -> String) -> String {
    let row = |row: u32| format!("{},{},{}\n", row % 7, row * row % 11, kind(row));
    "a,b,kind\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

const TRAIN: &str = "--data t.csv --label-column kind --epochs 2 --latent 2 --out model";

#[test]
fn a_class_may_be_a_negative_number() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(40, |row| if row % 2 == 0 { "-1".to_owned() } else { "1".to_owned() }));
    sandbox.run_ok(&format!("train-export cvae {TRAIN}"));
    sandbox.run_ok("generate model --label -1 --count 3 --out g.csv");
    let text = sandbox.read_text("g.csv");
    assert_eq!(text.lines().next(), Some("class,a,b"), "the columns of the table have their own names");
    assert_eq!(text.lines().filter(|line| line.starts_with("-1,")).count(), 3, "{text}");
    sandbox.run_ok("encode model --data t.csv --out z.npy");
    for line in [
        "decode model --codes z.npy --label -1 --out x.csv",
        "reconstruct model --data t.csv --to -1 --out x.csv",
        "traverse model --label -1 --out x.csv",
        "manifold model --label -1 --out x.csv",
    ] {
        sandbox.run_ok(line);
    }
}

#[test]
fn control_characters_of_names_do_not_reach_the_terminal() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(40, |row| if row % 2 == 0 { "\u{1b}[2Jcat".to_owned() } else { "dog".to_owned() }));
    sandbox.run_ok(&format!("train-export cvae {TRAIN}"));
    for line in [
        "data t.csv --label-column kind",
        "data t.csv --label-column kind --json",
        "inspect model",
        "inspect model --json",
        "generate model --label cow --out g.csv",
    ] {
        let outcome = sandbox.run(line);
        let printed = outcome.stdout + &outcome.stderr;
        assert!(!printed.contains('\u{1b}'), "{line}: {printed:?}");
        assert!(printed.contains("[2Jcat"), "{line}: {printed:?}");
    }
}

#[test]
fn a_cvae_of_measured_labels_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(40, |row| format!("{:.2}", f64::from(row) * 0.37)));
    let mentions = ["label-column", "40 different numbers", "narrows transfer --task regression"];
    assert_refused([check_refusal(&sandbox, &format!("train-export cvae {TRAIN}"), &mentions)]);
    sandbox.run_ok(&format!("train-export vae {TRAIN}"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_as_long_as_the_file_system_allows_is_a_file_and_a_bundle() {
    let sandbox = Sandbox::new();
    let long = "n".repeat(251);
    sandbox.run_ok(&format!("train-export ae --epochs 1 --hidden 8 --run r --out {long}.out"));
    for _ in 0..2 {
        sandbox.run_ok(&format!("encode {long}.out --data digits --part test --out {long}.csv"));
        sandbox.run_ok(&format!("export r --out {long}.out"));
    }
    assert_eq!(sandbox.read_text(&format!("{long}.csv")).lines().count(), 361);
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}
