//! Everything that can be wrong with data, each with its place and what a person can do.

use std::{error::Error, io, path::PathBuf};

/// What a data argument may be; shown wherever one is not understood.
pub(crate) const ACCEPTED: &str = "digits, mnist, fashion-mnist, or a path to a .csv file, \
    a .npy file, an IDX file (raw or gzipped) or a folder with train-images-idx3-ubyte and the like";

/// Why data could not be loaded.
///
/// Lines of a CSV file count from 1, as editors count them; rows and columns count from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum DataError {
    #[error("cannot read {}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("`{spec}` is not a known set of data, and no file or folder has that path; expected {ACCEPTED}")]
    NotFound { spec: String },

    #[error("{} is of no known format; expected {ACCEPTED}", path.display())]
    UnknownFormat { path: PathBuf },

    #[error("`{name}` is not on this computer (looked in {}); fetch it with `just data {name}`", list(places))]
    SetMissing { name: &'static str, places: Vec<PathBuf> },

    #[error(
        "{} is not the published file: its content has SHA-256 {found}, expected {expected}; \
         remove it and run `just data {name}`", path.display()
    )]
    SetAltered { name: &'static str, path: PathBuf, expected: String, found: String },

    #[error("{} has no {missing} (or {missing}.gz); the images and the labels are both needed", folder.display())]
    FolderIncomplete { folder: PathBuf, missing: String },

    #[error("{}: samples have shape {found:?}, but those of the training part {expected:?}", path.display())]
    SampleShape { path: PathBuf, expected: Vec<usize>, found: Vec<usize> },

    #[error("{} is empty; expected data", path.display())]
    Empty { path: PathBuf },

    #[error("{} has no rows; at least 1 is needed", path.display())]
    NoRows { path: PathBuf },

    #[error("{} has no values: a sample has 0 features, at least 1 is needed", path.display())]
    NoFeatures { path: PathBuf },

    #[error(
        "{}: the header promises {promised} bytes of values (shape {shape:?}), found {found}; \
         the file is cut off or damaged, get it again", path.display()
    )]
    Length { path: PathBuf, shape: Vec<usize>, promised: u128, found: u64 },

    #[error("{}: the shape has {found} sizes, expected {expected}", path.display())]
    Rank { path: PathBuf, expected: &'static str, found: usize },

    #[error("{}: elements are of type `{found}`, expected {expected}; convert the file", path.display())]
    ElementType { path: PathBuf, expected: &'static str, found: String },

    #[error("{}: the IDX header is 0, 0, type, rank and {rank} sizes of 4 bytes, found {found:?}", path.display())]
    IdxHeader { path: PathBuf, rank: usize, found: Vec<u8> },

    #[error("{}: the header is not that of a plain .npy array; write the file with `numpy.save`", path.display())]
    NpyHeader { path: PathBuf, source: Option<Box<dyn Error + Send + Sync>> },

    #[error("{}: row {row}, column {column} is {value}, expected a finite single-precision number", path.display())]
    NotFinite { path: PathBuf, row: usize, column: usize, value: f64 },

    #[error("{}: line {line} is not UTF-8 text; save the file as UTF-8", path.display())]
    NotText { path: PathBuf, line: u64 },

    #[error("{}: line {line} has {found} cells, expected {expected}", path.display())]
    Ragged { path: PathBuf, line: u64, expected: usize, found: usize },

    #[error(
        "{}: line {line}, column {column} is `{cell}`, expected a finite number; \
         a column of labels has to be named as the label column", path.display()
    )]
    Cell { path: PathBuf, line: u64, column: String, cell: String },

    #[error("{}: line {line}, column {column} is empty, expected a label", path.display())]
    LabelEmpty { path: PathBuf, line: u64, column: String },

    #[error("{} has no column `{wanted}` to take labels from; expected {columns}", path.display())]
    LabelColumnMissing { path: PathBuf, wanted: String, columns: String },

    #[error(
        "{}, line 1 mixes numbers (`{cell}` in column {column}) and text; if it is a header, name every column by text, if it is a sample, mend its cells",
        path.display()
    )]
    MixedHeading { path: PathBuf, column: usize, cell: String },

    #[error(
        "a label column (`{column}`) is for .csv files, and `{spec}` is none; leave it out or pass a file of labels"
    )]
    LabelColumnUnused { column: String, spec: String },

    #[error("`{spec}` has labels already, so {} cannot be taken too; leave one of them out", path.display())]
    LabelsTwice { spec: String, path: PathBuf },

    #[error("{}: {found} labels for {expected} rows; there has to be one label a row", path.display())]
    LabelCount { path: PathBuf, expected: usize, found: usize },

    #[error("{}: the label of row {row} is {value}, expected 0 to {}", path.display(), u32::MAX)]
    LabelRange { path: PathBuf, row: usize, value: String },
}

fn list(places: &[PathBuf]) -> String {
    let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_place_and_what_to_do() {
        let cases = [
            (
                DataError::SetMissing { name: "mnist", places: vec!["a".into(), "b".into()] },
                "`mnist` is not on this computer (looked in a, b); fetch it with `just data mnist`",
            ),
            (
                DataError::Cell {
                    path: "t.csv".into(),
                    line: 3,
                    column: "1 (`age`)".to_owned(),
                    cell: "old".to_owned(),
                },
                "t.csv: line 3, column 1 (`age`) is `old`, expected a finite number; \
                 a column of labels has to be named as the label column",
            ),
        ];
        for (error, message) in cases {
            assert_eq!(error.to_string(), message);
        }
    }
}
