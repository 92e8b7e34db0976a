//! Dependencies between crates, as `cargo tree` lists them.

use std::{collections::BTreeSet, process::Command};

/// A crate's name and version.
pub(crate) type Crate = (String, String);

/// Crates that a package must depend on, and crates that it must not depend on, directly or indirectly. A name may end
/// in `*`, which matches any ending.
struct Claim {
    package: &'static str,
    flags: &'static [&'static str],
    needs: &'static [&'static str],
    refuses: &'static [&'static str],
}

const CLAIMS: [Claim; 10] = [
    Claim { package: "narrows-crew", flags: &[], needs: &[], refuses: &["*"] },
    Claim {
        package: "narrows-table",
        flags: &["--all-features"],
        needs: &["arrow-array"],
        refuses: &["candle*", "ort", "ort-sys", "prost*", "narrows-*"],
    },
    Claim {
        package: "narrows-bundle",
        flags: &[],
        needs: &["prost", "narrows-table"],
        refuses: &["candle*", "ort", "ort-sys", "prost-build", "protoc*", "narrows-data", "narrows-trainer"],
    },
    Claim {
        package: "narrows-data",
        flags: &[],
        needs: &["ndarray", "narrows-table"],
        refuses: &["candle*", "ort", "ort-sys", "prost-build", "protoc*", "narrows-bundle", "narrows-trainer"],
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
        package: "narrows-pages",
        flags: &[],
        needs: &["narrows-evaluate", "narrows-runtime"],
        refuses: &["candle*", "narrows-trainer", "narrows-data", "narrows-cli"],
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

/// The largest number of crates that the runtime may depend on. Every program that embeds it compiles and audits them
/// all.
const MAX_RUNTIME_CRATES: usize = 60;

#[test]
fn every_crate_depends_only_on_crates_that_the_design_allows() {
    let violations: Vec<String> =
        CLAIMS.iter().flat_map(|claim| violations(claim, &crates_of(claim.package, claim.flags))).collect();
    assert_eq!(violations, [""; 0]);
}

#[test]
fn the_runtime_depends_on_at_most_60_crates() {
    let crates = crates_of("narrows-runtime", &[]);
    assert!(
        crates.len() <= MAX_RUNTIME_CRATES,
        "{} crates, at most {MAX_RUNTIME_CRATES} allowed: {crates:?}",
        crates.len()
    );
}

/// Returns the direct and indirect dependencies of a package. Build dependencies are included, because a protobuf
/// compiler would be one.
pub(crate) fn crates_of(package: &str, flags: &[&str]) -> BTreeSet<Crate> {
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

/// Parses the output of `cargo tree --prefix none`. Ignores the marks after a version: the path of a crate
/// (`(/path)`), `(proc-macro)`, and `(*)` for a crate that was listed before.
pub(crate) fn parse(tree: &str) -> BTreeSet<Crate> {
    let words = tree.lines().map(|line| line.split_whitespace());
    words.filter_map(|mut words| Some((words.next()?.to_owned(), words.next()?.to_owned()))).collect()
}

fn violations(claim: &Claim, crates: &BTreeSet<Crate>) -> Vec<String> {
    let find = |pattern: &str| crates.iter().find(|(name, _)| matches(pattern, name));
    let missing = claim.needs.iter().filter(|pattern| find(pattern).is_none());
    let refused = claim.refuses.iter().filter_map(|pattern| find(pattern));
    let subject = [&[claim.package], claim.flags].concat().join(" ");
    missing
        .map(|pattern| format!("{subject} does not depend on {pattern}"))
        .chain(refused.map(|(name, version)| format!("{subject} depends on {name} {version}")))
        .collect()
}

/// Whether a name is the pattern, which may end in `*`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[test]
fn the_output_of_cargo_tree_is_parsed_without_marks_and_duplicates() {
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
fn forbidden_and_missing_dependencies_are_reported_by_name() {
    let crates = parse("candle-core v0.11.1\northo v1.0.0\n");
    let claim = |needs, refuses| Claim { package: "made-up", flags: &["--lean"], needs, refuses };
    let cases: [(Claim, &[&str]); 4] = [
        (claim(&[], &["candle*"]), &["made-up --lean depends on candle-core v0.11.1"]),
        (claim(&["serde"], &[]), &["made-up --lean does not depend on serde"]),
        (claim(&[], &["candle", "ort"]), &[]),
        (claim(&["candle-core"], &["narrows-*"]), &[]),
    ];
    for (claim, expected) in cases {
        assert_eq!(violations(&claim, &crates), expected);
    }
}
