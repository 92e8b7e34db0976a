//! A program outside the workspace that depends on the runtime and on no other crate of ours.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use narrows_bundle::Bundle;
use narrows_runtime::{Autoencoder, ndarray::Array2};

use crate::dependencies::{Crate, parse};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/downstream");
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The largest size of the stripped program, in bytes: about what the runtime adds to a program that embeds it.
const MAX_BYTES: u64 = 5_000_000;
/// The absolute tolerance. Both programs run the same graphs in the same library, which may sum in another order;
/// samples are of the order of 10.
const TOLERANCE: f32 = 1e-4;

#[test]
fn a_program_outside_the_workspace_is_small_and_computes_the_same_values() {
    let program = build();
    let bytes = program.metadata().expect("just built").len();
    assert!(bytes < MAX_BYTES, "the stripped program has {bytes} bytes, at most {MAX_BYTES} allowed");
    println!("the stripped program has {bytes} bytes");

    let bundle = Path::new(WORKSPACE).join("models/zoo/vae");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let packed = folder.path().join("vae.narrows");
    let bytes = Bundle::open(&bundle).and_then(|bundle| bundle.pack()).expect("a good bundle");
    fs::write(&packed, bytes).expect("a writable folder");
    let output = Command::new(program).args([&bundle, &packed]).output().expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let printed: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once(": ")).collect();

    let model = Autoencoder::open(&bundle).expect("the zoo");
    let rows = Array2::from_shape_fn((3, 64), |(row, at)| ((row * 5 + at * 7) % 17) as f32);
    let codes = model.encode(&rows).expect("good rows");
    for name in ["codes", "codes of a slice", "codes from memory"] {
        assert_close(name, printed[name], &codes);
    }
    assert_close("reconstructions", printed["reconstructions"], &model.decode(&codes).expect("good codes"));
    assert_close("samples", printed["samples"], &model.generate(2, 7).expect("a prior"));
    assert_eq!(printed["refused"], "[1, 65] for rows of [8, 8]");
}

fn assert_close<'a>(name: &str, actual: &str, expected: impl IntoIterator<Item = &'a f32>) {
    let actual: Vec<f32> = actual.split(' ').map(|number| number.parse().expect("a number")).collect();
    let expected: Vec<f32> = expected.into_iter().copied().collect();
    assert_eq!(actual.len(), expected.len(), "{name}");
    let largest = actual.iter().zip(&expected).map(|(actual, expected)| (actual - expected).abs()).fold(0.0, f32::max);
    assert!(largest <= TOLERANCE, "{name}: differs by {largest}, at most {TOLERANCE} allowed");
}

/// Builds the program offline, from the crates that the workspace's build has fetched, and returns its path.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("downstream");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--offline", "--target-dir"])
        .arg(&target)
        .current_dir(PROGRAM)
        .output()
        .expect("cargo, which runs this test");
    assert!(output.status.success(), "cargo build: {}", String::from_utf8_lossy(&output.stderr));
    target.join("release").join(format!("downstream{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn the_program_s_lock_file_contains_only_packages_of_the_workspace_s() {
    let packages = |folder: &str| packages(&fs::read_to_string(format!("{folder}/Cargo.lock")).expect("a lock file"));
    let of_workspace = packages(WORKSPACE);
    let mut of_program = packages(PROGRAM);
    assert!(of_program.remove(&("downstream".to_owned(), "0.0.0".to_owned())));
    let additional: Vec<_> = of_program.difference(&of_workspace).collect();
    assert!(additional.is_empty(), "not in the workspace's lock file: {additional:?}; run `just downstream-lock`");
}

/// Parses a lock file and returns the names and versions of its packages.
fn packages(lock: &str) -> BTreeSet<Crate> {
    let value = |line: Option<&str>, key: &str| {
        let value = line.and_then(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        value.map(|value| value.trim_matches('"').to_owned())
    };
    let blocks = lock.split("[[package]]\n").skip(1).map(str::lines);
    blocks.filter_map(|mut lines| Some((value(lines.next(), "name")?, value(lines.next(), "version")?))).collect()
}

#[test]
fn a_program_outside_the_workspace_is_built_without_candle() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none"])
        .current_dir(PROGRAM)
        .output()
        .expect("cargo, which runs this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let crates = parse(&String::from_utf8_lossy(&output.stdout));
    let has = |start: &str| crates.iter().any(|(name, _)| name.starts_with(start));
    assert!(has("narrows-runtime") && has("ort"), "{crates:?}");
    assert!(!has("candle") && !has("narrows-trainer") && !has("narrows-data") && !has("tokio"), "{crates:?}");
}

#[test]
fn a_lock_file_is_parsed_to_names_and_versions() {
    let lock = "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"1.0.0\"\nsource = \"somewhere\"\n\n\
                [[package]]\nname = \"two\"\nversion = \"2.1.0\"\ndependencies = [\n \"one\",\n]\n";
    let expected = [("one", "1.0.0"), ("two", "2.1.0")];
    assert_eq!(packages(lock), expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
}
