//! Files that are broken, that lie, or that unpack to more than there is: each is an error that names the file,
//! soon, and in little memory.
//!
//! One test in a program of its own, so that nothing else counts to its memory.

mod binary;
mod case;
mod content;
mod large;
mod tables;

use case::{MOST_MEMORY, peak_memory};

#[test]
fn every_hostile_file_is_refused_by_its_name_soon_and_in_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    content::put_helpers(folder.path());
    let cases = binary::cases().into_iter().chain(tables::cases()).chain(large::cases());
    let faults: Vec<String> = cases.filter_map(|case| case.fault(folder.path())).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(peak_memory() <= MOST_MEMORY, "{} bytes of memory", peak_memory());
}
