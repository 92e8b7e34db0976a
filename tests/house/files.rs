//! A source file holds one idea: past this many lines it holds two.

use std::{
    fs,
    path::{Path, PathBuf},
};

const MOST_LINES: usize = 400;

#[test]
fn no_source_file_has_more_than_400_lines() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let sources = of_crates(house);
    assert!(sources.contains(&house.join(file!())), "this file is not among {sources:?}");
    assert_eq!(too_long(&sources), []);
}

/// The source files of all crates.
pub(crate) fn of_crates(house: &Path) -> Vec<PathBuf> {
    let folders = entries(house).into_iter().filter(|folder| folder.join("Cargo.toml").is_file());
    folders.flat_map(|folder| sources(&folder)).collect()
}

/// The files `*.rs` in a folder of a crate and below.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let is_source = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries(folder).into_iter().partition(|path| path.is_dir());
    let inner = folders.iter().filter(|folder| !folder.ends_with("target")).flat_map(|folder| sources(folder));
    inner.chain(files.into_iter().filter(|path| is_source(path))).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    entries.map(|entry| entry.expect("a readable folder").path()).collect()
}

fn too_long(files: &[PathBuf]) -> Vec<(PathBuf, usize)> {
    let lines = |path: &PathBuf| fs::read_to_string(path).expect("a readable source").lines().count();
    files.iter().map(|path| (path.clone(), lines(path))).filter(|(_, lines)| *lines > MOST_LINES).collect()
}

#[test]
fn a_file_of_401_lines_is_found_in_any_folder_but_target() {
    let house = tempfile::tempdir().expect("a temporary folder");
    let (inner, built) = (house.path().join("src/inner"), house.path().join("target"));
    for folder in [&inner, &built] {
        fs::create_dir_all(folder).expect("a writable folder");
        fs::write(folder.join("short.rs"), "\n".repeat(MOST_LINES)).expect("a writable folder");
        fs::write(folder.join("long.rs"), "\n".repeat(MOST_LINES + 1)).expect("a writable folder");
        fs::write(folder.join("long.txt"), "\n".repeat(MOST_LINES + 1)).expect("a writable folder");
    }
    assert_eq!(too_long(&sources(house.path())), [(inner.join("long.rs"), MOST_LINES + 1)]);
}
