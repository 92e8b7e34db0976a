//! Runs the harnesses of the fuzz targets on their seeds and on randomly changed seeds.
//!
//! `just fuzz` continues from these seeds with coverage-guided fuzzing.

use std::{fs, path::Path, sync::LazyLock};

use proptest::{collection::vec, prelude::*, sample::Index};

#[path = "../../fuzz/src/harness.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets call it from another crate")]
mod harness;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 15] = [
    ("idx", harness::idx),
    ("npy", harness::npy),
    ("npz", harness::npz),
    ("csv", harness::csv),
    ("json_lines", harness::json_lines),
    ("mixed", harness::mixed),
    ("tensors", harness::tensors),
    ("manifest", harness::manifest),
    ("safetensors", harness::safetensors),
    ("graph", harness::graph),
    ("parquet", harness::parquet),
    ("arrow", harness::arrow),
    ("images", harness::images),
    ("packed_bundle", harness::packed_bundle),
    ("terminal", harness::terminal),
];

static SEEDS: LazyLock<Vec<(Target, String, Vec<u8>)>> =
    LazyLock::new(|| TARGETS.into_iter().flat_map(seeds).collect());

/// Reads the seeds of a target with their names.
fn seeds(target: Target) -> Vec<(Target, String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target.0);
    let entries = fs::read_dir(&folder).expect("a committed folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort_unstable();
    let named = |path: &Path| format!("{}/{}", target.0, path.file_name().unwrap_or_default().to_string_lossy());
    paths.iter().map(|path| (target, named(path), fs::read(path).expect("a committed file"))).collect()
}

#[test]
fn every_target_accepts_its_seeds() {
    for ((_, call), name, bytes) in SEEDS.iter() {
        println!("{name}");
        call(bytes);
    }
}

#[test]
fn every_target_has_seeds_and_a_source_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    for (name, _) in TARGETS {
        assert!(folder.join(name).with_extension("rs").is_file(), "{name}");
        assert!(SEEDS.iter().any(|((target, _), ..)| *target == name), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn every_target_accepts_changed_seeds(
        seed: Index,
        edits in vec((any::<Index>(), 0..9usize, vec(any::<u8>(), 0..9)), 1..4),
    ) {
        let ((_, call), name, bytes) = seed.get(&SEEDS);
        let mut bytes = bytes.clone();
        for (at, removed, inserted) in edits {
            let at = at.index(bytes.len());
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, inserted);
            if bytes.is_empty() {
                break;
            }
        }
        println!("{name} with changes");
        call(&bytes);
    }
}
