//! The program and the tests use the same builds of their dependencies. A crate whose features differ between them
//! would be built twice, together with every crate that depends on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// The features of each crate, by name and version.
type Features = BTreeMap<String, BTreeSet<String>>;

#[test]
fn tests_enable_no_features_that_the_program_does_not_enable() {
    let program = features(&["-p", "narrows-cli", "--edges", "normal,build"]);
    let tests = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(program.keys().any(|name| name.starts_with("candle-core ")), "{:?}", program.keys());
    let differences: Vec<_> = program
        .iter()
        .filter(|(name, _)| !name.starts_with("narrows"))
        .filter_map(|(name, program)| {
            let additional: BTreeSet<_> = tests.get(name)?.difference(program).collect();
            (!additional.is_empty()).then(|| format!("{name}: {additional:?}"))
        })
        .collect();
    let remedy = "only the tests enable these features; enable them in cli/Cargo.toml too, or not in the tests";
    assert!(differences.is_empty(), "{remedy}:\n{}", differences.join("\n"));
}

/// Returns the features that `cargo tree` lists with these arguments. A crate that is built for both the host and the
/// target counts once, with the features of both.
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
