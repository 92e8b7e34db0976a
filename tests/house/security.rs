//! SECURITY.md names a test for each promise, and every test that it names exists.

use std::{collections::BTreeSet, fs, path::Path};

use crate::files::of_crates;

#[test]
fn every_test_that_security_md_names_exists_and_every_promise_names_one() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let text = fs::read_to_string(workspace.join("SECURITY.md")).expect("a file of the project");
    let sources = of_crates(workspace).into_iter().map(|path| fs::read_to_string(path).expect("a readable source"));
    let tests: BTreeSet<String> = sources.flat_map(|source| tests_in(&source)).collect();
    let promises = promises(&text);
    assert!(promises.len() > 15, "{promises:?}");
    let without: Vec<&str> =
        promises.iter().filter(|(_, names)| names.is_empty()).map(|(promise, _)| *promise).collect();
    assert_eq!(without, [""; 0], "promises without a test");
    let missing: Vec<&str> =
        promises.iter().flat_map(|(_, names)| names).filter(|name| !tests.contains(**name)).copied().collect();
    assert_eq!(missing, [""; 0], "tests that do not exist");
}

/// Returns the rows of all tables with a column of tests: the promise, and the tests in the last column.
fn promises(text: &str) -> Vec<(&str, Vec<&str>)> {
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    let of_tests =
        cells.skip_while(|cells| cells.last() != Some(&"tests")).filter(|cells| cells.last() != Some(&"tests"));
    of_tests.map(|cells| (cells[0], cells[cells.len() - 1].split('`').skip(1).step_by(2).collect())).collect()
}

/// Returns the names of the functions in a source that are marked as tests.
fn tests_in(source: &str) -> Vec<String> {
    let mut is_test = false;
    let mut names = Vec::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(rest) = line.split_once("fn ").map(|(_, rest)| rest).filter(|_| is_test) {
            names.push(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
            is_test = false;
        }
    }
    names
}

#[test]
fn promises_and_tests_are_parsed() {
    let text = "| a | tests |\n| --- | --- |\n| no panic | `first_test`, `second_test` |\n| no file |  |\n";
    assert_eq!(promises(text), [("no panic", vec!["first_test", "second_test"]), ("no file", vec![])]);
    let source = "#[test]\n#[cfg(unix)]\nfn first_test() {\n}\nfn helper() {}\n#[tokio::test(flavor = \"x\")]\nasync fn second_test() {}";
    assert_eq!(tests_in(source), ["first_test", "second_test"]);
}
