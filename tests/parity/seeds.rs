//! The seed determines all randomness of a training run.

use std::collections::BTreeMap;

use narrows_bundle::{Bundle, Kind, MANIFEST};
use narrows_data::Dataset;
use narrows_tests::{exported, fitted};
use narrows_trainer::Options;

use crate::brief;

/// Fits and exports a model, and returns the contents of every exported file by name.
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
fn every_exported_file_is_reproducible_from_the_seed_and_depends_on_it() {
    let data = narrows_tests::digits();
    for kind in Kind::ALL {
        let (first, second, other) = (files(kind, 7, &data), files(kind, 7, &data), files(kind, 8, &data));
        assert!(first.len() >= 5, "{:?}", first.keys());
        assert!(first.keys().eq(second.keys()) && first.keys().eq(other.keys()), "{kind}");
        for (name, bytes) in &first {
            assert!(*bytes == second[name], "{name} of {kind} differs between two runs with the same seed");
            // PCA is computed in closed form, without randomness: only the manifest, which records the seed, differs.
            let depends_on_seed = (kind != Kind::Pca || name == MANIFEST) && name != ".gitattributes";
            assert_eq!(*bytes != other[name], depends_on_seed, "{name} of {kind} with another seed");
        }
    }
}
