//! Everything that can be wrong with data, each with its place and what a person can do.

use std::{error::Error, io, path::PathBuf};

use crate::reading::Character;

/// What a data argument may be; shown wherever one is not understood.
pub(crate) const ACCEPTED: &str = "digits, mnist, fashion-mnist, or a path to a .csv, \
    .tsv, .npy, .npz, .parquet or .arrow file, an IDX file (raw or gzipped), a folder of images, or a folder with \
    train-images-idx3-ubyte and the like";

/// Why data could not be loaded.
///
/// Lines of a CSV file count from 1, as editors count them; rows and columns count from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum DataError {
    #[error("cannot read {}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("{} ends before its content does; the file is cut off, get it again", path.display())]
    CutOff { path: PathBuf },

    #[error(
        "{} unpacks to more than {times} times its own size; if that is no mistake, allow it by --unpack", path.display()
    )]
    Bomb { path: PathBuf, times: u32 },

    #[error(
        "cannot keep the rows of {} in the temporary folder {}; name another one by TMPDIR, or allow more memory by --memory",
        path.display(), folder.display()
    )]
    Spool { path: PathBuf, folder: PathBuf, source: io::Error },

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

    #[error("{}: row {row}, column {column} is {value}, expected a finite single-precision number{}", path.display(), if value.is_nan() { " (--missing says what becomes of missing values)" } else { "" })]
    NotFinite { path: PathBuf, row: usize, column: String, value: f32 },

    #[error("{}: samples are {found}, but those of the training part {expected}", path.display())]
    SampleType { path: PathBuf, expected: &'static str, found: &'static str },

    #[error("{}: line {line} is not UTF-8 text; save the file as UTF-8", path.display())]
    NotText { path: PathBuf, line: u64 },

    #[error("{}: line {line} has {found} cells, expected {expected}", path.display())]
    Ragged { path: PathBuf, line: u64, expected: usize, found: usize },

    #[error(
        "{}: line {line}, column {column} is `{cell}`, expected a finite number; a column can be left out by \
         --ignore, or named as that of the labels by --label-column, and --delimiter says what parts cells",
        path.display()
    )]
    Cell { path: PathBuf, line: u64, column: String, cell: String },

    #[error("{}: line {line}, column {column} is empty, expected a label", path.display())]
    LabelEmpty { path: PathBuf, line: u64, column: String },

    #[error(
        "{}: line 1 mixes numbers (`{cell}` in column {column}) and text; say by --header yes or no whether it names \
         the columns; those of text can be left out by --ignore, or named as the labels by --label-column",
        path.display()
    )]
    MixedHeading { path: PathBuf, column: usize, cell: String },

    #[error("--{option} means nothing for {what}, and `{spec}` is one; leave it out")]
    OptionUnused { option: String, spec: String, what: &'static str },

    #[error("{} was changed while it was read; start again, and leave it alone until the end", path.display())]
    Changed { path: PathBuf },

    #[error("columns cannot be put side by side")]
    Columns { source: Box<dyn Error + Send + Sync> },

    #[error("{} is neither a file nor a folder; expected {ACCEPTED}", path.display())]
    NoFile { path: PathBuf },

    #[error("{}: row {row} has the label `{label}`, which is none of the training part ({classes})", path.display())]
    ClassUnknown { path: PathBuf, row: usize, label: String, classes: String },

    #[error("{} is given twice, as data to train on and to judge by; no row may be in two parts", path.display())]
    SameFile { path: PathBuf },

    #[error("{}: every row has a missing value, so nothing is left without them; use --missing mean or median", path.display())]
    AllMissing { path: PathBuf },

    #[error("{}: column {column} has no value at all; leave it out by --ignore", path.display())]
    ColumnMissing { path: PathBuf, column: String },

    #[error("`{spec}` has labels already, so {} cannot be taken too; leave one of them out", path.display())]
    LabelsTwice { spec: String, path: PathBuf },

    #[error("{}: {found} labels for {expected} rows; there has to be one label a row, and a file of labels has no heading", path.display())]
    LabelCount { path: PathBuf, expected: usize, found: usize },

    #[error("{}: the label of row {row} is {value}, expected 0 to {}", path.display(), u32::MAX)]
    LabelRange { path: PathBuf, row: usize, value: String },

    #[error("{} is UTF-16 text; save the file as UTF-8", path.display())]
    Utf16 { path: PathBuf },

    #[error(
        "{}: line {line}, column {column} has no value (`{cell}`); --missing says what becomes of missing values",
        path.display()
    )]
    CellMissing { path: PathBuf, line: u64, column: String, cell: String },

    #[error(
        "{}: line {line}, column {column} is `{cell}`, which no finite single-precision number is; mend or scale it",
        path.display()
    )]
    CellBeyond { path: PathBuf, line: u64, column: String, cell: String },

    #[error(
        "{}: the record that begins in line {line} is longer than 32 MB or 524288 cells; a quote may not be closed \
         there (--quote says what quotes are)", path.display()
    )]
    RecordTooLong { path: PathBuf, line: u64 },

    #[error(
        "{}: the record that begins in line {line} has a quote that is not closed before the file ends; close it, or \
         say by --quote what quotes are", path.display()
    )]
    QuoteOpen { path: PathBuf, line: u64 },

    #[error("{} cannot have `{character}` both between cells and around them; mend --delimiter or --quote", path.display())]
    SameCharacter { path: PathBuf, character: Character },

    #[error("{} has no column `{wanted}`; expected {columns}", path.display())]
    ColumnUnknown { path: PathBuf, wanted: String, columns: String },

    #[error("{} has two columns `{name}`, {first} and {second}; say which one is meant by its number", path.display())]
    ColumnAmbiguous { path: PathBuf, name: String, first: usize, second: usize },

    #[error("{}: column {column} is asked for twice; it can be in the sample once, or be the labels", path.display())]
    ColumnTwice { path: PathBuf, column: String },

    #[error("{}: --columns says what is in the sample, so --ignore means nothing; leave one of them out", path.display())]
    ColumnsAndIgnore { path: PathBuf },

    #[error("{} has {found} columns beside the sample, expected {most} at most; cut the table", path.display())]
    OthersTooMany { path: PathBuf, most: usize, found: usize },

    #[error(
        "{}: line 1 was taken for names, since the label below is an integer, but that of line {line} is `{label}`; say \
         by --header yes or no whether line 1 names the columns", path.display()
    )]
    LabelHeading { path: PathBuf, line: u64, label: String },

    #[error("{} cannot be read as {format}; if it is not cut off or damaged, write it again in another way", path.display())]
    TableDamaged { path: PathBuf, format: &'static str, source: Box<dyn Error + Send + Sync> },

    #[error("{} is compressed by {found}, which is not read; write it with snappy, zstd, gzip or lz4, or uncompressed", path.display())]
    Compression { path: PathBuf, found: String },

    #[error("{} has no column of numbers to make samples of; its columns are {columns}", path.display())]
    NoNumbers { path: PathBuf, columns: String },

    #[error("{} has more than one column of lists ({columns}); say by --columns which of them is the sample", path.display())]
    ManyLists { path: PathBuf, columns: String },

    #[error("{}: column `{column}` holds {found}, expected {expected}", path.display())]
    ColumnType { path: PathBuf, column: String, found: String, expected: &'static str },

    #[error("{}: column `{column}` is the label column, so it cannot be part of the sample; leave it out of --columns", path.display())]
    LabelInSample { path: PathBuf, column: String },

    #[error("{}: row {row} has no label in column `{column}`; fill it in, or leave the row out of the file", path.display())]
    LabelMissing { path: PathBuf, row: usize, column: String },

    #[error("{}: the label of row {row} in column `{column}` has {found} bytes, expected at most {most}; is it the label column?", path.display())]
    LabelLong { path: PathBuf, row: usize, column: String, found: usize, most: usize },

    #[error("{}: row {row} of column `{column}` has a list of {found}, expected {expected} as in the rows above; all have to be as long", path.display())]
    ListLength { path: PathBuf, row: usize, column: String, expected: usize, found: usize },

    #[error("{}: the first rows of column `{column}` have no lists, so the size of a sample is unknown; leave them out of the file", path.display())]
    ListsMissing { path: PathBuf, column: String },

    #[error("{}: found {found} rows, but the header promises {promised}; the file is damaged, get it again", path.display())]
    RowCount { path: PathBuf, promised: usize, found: usize },

    #[error(
        "{} has no train-images-idx3-ubyte, and no image (.png, .jpg, .jpeg or .webp) in itself or in a subfolder \
         ({others} other files)",
        folder.display()
    )]
    NoImages { folder: PathBuf, others: usize },

    #[error(
        "{} has images both in itself ({}) and in subfolders ({}); put all of them into subfolders, one a class, or none",
        folder.display(), direct.display(), nested.display()
    )]
    ImagesMixed { folder: PathBuf, direct: PathBuf, nested: PathBuf },

    #[error("{} is a folder inside the folder of a class; images have to lie directly in that of their class", path.display())]
    FolderTooDeep { path: PathBuf },

    #[error("{} is no readable image; mend it or take it out of the folder", path.display())]
    Image { path: PathBuf, source: Box<dyn Error + Send + Sync> },

    #[error(
        "{} is {found} pixels, but {} is {expected}; bring all images to one size by --resize {expected}",
        path.display(), first.display()
    )]
    ImageSize { path: PathBuf, found: crate::Size, first: PathBuf, expected: crate::Size },

    #[error(
        "{} is {found}, but {} is {expected}; bring all images to the same channels by --channels grey or --channels rgb",
        path.display(), first.display()
    )]
    ImageChannels { path: PathBuf, found: crate::Channels, first: PathBuf, expected: crate::Channels },

    #[error("{} is no whole .npz archive: {what}; get it again, or write it with `numpy.savez`", path.display())]
    Archive { path: PathBuf, what: &'static str },

    #[error("{} has no array `{wanted}`; expected {arrays}", path.display())]
    ArrayMissing { path: PathBuf, wanted: String, arrays: String },

    #[error("{}: which of its arrays holds the samples is not clear; name it by --key: {arrays}", path.display())]
    ArrayChoice { path: PathBuf, arrays: String },

    #[error(
        "{}: the array is {how}, expected stored or deflated; write the file with `numpy.savez` or `numpy.savez_compressed`",
        path.display()
    )]
    ArrayPacking { path: PathBuf, how: String },
    #[error("{}: the label of row {row} is {value}, expected a finite number; leave out rows without a label", path.display())]
    LabelNotFinite { path: PathBuf, row: usize, value: f32 },

    #[error("{} has {features} features, and the model fills in missing values of {fill}", path.display())]
    FillWidth { path: PathBuf, features: usize, fill: usize },
}

impl DataError {
    /// What Arrow says of columns that were read.
    pub(crate) fn column(source: arrow_schema::ArrowError) -> Self {
        DataError::Columns { source: source.into() }
    }
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
                "t.csv: line 3, column 1 (`age`) is `old`, expected a finite number; a column can be left out by \
                 --ignore, or named as that of the labels by --label-column, and --delimiter says what parts cells",
            ),
        ];
        for (error, message) in cases {
            assert_eq!(error.to_string(), message);
        }
    }
}
