//! A data set that is open: its name and its parts.

use std::path::{Path, PathBuf};

use crate::{labels::SeparateLabels, reader::Opened, standard_input};

/// A data set that is open but not yet read.
pub(crate) struct OpenData {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub(crate) name: String,
    pub(crate) train: OpenPart,
    /// The test part, if the source has one.
    pub(crate) test: Option<OpenPart>,
    /// The names of the classes, if the labels are indices of classes.
    pub(crate) classes: Option<Vec<String>>,
}

/// A part of a data set that is open but not yet read.
pub(crate) struct OpenPart {
    /// For error messages.
    pub(crate) path: PathBuf,
    pub(crate) opened: Opened,
    /// One label per row, if the labels are in a separate file.
    pub(crate) labels: Option<SeparateLabels>,
}

impl OpenData {
    pub(crate) fn single(path: PathBuf, opened: Opened) -> Self {
        let name = name_of(&path);
        OpenData { name, train: OpenPart { path, opened, labels: None }, test: None, classes: None }
    }
}

/// Returns the last component of a path without its extension, or `data` if there is none (`.`), or `stdin` for
/// standard input.
pub(crate) fn name_of(path: &Path) -> String {
    if path == Path::new(standard_input::PATH) {
        return standard_input::NAME.to_owned();
    }
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
    fn the_name_is_the_file_name_without_extension() {
        for (path, name) in [("a/b.csv", "b"), ("x.idx3-ubyte.gz", "x"), (".", "data"), ("standard input", "stdin")] {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}
