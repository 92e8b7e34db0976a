//! A seed is the whole of a run's randomness.

use std::collections::BTreeMap;

use narrows_bundle::{Bundle, Kind, MANIFEST};
use narrows_data::Dataset;
use narrows_tests::{exported, fitted};
use narrows_trainer::Options;

use crate::brief;

/// Every file of the export by name.
fn files(kind: Kind, seed: u64, data: &Dataset) -> BTreeMap<String, Vec<u8>> {
    let (_folder, bundle) = exported(&fitted(&Options { seed: Some(seed), ..brief(kind) }, data), data);
    contents(&bundle)
}

fn contents(bundle: &Bundle) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(bundle.path()).expect("just written").map(|entry| entry.expect("just written"));
    let read = |entry: std::fs::DirEntry| {
        let bytes = std::fs::read(entry.path()).expect("just written");
        (entry.file_name().to_string_lossy().into_owned(), bytes)
    };
    entries.map(read).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_of_every_file_and_another_seed_gives_others() {
    let data = narrows_tests::digits();
    for kind in Kind::ALL {
        let (first, second, other) = (files(kind, 7, &data), files(kind, 7, &data), files(kind, 8, &data));
        assert!(first.len() >= 5, "{:?}", first.keys());
        assert!(first.keys().eq(second.keys()) && first.keys().eq(other.keys()), "{kind}");
        for (name, bytes) in &first {
            assert!(*bytes == second[name], "{name} of {kind} differs between two runs of one seed");
            // A closed form draws nothing: only the manifest says that the seed was another.
            let is_drawn = kind != Kind::Pca || name == MANIFEST;
            assert_eq!(*bytes != other[name], is_drawn, "{name} of {kind} by another seed");
        }
    }
}
