//! The module tree of a crate, which resolves paths to the files that define them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{graph::Imports, lexer::tokens, module::Module};

/// All modules of a crate by path, each with its file.
#[derive(Default)]
pub(super) struct Tree(BTreeMap<Vec<String>, (PathBuf, Module)>);

/// The module or item that a path refers to.
enum Target {
    Module(Vec<String>),
    Item { name: String, file: PathBuf },
}

/// The number of steps after which resolving a path is given up: imports can refer to each other without end.
const MAX_STEPS: usize = 20;

impl Tree {
    /// Reads a crate, starting at its root file.
    pub(super) fn load(root: &Path) -> Self {
        let mut tree = Tree::default();
        tree.read(Vec::new(), root, root.parent().expect("the folder of a file"));
        tree
    }

    /// Reads a file and the files of its child modules, which are in `folder`.
    fn read(&mut self, module_path: Vec<String>, file: &Path, folder: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(module_path, Module::parse(&tokens(&text)), file, folder);
    }

    fn add(&mut self, module_path: Vec<String>, mut module: Module, file: &Path, folder: &Path) {
        for (name, path) in &module.files {
            let inner = [module_path.as_slice(), std::slice::from_ref(name)].concat();
            match path {
                Some(path) => {
                    let path = file.parent().expect("the folder of a file").join(path);
                    self.read(inner, &path, path.parent().expect("the folder of a file"));
                }
                None => {
                    let own = folder.join(name);
                    let candidates = [folder.join(format!("{name}.rs")), own.join("mod.rs")];
                    let source = candidates.iter().find(|file| file.is_file());
                    let source = source.unwrap_or_else(|| panic!("no file for `mod {name}` of {}", file.display()));
                    self.read(inner, source, &own);
                }
            }
        }
        for (name, inner) in std::mem::take(&mut module.inner) {
            let folder = folder.join(&name);
            self.add([module_path.as_slice(), &[name]].concat(), inner, file, &folder);
        }
        self.0.insert(module_path, (file.to_owned(), module));
    }

    /// Returns the imports between files: names that a file imports for its own use (not re-exports), and paths in its
    /// code.
    pub(super) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (module_path, (file, module)) in &self.0 {
            let private = module.imports.iter().filter(|import| !import.is_public && import.name != "*");
            let used = imports.entry(file.clone()).or_default();
            for path in private.map(|import| &import.path).chain(&module.paths) {
                match self.resolve(module_path, path, false, MAX_STEPS) {
                    Some(Target::Item { name, file: other }) if other != *file => {
                        used.entry(other).or_default().insert(name);
                    }
                    Some(Target::Item { .. } | Target::Module(_)) | None => {}
                }
            }
        }
        imports
    }

    /// Resolves a path, starting in a module. A name can refer to both a module and another item; with `as_module` the
    /// module takes precedence.
    fn resolve(&self, module_path: &[String], path: &[String], as_module: bool, steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let mut module_path = module_path.to_vec();
        for (at, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => module_path.clear(),
                "self" => {}
                "super" => drop(module_path.pop()?),
                name => match self.find(&module_path, name, as_module || at + 1 < path.len(), steps)? {
                    Target::Module(inner) => module_path = inner,
                    item @ Target::Item { .. } => return Some(item),
                },
            }
        }
        Some(Target::Module(module_path))
    }

    /// Resolves a single name in a module.
    fn find(&self, module_path: &[String], name: &str, as_module: bool, steps: usize) -> Option<Target> {
        let (file, module) = self.0.get(module_path)?;
        let child = [module_path, &[name.to_owned()]].concat();
        let child = || self.0.contains_key(&child).then(|| Target::Module(child.clone()));
        let item = || {
            let is_defined = module.items.iter().any(|item| item == name);
            is_defined.then(|| Target::Item { name: name.to_owned(), file: file.clone() })
        };
        let imported = || {
            let mut imports = module.imports.iter().filter(|import| import.name == name);
            imports.find_map(|import| self.resolve(module_path, &import.path, as_module, steps))
        };
        let from_glob = || {
            let mut globs = module.imports.iter().filter(|import| import.name == "*");
            globs.find_map(|glob| match self.resolve(module_path, &glob.path, true, steps)? {
                Target::Module(other) => self.find(&other, name, as_module, steps.checked_sub(1)?),
                Target::Item { .. } => None,
            })
        };
        let first = if as_module { child() } else { None };
        first.or_else(item).or_else(imported).or_else(from_glob).or_else(child)
    }
}
