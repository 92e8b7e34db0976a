//! The committed bundles: they run in a fresh clone, and their outputs have not changed.

use std::{fs, path::PathBuf};

use narrows_bundle::{Bundle, Kind};
use narrows_runtime::{Options, verify};

/// The largest size of a committed bundle, in bytes.
const MAX_BYTES: u64 = 300_000;

/// Returns the names of all bundles and their kinds.
fn zoo() -> impl Iterator<Item = (&'static str, Kind)> {
    let others = [("conv-vae", Kind::Vae), ("conv-cvae", Kind::Cvae), ("penguins", Kind::Vae)];
    Kind::ALL.map(|kind| (kind.name(), kind)).into_iter().chain(others)
}

fn committed(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "models", "zoo", name].iter().collect()
}

#[test]
fn every_bundle_in_the_zoo_reproduces_its_stored_outputs() {
    for (name, _) in zoo() {
        let checks = verify(committed(name), &Options::default());
        let failed: Vec<String> =
            checks.iter().filter(|check| !check.ok).map(|check| format!("{}: {}", check.name, check.detail)).collect();
        assert_eq!(failed, [""; 0], "{name} (`just zoo` rebuilds it)");
        let parity_checks = checks.iter().filter(|check| check.name.ends_with(" parity")).count();
        assert_eq!(parity_checks, 2, "{name}: {checks:?}");
    }
}

#[test]
fn every_bundle_in_the_zoo_is_small_and_contains_exactly_the_files_that_it_lists() {
    for (name, kind) in zoo() {
        let bundle = Bundle::open(committed(name)).expect("`just zoo` builds it");
        assert_eq!(bundle.manifest().kind, kind);
        let entries = fs::read_dir(bundle.path()).expect("just opened").map(|entry| entry.expect("just opened"));
        let (mut names, sizes): (Vec<String>, Vec<u64>) = entries
            .map(|entry| {
                (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("just opened").len())
            })
            .unzip();
        names.retain(|name| name != ".gitattributes");
        names.sort_unstable();
        let listed = bundle.manifest().files.keys().map(String::as_str);
        let mut expected: Vec<&str> = listed.chain(["manifest.json"]).collect();
        expected.sort_unstable();
        assert_eq!(names, expected, "{name}");
        let bytes: u64 = sizes.iter().sum();
        assert!(bytes < MAX_BYTES, "{name} has {bytes} bytes, at most {MAX_BYTES} allowed");
    }
}
