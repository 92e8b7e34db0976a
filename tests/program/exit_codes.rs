//! The rule of exit codes: 2 for a command line that is wrong whatever the data and the model are, and 1 for every
//! other error.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// Returns a sandbox with a model and a configuration file with a wrong value.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --out ae");
    sandbox.write("wrong.toml", "kind = \"ae\"\nepochs = 0\n");
    sandbox
}

const WRONG_WHATEVER_THE_DATA: [&str; 22] = [
    "dream",
    "train",
    "train-export gan",
    "encode ae --data digits",
    "encode ae --data digits --out z.csv --part most",
    "encode ae --data digits --out z.csv --colour red",
    "encode ae --data digits --out z.txt",
    "encode ae --data digits --out z.csv --missing keep",
    "train ae --epochs -3",
    "train ae --epochs 0",
    "train ae --learning-rate nan",
    "train ae --beta 2",
    "train pca --epochs 3",
    "train ae --valid digits --test digits",
    "train ae --columns a --ignore b",
    "generate ae --count 0 --out x.png",
    "generate ae --count 0 --out x.csv",
    "train-export ae --epochs 1 --out x --run x",
    "manifold ae --dimensions 1,1 --out x.png",
    "compare ae --data digits --beta 1,2",
    "detect fit ae --data digits --false-alarms 0.9",
    "report ae --data digits --out page.pdf",
];

const WRONG_FOR_THIS_DATA_OR_MODEL: [&str; 9] = [
    "encode nothing --data digits --out z.csv",
    "encode ae --data nothing.csv --out z.csv",
    "encode ae --data digits --out no/z.csv",
    "generate ae --out x.png",
    "encode ae --data digits --label-column kind --out z.csv",
    "train pca --latent 65",
    "train ae --patience 3 --valid-fraction 0",
    "train --config wrong.toml",
    "train ae --likelihood gaussian --learning-rate 1e10",
];

#[test]
fn a_command_line_that_is_wrong_by_itself_ends_with_2_and_every_other_error_with_1() {
    let sandbox = sandbox();
    let before = sandbox.content();
    for line in WRONG_WHATEVER_THE_DATA.into_iter().chain(WRONG_FOR_THIS_DATA_OR_MODEL) {
        let expected = if WRONG_WHATEVER_THE_DATA.contains(&line) { 2 } else { 1 };
        let outcome = sandbox.run(line);
        assert_eq!(outcome.code, Some(expected), "{line}: {}", outcome.stderr);
        assert!(outcome.stdout.is_empty(), "{line}: {}", outcome.stdout);
    }
    let after = sandbox.content();
    let new: Vec<_> = after.keys().filter(|path| !before.contains_key(*path) && !path.starts_with("runs")).collect();
    assert!(new.is_empty(), "{new:?}");
}

#[test]
fn every_error_is_an_object_with_log_format_json() {
    let sandbox = sandbox();
    for line in WRONG_WHATEVER_THE_DATA.into_iter().chain(WRONG_FOR_THIS_DATA_OR_MODEL) {
        for flag in ["--log-format json", "--log-format=json"] {
            let outcome = sandbox.run(&format!("{line} {flag}"));
            let last = outcome.stderr.lines().last().unwrap_or_default();
            let error: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{line}: {error}: {last}"));
            assert_eq!(error["event"], "error", "{line}: {last}");
            let message = error["message"].as_str().expect("a message");
            assert!(!message.starts_with("error") && !message.contains("--help"), "{line}: {message}");
        }
    }
}
