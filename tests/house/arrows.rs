//! The arrows between crates, as `cargo tree` sees them.

use std::{collections::BTreeSet, process::Command};

/// A crate's name and version.
pub(crate) type Crate = (String, String);

/// What a package must be built from, and what it must not: names, or beginnings of names before `*`.
struct Claim {
    package: &'static str,
    flags: &'static [&'static str],
    needs: &'static [&'static str],
    refuses: &'static [&'static str],
}

const CLAIMS: [Claim; 8] = [
    Claim { package: "narrows-crew", flags: &[], needs: &[], refuses: &["*"] },
    Claim {
        package: "narrows-bundle",
        flags: &[],
        needs: &["prost"],
        refuses: &["candle*", "ort", "ort-sys", "prost-build", "protoc*", "narrows-*"],
    },
    Claim {
        package: "narrows-data",
        flags: &[],
        needs: &["ndarray"],
        refuses: &["candle*", "ort", "ort-sys", "prost-build", "protoc*", "narrows-*"],
    },
    Claim {
        package: "narrows-trainer",
        flags: &[],
        needs: &["narrows-bundle", "narrows-data", "candle-core"],
        refuses: &[
            "ort",
            "ort-sys",
            "narrows-runtime",
            "narrows-evaluate",
            "narrows-cli",
            "candle-onnx",
            "prost-build",
            "protoc*",
        ],
    },
    Claim {
        package: "narrows-runtime",
        flags: &[],
        needs: &["narrows-bundle", "ort"],
        refuses: &["candle*", "prost-build", "protoc*", "narrows-data", "narrows-trainer", "narrows-evaluate"],
    },
    Claim {
        package: "narrows-evaluate",
        flags: &[],
        needs: &["narrows-runtime"],
        refuses: &["candle*", "narrows-trainer", "narrows-cli"],
    },
    Claim {
        package: "narrows-cli",
        flags: &[],
        needs: &["narrows-trainer", "narrows-runtime", "narrows-evaluate", "narrows-data"],
        refuses: &["candle-onnx", "prost-build", "protoc*"],
    },
    Claim {
        package: "narrows-cli",
        flags: &["--no-default-features"],
        needs: &["narrows-runtime", "narrows-evaluate", "narrows-data"],
        refuses: &["candle*", "narrows-trainer"],
    },
];

/// A host that embeds the runtime builds all of them: a budget for its compile time and its audit.
const MOST_CRATES_OF_RUNTIME: usize = 70;

#[test]
fn every_crate_leans_only_on_those_that_the_design_allows() {
    let broken: Vec<String> =
        CLAIMS.iter().flat_map(|claim| violations(claim, &crates_of(claim.package, claim.flags))).collect();
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_runtime_is_built_from_few_crates() {
    let crates = crates_of("narrows-runtime", &[]);
    assert!(crates.len() <= MOST_CRATES_OF_RUNTIME, "{} crates: {crates:?}", crates.len());
}

/// What a package is built from, itself left out. Build scripts count: that is where a protobuf compiler
/// would hide.
fn crates_of(package: &str, flags: &[&str]) -> BTreeSet<Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "no-dev", "--prefix", "none", "--package", package])
        .args(flags)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo, which runs this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let mut crates = parse(&String::from_utf8_lossy(&output.stdout));
    crates.retain(|(name, _)| name != package);
    crates
}

/// The crates of a tree without prefixes. The marks behind a version say where a crate lies (`(/path)`),
/// that it is a `(proc-macro)`, or that it was listed before (`(*)`).
pub(crate) fn parse(tree: &str) -> BTreeSet<Crate> {
    let words = tree.lines().map(|line| line.split_whitespace());
    words.filter_map(|mut words| Some((words.next()?.to_owned(), words.next()?.to_owned()))).collect()
}

fn violations(claim: &Claim, crates: &BTreeSet<Crate>) -> Vec<String> {
    let is_there = |pattern: &str| crates.iter().find(|(name, _)| matches(pattern, name));
    let missing = claim.needs.iter().filter(|pattern| is_there(pattern).is_none());
    let refused = claim.refuses.iter().filter_map(|pattern| is_there(pattern));
    let subject = [&[claim.package], claim.flags].concat().join(" ");
    missing
        .map(|pattern| format!("{subject} is built without {pattern}"))
        .chain(refused.map(|(name, version)| format!("{subject} is built from {name} {version}")))
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[test]
fn a_tree_is_read_without_its_marks_and_each_crate_once() {
    let tree = "narrows-made-up v0.1.0 (/somewhere)\n\
                prost v0.14.6\n\
                prost-derive v0.14.6 (proc-macro)\n\
                syn v1.0.0\n\
                prost-derive v0.14.6 (proc-macro) (*)\n\
                syn v2.0.0\n\
                prost v0.14.6 (*)\n\
                \n";
    let expected = [
        ("narrows-made-up", "v0.1.0"),
        ("prost", "v0.14.6"),
        ("prost-derive", "v0.14.6"),
        ("syn", "v1.0.0"),
        ("syn", "v2.0.0"),
    ];
    assert_eq!(parse(tree), expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
}

#[test]
fn a_forbidden_crate_and_a_missing_one_are_both_named() {
    let crates = parse("candle-core v0.11.1\northo v1.0.0\n");
    let claim = |needs, refuses| Claim { package: "made-up", flags: &["--lean"], needs, refuses };
    let cases: [(Claim, &[&str]); 4] = [
        (claim(&[], &["candle*"]), &["made-up --lean is built from candle-core v0.11.1"]),
        (claim(&["serde"], &[]), &["made-up --lean is built without serde"]),
        (claim(&[], &["candle", "ort"]), &[]),
        (claim(&["candle-core"], &["narrows-*"]), &[]),
    ];
    for (claim, expected) in cases {
        assert_eq!(violations(&claim, &crates), expected);
    }
}
