//! The files of a crate have no import cycles, so they can be read in one order, each after the files that it uses.

mod graph;
mod lexer;
mod module;
mod tree;

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use crate::files;
use graph::{Imports, cycles};
use tree::Tree;

#[test]
fn no_crate_has_an_import_cycle_between_files() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder");
    let roots = roots(workspace);
    assert!(roots.contains(&workspace.join("tests/house/main.rs")), "this test is not among {roots:?}");
    let cycles: String = roots.iter().map(|root| report(workspace, &Tree::load(root).imports())).collect();
    assert!(cycles.is_empty(), "{cycles}");
}

/// Returns the root files of all crates: of libraries, programs, tests, examples and benches.
fn roots(workspace: &Path) -> Vec<PathBuf> {
    let is_target = |path: &PathBuf| {
        let folder = path.parent().expect("the folder of a file");
        let is_crate = folder.parent().is_some_and(|parent| parent.join("Cargo.toml").is_file());
        let is_named = ["lib.rs", "main.rs"].iter().any(|name| path.ends_with(name));
        is_named || is_crate && ["tests", "examples", "benches"].iter().any(|name| folder.ends_with(name))
    };
    files::of_crates(workspace).into_iter().filter(is_target).collect()
}

/// Describes each cycle: which file uses which names of which other file. Paths are relative to `base`.
fn report(base: &Path, imports: &Imports) -> String {
    let short = |path: &Path| path.strip_prefix(base).unwrap_or(path).display().to_string();
    let mut report = String::new();
    for cycle in cycles(imports) {
        writeln!(report, "\na cycle of {} files:", cycle.len()).expect("written to memory");
        for file in &cycle {
            for (other, names) in imports[file].iter().filter(|(other, _)| cycle.contains(*other)) {
                let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                writeln!(report, "  {} uses {names} from {}", short(file), short(other)).expect("written to memory");
            }
        }
    }
    report
}

/// Returns the report on a crate with these files.
#[cfg(test)]
fn report_of(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable folder");
    }
    report(folder.path(), &Tree::load(&folder.path().join("lib.rs")).imports())
}

#[test]
fn a_cycle_is_reported_by_file_with_the_imported_names() {
    let files = [
        ("lib.rs", "mod rows; mod source; mod csv; pub use source::open;"),
        ("rows.rs", "pub struct Rows; use crate::{source::{self, Format as Other}, csv};"),
        ("source.rs", "pub struct Format; pub fn open() { crate::csv::table::read() }"),
        ("csv.rs", "pub mod table;"),
        ("csv/table.rs", "use super::super::rows::Rows; pub fn read() {}"),
    ];
    let expected = "\na cycle of 3 files:\n  \
        csv/table.rs uses Rows from rows.rs\n  \
        rows.rs uses Format from source.rs\n  \
        source.rs uses read from csv/table.rs\n";
    assert_eq!(report_of(&files), expected);
}

#[test]
fn a_parent_and_a_child_that_use_each_other_form_a_cycle() {
    let child = ("part.rs", "use super::Whole; pub fn make(_: Whole) {}");
    let cycle = "\na cycle of 2 files:\n  lib.rs uses make from part.rs\n  part.rs uses Whole from lib.rs\n";
    let cases = [
        ("mod part; struct Whole; fn run() { part::make(Whole) }", cycle),
        ("mod part; use part::make; struct Whole;", cycle),
        ("mod part; pub(crate) use self::part::make; struct Whole; fn run() { make(Whole) }", cycle),
        ("mod part; use part::*; struct Whole; fn run() { make(Whole) }", cycle),
        // Re-exports, names in comments, strings and tests, and plain declarations do not count.
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
fn an_imported_name_is_resolved_to_the_file_that_defines_it() {
    let lib = ("lib.rs", "mod a; mod b; mod c { pub use crate::b::*; }");
    let a = "pub struct A;";
    let cycle = "\na cycle of 2 files:\n  a.rs uses B from b/deep.rs\n  b/deep.rs uses A from a.rs\n";
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
        assert_eq!(report_of(&files), cycle, "{text}");
    }
}
