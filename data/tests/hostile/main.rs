//! Damaged files, files with wrong declared sizes, and decompression bombs. Each is an error that names the file, is
//! found early, and needs little memory.
//!
//! It is a separate program with one test, so that the peak memory is that of this test.

mod binary;
mod case;
mod content;
mod large;
mod tables;

use case::{MAX_MEMORY, peak_memory};

#[test]
fn every_hostile_file_is_refused_by_name_early_and_in_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    content::put_helpers(folder.path());
    let cases = binary::cases().into_iter().chain(tables::cases()).chain(large::cases());
    let failures: Vec<String> = cases.filter_map(|case| case.failure(folder.path())).collect();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(peak_memory() <= MAX_MEMORY, "{} bytes of memory", peak_memory());
}
