//! A source that was opened: its parts, and what it is called.

use std::path::{Path, PathBuf};

use crate::{labels::Labels, reader::Opened};

/// A source, open and not yet read.
pub(crate) struct Found {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub(crate) name: String,
    pub(crate) train: OpenPart,
    /// What the source itself sets apart to test with.
    pub(crate) test: Option<OpenPart>,
    /// The names of the classes, where labels are numbers of them.
    pub(crate) classes: Option<Vec<String>>,
}

/// A part of a source.
pub(crate) struct OpenPart {
    /// To be named in errors.
    pub(crate) path: PathBuf,
    pub(crate) opened: Opened,
    /// One a row, where they come from another file than the samples.
    pub(crate) labels: Option<Labels>,
}

impl Found {
    pub(crate) fn single(path: PathBuf, opened: Opened) -> Self {
        let name = name_of(&path);
        Found { name, train: OpenPart { path, opened, labels: None }, test: None, classes: None }
    }
}

/// The last part of a path without its extension, or `data` where it has none (`.`).
pub(crate) fn name_of(path: &Path) -> String {
    let path = match path.extension() {
        Some(extension) if extension == "gz" => path.with_extension(""),
        Some(_) | None => path.to_owned(),
    };
    let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
    stem.map_or_else(|| "data".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files_without_extension() {
        for (path, name) in [("a/b.csv", "b"), ("x.idx3-ubyte.gz", "x"), (".", "data")] {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}
