//! Limits on source files: 400 lines per file, since a file has one idea, and 120 columns per line of prose.

use std::{
    fs,
    path::{Path, PathBuf},
};

const MAX_LINES: usize = 400;
const MAX_COLUMNS: usize = 120;

#[test]
fn no_source_file_has_more_than_400_lines() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let sources = of_crates(workspace);
    assert!(sources.contains(&workspace.join(file!())), "this file is not among {sources:?}");
    assert_eq!(too_long(&sources), []);
}

#[test]
fn no_comment_is_wider_than_120_columns() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let wide: Vec<String> = of_crates(workspace).iter().flat_map(|path| too_wide(path)).collect();
    assert_eq!(wide, [""; 0]);
}

/// Returns the positions of the comments that are too wide.
fn too_wide(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a readable source");
    let is_wide = |line: &str| line.trim_start().starts_with("//") && line.chars().count() > MAX_COLUMNS;
    let wide = text.lines().enumerate().filter(|(_, line)| is_wide(line));
    wide.map(|(index, _)| format!("{}:{}", path.display(), index + 1)).collect()
}

/// Returns the source files of all crates in the workspace's folder.
pub(crate) fn of_crates(workspace: &Path) -> Vec<PathBuf> {
    let folders = entries(workspace).into_iter().filter(|folder| folder.join("Cargo.toml").is_file());
    folders.flat_map(|folder| sources(&folder)).collect()
}

/// Returns the files `*.rs` in a folder and its subfolders, except `target`.
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
    files.iter().map(|path| (path.clone(), lines(path))).filter(|(_, lines)| *lines > MAX_LINES).collect()
}

#[test]
fn a_comment_of_121_columns_is_reported_and_code_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("wide.rs");
    let (comment, code) = ("x".repeat(MAX_COLUMNS - 3), "x".repeat(MAX_COLUMNS + 1));
    fs::write(&path, format!("// {comment}\n// {comment}x\n{code}\n")).expect("a writable folder");
    assert_eq!(too_wide(&path), [format!("{}:2", path.display())]);
}

#[test]
fn a_file_of_401_lines_is_reported_from_any_folder_except_target() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (inner, target) = (folder.path().join("src/inner"), folder.path().join("target"));
    for folder in [&inner, &target] {
        fs::create_dir_all(folder).expect("a writable folder");
        fs::write(folder.join("short.rs"), "\n".repeat(MAX_LINES)).expect("a writable folder");
        fs::write(folder.join("long.rs"), "\n".repeat(MAX_LINES + 1)).expect("a writable folder");
        fs::write(folder.join("long.txt"), "\n".repeat(MAX_LINES + 1)).expect("a writable folder");
    }
    assert_eq!(too_long(&sources(folder.path())), [(inner.join("long.rs"), MAX_LINES + 1)]);
}
