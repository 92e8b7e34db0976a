//! Arrows between files, and the circles that they form.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// For each file the files that it uses, and the names that it uses of them.
pub(super) type Arrows = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// The sets of files that can all be reached from one another.
pub(super) fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<PathBuf>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        arrows.keys().map(|file| (file.as_path(), reached_from(arrows, file))).collect();
    let circle = |file: &&Path| -> BTreeSet<PathBuf> {
        let is_mutual = |other: &&Path| reached.get(other).is_some_and(|back| back.contains(file));
        reached[file].iter().copied().filter(is_mutual).map(Path::to_owned).collect()
    };
    reached.keys().map(circle).filter(|circle| !circle.is_empty()).collect()
}

fn reached_from<'a>(arrows: &'a Arrows, file: &Path) -> BTreeSet<&'a Path> {
    let next = |file: &Path| arrows.get(file).into_iter().flat_map(|others| others.keys().map(PathBuf::as_path));
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&Path> = next(file).collect();
    while let Some(file) = waiting.pop() {
        if reached.insert(file) {
            waiting.extend(next(file));
        }
    }
    reached
}
