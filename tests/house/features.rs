//! The program and the tests are built from the same dependencies: one whose features differ would be built twice, and all
//! that depends on it with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// The features of each crate that a command builds, by name and version.
type Features = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_tests_ask_for_no_feature_that_the_program_s_dependencies_lack() {
    let program = features(&["-p", "narrows-cli", "--edges", "normal,build"]);
    let tests = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(program.keys().any(|name| name.starts_with("candle-core ")), "{:?}", program.keys());
    let differ: Vec<_> = program
        .iter()
        .filter(|(name, _)| !name.starts_with("narrows"))
        .filter_map(|(name, program)| {
            let more: BTreeSet<_> = tests.get(name)?.difference(program).collect();
            (!more.is_empty()).then(|| format!("{name}: {more:?}"))
        })
        .collect();
    let remedy = "ask for these features in cli/Cargo.toml, or avoid them in the tests";
    assert!(differ.is_empty(), "{remedy}:\n{}", differ.join("\n"));
}

/// One set of features for each line of `cargo tree`; the same crate for the host and for the target counts as one.
fn features(arguments: &[&str]) -> Features {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}|{f}"])
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo, which runs this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let mut features = Features::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((name, listed)) = line.trim_end_matches(" (*)").split_once('|') else { continue };
        let name = name.split(" (").next().unwrap_or(name).to_owned();
        let listed = listed.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
        features.entry(name).or_default().extend(listed);
    }
    features
}
