//! The modules of a crate, and the file that defines what a path names.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{graph::Arrows, lexer::tokens, module::Module};

/// Every module by its path from the root, with the file that it is written in.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<Vec<String>, (PathBuf, Module)>);

/// What a path names.
enum Target {
    Module(Vec<String>),
    Item { name: String, file: PathBuf },
}

/// Imports that name each other end nowhere.
const MOST_STEPS: usize = 20;

impl Tree {
    /// Reads a crate from its first file on.
    pub(super) fn load(root: &Path) -> Self {
        let mut tree = Tree::default();
        tree.read(Vec::new(), root, root.parent().expect("the folder of a file"));
        tree
    }

    /// Reads a file, and those of its modules, which lie in `folder`.
    fn read(&mut self, place: Vec<String>, file: &Path, folder: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(place, Module::parse(&tokens(&text)), file, folder);
    }

    fn add(&mut self, place: Vec<String>, mut module: Module, file: &Path, folder: &Path) {
        for (name, path) in &module.files {
            let inner = [place.as_slice(), std::slice::from_ref(name)].concat();
            match path {
                Some(path) => {
                    let path = file.parent().expect("the folder of a file").join(path);
                    self.read(inner, &path, path.parent().expect("the folder of a file"));
                }
                None => {
                    let own = folder.join(name);
                    let found =
                        [folder.join(format!("{name}.rs")), own.join("mod.rs")].into_iter().find(|file| file.is_file());
                    let found = found.unwrap_or_else(|| panic!("{} has no file for `mod {name}`", file.display()));
                    self.read(inner, &found, &own);
                }
            }
        }
        for (name, inner) in std::mem::take(&mut module.inner) {
            let folder = folder.join(&name);
            self.add([place.as_slice(), &[name]].concat(), inner, file, &folder);
        }
        self.0.insert(place, (file.to_owned(), module));
    }

    /// The arrows between files: what is imported for the file's own use, and what its code names.
    pub(super) fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (place, (file, module)) in &self.0 {
            let private = module.imports.iter().filter(|import| !import.is_public && import.name != "*");
            let used = arrows.entry(file.clone()).or_default();
            for path in private.map(|import| &import.path).chain(&module.paths) {
                match self.resolve(place, path, false, MOST_STEPS) {
                    Some(Target::Item { name, file: other }) if other != *file => {
                        used.entry(other).or_default().insert(name);
                    }
                    Some(Target::Item { .. } | Target::Module(_)) | None => {}
                }
            }
        }
        arrows
    }

    /// Follows a path from a module. A name may be that of a module and of something else; `as_module` says which
    /// comes first.
    fn resolve(&self, place: &[String], path: &[String], as_module: bool, steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let mut place = place.to_vec();
        for (at, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => place.clear(),
                "self" => {}
                "super" => drop(place.pop()?),
                name => match self.find(&place, name, as_module || at + 1 < path.len(), steps)? {
                    Target::Module(inner) => place = inner,
                    item @ Target::Item { .. } => return Some(item),
                },
            }
        }
        Some(Target::Module(place))
    }

    /// What a name means in a module.
    fn find(&self, place: &[String], name: &str, as_module: bool, steps: usize) -> Option<Target> {
        let (file, module) = self.0.get(place)?;
        let inner = [place, &[name.to_owned()]].concat();
        let inner = || self.0.contains_key(&inner).then(|| Target::Module(inner.clone()));
        let item = || {
            let is_here = module.items.iter().any(|item| item == name);
            is_here.then(|| Target::Item { name: name.to_owned(), file: file.clone() })
        };
        let imported = || {
            let mut imports = module.imports.iter().filter(|import| import.name == name);
            imports.find_map(|import| self.resolve(place, &import.path, as_module, steps))
        };
        let from_all = || {
            let mut globs = module.imports.iter().filter(|import| import.name == "*");
            globs.find_map(|glob| match self.resolve(place, &glob.path, true, steps)? {
                Target::Module(other) => self.find(&other, name, as_module, steps.checked_sub(1)?),
                Target::Item { .. } => None,
            })
        };
        let first = if as_module { inner() } else { None };
        first.or_else(item).or_else(imported).or_else(from_all).or_else(inner)
    }
}
