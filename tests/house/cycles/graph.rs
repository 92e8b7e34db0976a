//! The graph of imports between files, and its cycles.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// For each file, the files that it imports from and the names that it imports.
pub(super) type Imports = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// Returns the sets of files that import each other, directly or indirectly.
pub(super) fn cycles(imports: &Imports) -> BTreeSet<BTreeSet<PathBuf>> {
    let reachable: BTreeMap<&Path, BTreeSet<&Path>> =
        imports.keys().map(|file| (file.as_path(), reachable_from(imports, file))).collect();
    let cycle = |file: &&Path| -> BTreeSet<PathBuf> {
        let is_mutual = |other: &&Path| reachable.get(other).is_some_and(|files| files.contains(file));
        reachable[file].iter().copied().filter(is_mutual).map(Path::to_owned).collect()
    };
    reachable.keys().map(cycle).filter(|cycle| !cycle.is_empty()).collect()
}

fn reachable_from<'a>(imports: &'a Imports, file: &Path) -> BTreeSet<&'a Path> {
    let next = |file: &Path| imports.get(file).into_iter().flat_map(|others| others.keys().map(PathBuf::as_path));
    let mut reachable = BTreeSet::new();
    let mut pending: Vec<&Path> = next(file).collect();
    while let Some(file) = pending.pop() {
        if reachable.insert(file) {
            pending.extend(next(file));
        }
    }
    reachable
}
