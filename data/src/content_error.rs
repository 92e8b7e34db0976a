//! The errors of content that cannot be read as it is meant, although the format is valid.

use std::path::PathBuf;

/// Why a table or a folder cannot be read as samples.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum ContentError {
    #[error(
        "{}: the columns {columns} contain text (from line {line}), expected numbers; exclude them with --ignore \
         {names}, or use one of them as the labels with --label-column",
        path.display()
    )]
    TextColumns { path: PathBuf, line: u64, columns: String, names: String },

    #[error(
        "{}: row {row} of column `{column}` has no bytes of an image; write the data set with the images in \
         it, or remove the row",
        path.display()
    )]
    ImageMissing { path: PathBuf, row: usize, column: String },

    #[error(
        "{} has parts in two formats, {} and {}; keep the parts of one table",
        folder.display(), one.display(), other.display()
    )]
    PartFormats { folder: PathBuf, one: PathBuf, other: PathBuf },

    #[error("{} has samples of shape {found:?}, but earlier parts have {expected:?}", path.display())]
    PartShape { path: PathBuf, expected: Vec<usize>, found: Vec<usize> },

    #[error("{} has no column `{column}` of the type that it has in earlier parts", path.display())]
    PartColumn { path: PathBuf, column: String },

    #[error("{} is in other partitions than earlier parts ({expected})", path.display())]
    Partitions { path: PathBuf, expected: String },

    #[error(
        "{} has only the folders {names}, which are parts of a data set and not classes; read each part by itself, or \
         train with {flags}",
        folder.display()
    )]
    PartsAsClasses { folder: PathBuf, names: String, flags: String },

    #[error(
        "{} has two folders of classes whose names are not UTF-8 and read alike, {one} and {other}; rename one of them",
        folder.display()
    )]
    ClassesAlike { folder: PathBuf, one: String, other: String },
}
