//! The errors of content that cannot be read as it is meant, although the format is valid.

use std::path::PathBuf;

/// Why a table or a folder cannot be read as samples.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum ContentError {
    #[error(
        "{}: the columns {columns} contain text (from line {line}), expected numbers; {advice}",
        path.display()
    )]
    TextColumns { path: PathBuf, line: u64, columns: String, advice: String },

    #[error("{} is {kind}, which is not read in this form; {advice}", path.display())]
    Compressed { path: PathBuf, kind: &'static str, advice: String },

    #[error(
        "{}: row {row} of column `{column}` has no bytes of an image; write the data set with the images in \
         it, or remove the row",
        path.display()
    )]
    ImageMissing { path: PathBuf, row: usize, column: String },

    #[error(
        "{}: the tensors of column `{column}` have {fault}; write the file again, with tensors in row-major order",
        path.display()
    )]
    Tensor { path: PathBuf, column: String, fault: &'static str },

    #[error(
        "{}: row {row}, column `{column}` is `{cell}`, expected a date like 2024-02-28 or 2024-02-28T13:05:00; correct \
         it, or leave the column out of --date-columns",
        path.display()
    )]
    NotDate { path: PathBuf, row: usize, column: String, cell: String },

    #[error(
        "{}: column `{column}` has type {found}, expected dates, timestamps or text; leave it out of --date-columns",
        path.display()
    )]
    DateType { path: PathBuf, column: String, found: String },

    #[error("{}: two features are called `{name}`, one of them from --date-columns; rename the column", path.display())]
    DateName { path: PathBuf, name: String },

    #[error(
        "{}: samples have shape {shape:?}, to which --date-columns cannot add features; leave it out",
        path.display()
    )]
    DateShape { path: PathBuf, shape: Vec<usize> },

    #[error("{}: --columns selects only dates; select at least one column of numbers", path.display())]
    DatesOnly { path: PathBuf },

    #[error("{}: line {line} {fault}", path.display())]
    JsonLine { path: PathBuf, line: u64, fault: String },

    #[error(
        "{} has parts in two formats, {} and {}; keep the parts of one table",
        folder.display(), one.display(), other.display()
    )]
    PartFormats { folder: PathBuf, one: PathBuf, other: PathBuf },

    #[error("{} has samples of shape {found:?}, but earlier parts have {expected:?}", path.display())]
    PartShape { path: PathBuf, expected: Vec<usize>, found: Vec<usize> },

    #[error("{} has no column `{column}` of the type that it has in earlier parts", path.display())]
    PartColumn { path: PathBuf, column: String },

    #[error(
        "{} has a column `{column}`, and so do the folders (`{column}=…`); rename one of them, or remove the column from \
         the files",
        path.display()
    )]
    PartitionColumn { path: PathBuf, column: String },

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
