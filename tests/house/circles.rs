//! Files of a crate form no circle: a reader who follows the imports never comes back to a file that he has left.

mod graph;
mod lexer;
mod module;
mod tree;

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use crate::files;
use graph::{Arrows, circles};
use tree::Tree;

#[test]
fn no_crate_has_a_circle_of_files() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let roots = roots(house);
    assert!(roots.contains(&house.join("tests/house/main.rs")), "this test is not among {roots:?}");
    let found: String = roots.iter().map(|root| report(house, &Tree::load(root).arrows())).collect();
    assert!(found.is_empty(), "{found}");
}

/// The files that a compiler starts with: libraries, programs, tests, examples and benches.
fn roots(house: &Path) -> Vec<PathBuf> {
    let is_target = |path: &PathBuf| {
        let folder = path.parent().expect("the folder of a file");
        let is_crate = folder.parent().is_some_and(|parent| parent.join("Cargo.toml").is_file());
        let is_named = ["lib.rs", "main.rs"].iter().any(|name| path.ends_with(name));
        is_named || is_crate && ["tests", "examples", "benches"].iter().any(|name| folder.ends_with(name))
    };
    files::of_crates(house).into_iter().filter(is_target).collect()
}

/// Each circle, file by file, with the names that make each arrow.
fn report(house: &Path, arrows: &Arrows) -> String {
    let short = |path: &Path| path.strip_prefix(house).unwrap_or(path).display().to_string();
    let mut report = String::new();
    for circle in circles(arrows) {
        writeln!(report, "\na circle of {} files:", circle.len()).expect("written to memory");
        for file in &circle {
            for (other, names) in arrows[file].iter().filter(|(other, _)| circle.contains(*other)) {
                let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                writeln!(report, "  {} uses {names} of {}", short(file), short(other)).expect("written to memory");
            }
        }
    }
    report
}

/// What is reported about a crate of these files.
#[cfg(test)]
fn report_of(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable folder");
    }
    report(folder.path(), &Tree::load(&folder.path().join("lib.rs")).arrows())
}

#[test]
fn a_circle_is_told_file_by_file_with_the_names_that_make_it() {
    let files = [
        ("lib.rs", "mod rows; mod source; mod csv; pub use source::open;"),
        ("rows.rs", "pub struct Rows; use crate::{source::{self, Found as Other}, csv};"),
        ("source.rs", "pub struct Found; pub fn open() { crate::csv::table::read() }"),
        ("csv.rs", "pub mod table;"),
        ("csv/table.rs", "use super::super::rows::Rows; pub fn read() {}"),
    ];
    let expected = "\na circle of 3 files:\n  \
        csv/table.rs uses Rows of rows.rs\n  \
        rows.rs uses Found of source.rs\n  \
        source.rs uses read of csv/table.rs\n";
    assert_eq!(report_of(&files), expected);
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
    let child = ("part.rs", "use super::Whole; pub fn make(_: Whole) {}");
    let circle = "\na circle of 2 files:\n  lib.rs uses make of part.rs\n  part.rs uses Whole of lib.rs\n";
    let cases = [
        ("mod part; struct Whole; fn run() { part::make(Whole) }", circle),
        ("mod part; use part::make; struct Whole;", circle),
        ("mod part; pub(crate) use self::part::make; struct Whole; fn run() { make(Whole) }", circle),
        ("mod part; use part::*; struct Whole; fn run() { make(Whole) }", circle),
        // Only handed on, only named in comments, texts and tests, or only declared.
        ("mod part; pub use part::{make as build}; pub struct Whole;", ""),
        ("mod part; struct Whole; // part::make\nconst A: &str = r#\"\"part::make\"#; /* part::make */", ""),
        ("mod part; struct Whole; #[cfg(test)] mod tests { use super::part::make; }", ""),
        ("mod part; struct Whole; #[cfg(test)] use part::{make}; #[cfg(test)] fn f() { part::make(Whole) }", ""),
    ];
    for (parent, expected) in cases {
        assert_eq!(report_of(&[("lib.rs", parent), child]), expected, "{parent}");
    }
}

#[test]
fn a_name_is_followed_to_the_file_that_defines_it() {
    let lib = ("lib.rs", "mod a; mod b; mod c { pub use crate::b::*; }");
    let a = "pub struct A;";
    let circle = "\na circle of 2 files:\n  a.rs uses B of b/deep.rs\n  b/deep.rs uses A of a.rs\n";
    let uses = [
        "use crate::b::B;",
        "use crate::c::B;",
        "use super::b as other; type C = other::B;",
        "use crate::b; fn f(_: b::B) {}",
    ];
    for text in uses {
        let a = format!("{text}{a}");
        let files = [
            lib,
            ("a.rs", &a),
            ("b/mod.rs", "mod deep; pub use deep::B;"),
            ("b/deep.rs", "use crate::a::A; pub enum B {}"),
        ];
        assert_eq!(report_of(&files), circle, "{text}");
    }
}
