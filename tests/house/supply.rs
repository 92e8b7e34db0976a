//! What the program and the runtime are built from: packages of crates.io with a hash, no build scripts of ours, and no
//! crates that open connections.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

use crate::dependencies::{Crate, crates_of, matches};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The folders with a lock file of their own.
const WORKSPACES: [&str; 5] = ["", "engines", "fuzz", "benches/peers", "tests/downstream"];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that open or accept connections. A name may end in `*`, which matches any ending.
const SERVER: [&str; 8] = ["axum*", "hyper*", "http*", "mio", "socket2", "tokio*", "tower*", "async-io"];
/// Crates that open connections: clients of HTTP, TLS, and the resolution of host names.
const CLIENT: [&str; 18] = [
    "attohttpc",
    "aws-lc*",
    "curl*",
    "h2",
    "hickory*",
    "hyper-rustls",
    "hyper-tls",
    "isahc",
    "minreq",
    "native-tls",
    "openssl*",
    "quinn*",
    "reqwest",
    "ring",
    "rustls*",
    "tonic*",
    "tungstenite",
    "ureq*",
];

#[test]
fn every_package_is_from_crates_io_and_has_a_hash() {
    for workspace in WORKSPACES {
        let lock = fs::read_to_string(format!("{ROOT}/{workspace}/Cargo.lock")).expect("a lock file");
        let packages = lock.split("[[package]]\n").skip(1).count();
        assert!(packages > 20, "{workspace}: {packages} packages");
        assert_eq!(foreign_packages(&lock), [""; 0], "in {workspace}/Cargo.lock");
    }
}

/// Returns what is wrong with each package of a lock file that is neither ours nor from crates.io with a hash.
fn foreign_packages(lock: &str) -> Vec<String> {
    let blocks = lock.split("[[package]]\n").skip(1);
    blocks
        .filter_map(|block| {
            let value = |key: &str| {
                let value = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
                value.map(|value| value.trim_matches('"'))
            };
            let name = value("name").unwrap_or("a package without a name");
            match value("source") {
                Some(CRATES_IO) if value("checksum").is_some() => None,
                Some(CRATES_IO) => Some(format!("{name} has no hash")),
                Some(source) => Some(format!("{name} is from {source}")),
                None if name.starts_with("narrows-") || name == "downstream" => None,
                None => Some(format!("{name} is from a folder")),
            }
        })
        .collect()
}

#[test]
fn no_crate_of_ours_has_a_build_script() {
    for workspace in WORKSPACES {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .current_dir(format!("{ROOT}/{workspace}"))
            .output()
            .expect("cargo, which runs this test");
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let packages = metadata["packages"].as_array().expect("a list");
        assert!(!packages.is_empty(), "{workspace}");
        for package in packages {
            let targets = package["targets"].as_array().expect("a list");
            assert!(!targets.is_empty(), "{}", package["name"]);
            let scripts = targets.iter().filter(|target| target["kind"][0] == "custom-build").count();
            assert_eq!(scripts, 0, "{} has a build script", package["name"]);
        }
    }
}

#[test]
fn only_the_explorer_accepts_connections() {
    let cases: [(&str, &[&str]); 9] = [
        ("narrows-table", &["--all-features"]),
        ("narrows-crew", &[]),
        ("narrows-bundle", &[]),
        ("narrows-data", &["--all-features"]),
        ("narrows-trainer", &["--all-features"]),
        ("narrows-runtime", &[]),
        ("narrows-runtime", &["--features", "arrow"]),
        ("narrows-evaluate", &[]),
        // The program without the explorer and without tokio, which only the explorer uses.
        ("narrows-cli", &["--prune", "narrows-pages", "--prune", "tokio"]),
    ];
    for (package, flags) in cases {
        let crates = crates_of(package, flags);
        assert_eq!(found(&crates, &[&SERVER[..], &CLIENT[..]].concat()), [""; 0], "{package} {flags:?}");
    }
    // The names in the list are those of the crates.
    let explorer = found(&crates_of("narrows-pages", &[]), &SERVER);
    assert!(["axum", "hyper", "mio", "socket2", "tokio"].iter().all(|name| explorer.iter().any(|each| each == name)));
}

#[test]
fn the_program_contains_no_client_of_the_network() {
    let crates = crates_of("narrows-cli", &[]);
    assert_eq!(found(&crates, &CLIENT), [""; 0]);
    let features = features_of("narrows-cli");
    for name in ["hyper", "hyper-util"] {
        let (_, enabled) = features.iter().find(|(each, _)| each == name).expect("a dependency of the explorer");
        assert!(enabled.iter().any(|feature| feature == "server"), "{name}: {enabled:?}");
        assert!(!enabled.iter().any(|feature| feature.starts_with("client")), "{name}: {enabled:?}");
    }
}

/// Returns the names of the crates that match one of the patterns.
fn found(crates: &BTreeSet<Crate>, patterns: &[&str]) -> Vec<String> {
    let names = crates.iter().map(|(name, _)| name);
    names.filter(|name| patterns.iter().any(|pattern| matches(pattern, name))).cloned().collect()
}

/// Returns the names of a package's dependencies with their features.
fn features_of(package: &str) -> Vec<(String, Vec<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p} |{f}"])
        .args(["--package", package])
        .current_dir(ROOT)
        .output()
        .expect("cargo, which runs this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    let list = |features: &str| features.split(',').map(str::to_owned).collect();
    lines.filter_map(|(name, features)| Some((name.split(' ').next()?.to_owned(), list(features)))).collect()
}

#[test]
fn packages_of_other_sources_and_without_a_hash_are_reported() {
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"narrows-data\"\nversion = \"0.1.0\"\n\n\
         [[package]]\nname = \"good\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\nchecksum = \"00\"\n\n\
         [[package]]\nname = \"bare\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\n\n\
         [[package]]\nname = \"fork\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/fork#0\"\n\n\
         [[package]]\nname = \"copy\"\nversion = \"1.0.0\"\ndependencies = [\n \"good\",\n]\n"
    );
    let expected = ["bare has no hash", "fork is from git+https://example.org/fork#0", "copy is from a folder"];
    assert_eq!(foreign_packages(&lock), expected);
}
