//! The errors of reading data. Each message names the file and position, and says what to do.

mod phrase;
mod wrap;

use std::{error::Error, io, path::PathBuf};

use self::phrase::{length, list, missing, not_finite};
use crate::{
    content_error::ContentError, counted::counted, notation::Character, printable::printable,
    series_error::SeriesError, table_error::TableError,
};

/// The accepted data arguments, for messages about an argument that is not recognised.
pub(crate) const ACCEPTED: &str = "digits, mnist, fashion-mnist, or a path to a .csv, \
    .tsv, .jsonl, .npy, .npz, .safetensors, .parquet or .arrow file, an IDX file (raw or gzipped), an image, a folder \
    of images, or a folder with IDX files such as train-images-idx3-ubyte";

/// Why data could not be loaded.
///
/// Lines of a CSV file are numbered from 1, as in editors. Rows and columns are numbered from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum DataError {
    #[error("cannot read {}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("{} ends too early; the file is cut off, so download or copy it again", path.display())]
    CutOff { path: PathBuf },

    #[error(
        "{} unpacks to more than {times} times its compressed size; if that is correct, raise the limit with \
         --unpack", path.display()
    )]
    Bomb { path: PathBuf, times: u32 },

    #[error(
        "cannot store the rows of {} in the temporary folder {}; set TMPDIR to another folder, or allow \
         more memory with --memory",
        path.display(), folder.display()
    )]
    Spool { path: PathBuf, folder: PathBuf, source: io::Error },

    #[error("`{spec}` is neither a known data set nor the path of a file or folder; expected {ACCEPTED}")]
    NotFound { spec: String },

    #[error("{} has no known format; expected {ACCEPTED}", path.display())]
    UnknownFormat { path: PathBuf },

    #[error("the data set `{name}` was not found (looked in {}); download it with `just data {name}`", list(folders))]
    SetMissing { name: &'static str, folders: Vec<PathBuf> },

    #[error(
        "{} is not the published file: its SHA-256 is {found}, expected {expected}; \
         remove it and run `just data {name}`", path.display()
    )]
    SetAltered { name: &'static str, path: PathBuf, expected: String, found: String },

    #[error("{} has no {missing} (or {missing}.gz); both the images and the labels are required", folder.display())]
    FolderIncomplete { folder: PathBuf, missing: String },

    #[error(
        "{}: samples have shape {found:?}, but samples of the training part have shape {expected:?}; both must be \
         equal",
        path.display()
    )]
    SampleShape { path: PathBuf, expected: Vec<usize>, found: Vec<usize> },

    #[error(transparent)]
    Series(Box<SeriesError>),

    #[error(transparent)]
    Content(Box<ContentError>),

    #[error(transparent)]
    Table(Box<TableError>),

    #[error("{} is empty; expected at least 1 row", path.display())]
    Empty { path: PathBuf },

    #[error("{} has no rows; expected at least 1", path.display())]
    NoRows { path: PathBuf },

    #[error(
        "an array of shape {shape:?} has no values; expected [rows, ...sample shape] with at least 1 row and 1 feature"
    )]
    EmptyArray { shape: Vec<usize> },

    #[error("the value of the array in row {row}, column {column} is {value}, expected a finite number")]
    ArrayNotFinite { row: usize, column: usize, value: f32 },

    #[error("{} for {}; give every row of the array one label", counted(*labels, "label"), counted(*rows, "row"))]
    ArrayLabels { rows: usize, labels: usize },

    #[error("{}: a sample has 0 features, expected at least 1", path.display())]
    NoFeatures { path: PathBuf },

    #[error(
        "{}: the header declares {declared} bytes of values (shape {shape:?}), found {}",
        path.display(), length(*declared, *found)
    )]
    Length { path: PathBuf, shape: Vec<usize>, declared: u128, found: u64 },

    #[error("{}: the array has {}, expected {expected}", path.display(), counted(*found, "dimension"))]
    Rank { path: PathBuf, expected: &'static str, found: usize },

    #[error("{}: elements have type `{found}`, expected {expected}; convert the file", path.display())]
    ElementType { path: PathBuf, expected: &'static str, found: String },

    #[error(
        "{}: expected an IDX header of 0, 0, type, rank and {rank} sizes of 4 bytes each, found {found:?}",
        path.display()
    )]
    IdxHeader { path: PathBuf, rank: usize, found: Vec<u8> },

    #[error("{}: the header is not a valid .npy header; write the file with `numpy.save`", path.display())]
    NpyHeader { path: PathBuf, source: Option<Box<dyn Error + Send + Sync>> },

    #[error(
        "{}: row {row}, column {column} is {}",
        path.display(), not_finite(*value)
    )]
    NotFinite { path: PathBuf, row: usize, column: String, value: f32 },

    #[error(
        "{}: values are {found}, but values of the training part are {expected}; convert one of the two",
        path.display()
    )]
    SampleType { path: PathBuf, expected: &'static str, found: &'static str },

    #[error("{}: line {line} is not UTF-8; save the file as UTF-8", path.display())]
    NotText { path: PathBuf, line: u64 },

    #[error("{}: line {line} has {}, expected {expected}{advice}", path.display(), counted(*found, "cell"))]
    Ragged { path: PathBuf, line: u64, expected: usize, found: usize, advice: String },

    #[error(
        "{}: line {line}, column {column} is `{cell}`, expected a finite number; {advice}", path.display()
    )]
    Cell { path: PathBuf, line: u64, column: String, cell: String, advice: Box<str> },

    #[error("{}: line {line}, column {column} is empty, expected a label; write one, or remove the row", path.display())]
    LabelEmpty { path: PathBuf, line: u64, column: String },

    #[error(
        "{}: line 1 mixes numbers (`{cell}` in column {column}, counted from 0) and text; pass --header yes or no to say whether it \
         contains the column names; a column of text can be excluded with --ignore, or used as the labels with \
         --label-column",
        path.display()
    )]
    MixedHeading { path: PathBuf, column: usize, cell: String },

    #[error("--{option} does not apply to {kind}, and `{spec}` is one; remove it")]
    OptionUnused { option: String, spec: String, kind: &'static str },

    #[error("{} changed while it was read; start again, and do not modify the file until the end", path.display())]
    Changed { path: PathBuf },

    #[error("cannot combine the columns")]
    Columns { source: Box<dyn Error + Send + Sync> },

    #[error("{} is neither a file nor a folder; expected {ACCEPTED}", path.display())]
    NoFile { path: PathBuf },

    #[error(
        "{}: row {row} has the label `{label}`, which is not a class of the training part ({classes})",
        path.display()
    )]
    ClassUnknown { path: PathBuf, row: usize, label: String, classes: String },

    #[error("{} is used both for training and for validation or testing; no row may be in two parts", path.display())]
    SameFile { path: PathBuf },

    #[error("{}: every row has a missing value, so no row is left; use --missing mean or median", path.display())]
    AllMissing { path: PathBuf },

    #[error("{}: every value of column {column} is missing; leave it out with --ignore or --columns", path.display())]
    ColumnMissing { path: PathBuf, column: String },

    #[error(
        "`{spec}` already contains labels, so {} cannot be used too; remove --labels, or leave the labels out of the \
         data",
        path.display()
    )]
    LabelsTwice { spec: String, path: PathBuf },

    #[error(
        "{} has {}, but {} has {rows}; give every row one label, and the file of labels no header line",
        path.display(), counted(*found, "label"), data.display()
    )]
    LabelCount { path: PathBuf, found: usize, data: PathBuf, rows: String },

    #[error("{} is UTF-16 text; save the file as UTF-8", path.display())]
    Utf16 { path: PathBuf },

    #[error(
        "{}: line {line}, column {column} {}; pass --missing mean, median, drop or mask", path.display(), missing(cell)
    )]
    CellMissing { path: PathBuf, line: u64, column: String, cell: String },

    #[error(
        "{}: line {line}, column {column} is `{cell}`, which is outside the range of a finite `f32`; correct or \
         scale it",
        path.display()
    )]
    CellBeyond { path: PathBuf, line: u64, column: String, cell: String },

    #[error(
        "{}: the record that starts in line {line} has more than 32 MB or 524288 cells; a quote may be unclosed \
         there (--quote sets the quote character)", path.display()
    )]
    RecordTooLong { path: PathBuf, line: u64 },

    #[error(
        "{}: the record that starts in line {line} has an unclosed quote; close it, or set the quote character with \
         --quote", path.display()
    )]
    QuoteOpen { path: PathBuf, line: u64 },

    #[error(
        "{}: `{character}` cannot be both the {first} and the {second}; change --{} or --{}",
        path.display(), first.split(' ').next().unwrap_or(first), second.split(' ').next().unwrap_or(second)
    )]
    SameCharacter { path: PathBuf, character: Character, first: &'static str, second: &'static str },

    #[error("{} has no column `{}`; expected {columns}", path.display(), printable(name))]
    ColumnUnknown { path: PathBuf, name: String, columns: String },

    #[error(
        "{}: column {column} is selected twice; a column can be one feature or the labels, not both",
        path.display()
    )]
    ColumnTwice { path: PathBuf, column: String },

    #[error("{}: --columns and --ignore cannot be used together; remove one of them", path.display())]
    ColumnsAndIgnore { path: PathBuf },

    #[error(
        "{} has {found} columns in addition to the features, expected at most {most}; remove columns from the table",
        path.display()
    )]
    OthersTooMany { path: PathBuf, most: usize, found: usize },

    #[error(
        "{}: line 1 was read as column names, because the first label below is an integer, but the label in line \
         {line} is `{label}`; pass --header yes or no to say whether line 1 contains the column names", path.display()
    )]
    LabelHeading { path: PathBuf, line: u64, label: String },

    #[error(
        "{} cannot be read as {format}; the file may be cut off or damaged, or use an unsupported feature; write it \
         again",
        path.display()
    )]
    TableDamaged { path: PathBuf, format: &'static str, source: Box<dyn Error + Send + Sync> },

    #[error(
        "{} is compressed with {found}, which is not supported; write it with snappy, zstd, gzip, lz4 or no \
         compression",
        path.display()
    )]
    Compression { path: PathBuf, found: String },

    #[error("{} has no numeric column for the features; its columns are {columns}", path.display())]
    NoNumbers { path: PathBuf, columns: String },

    #[error(
        "{} has more than one column of lists ({columns}); select the one with the features by --columns",
        path.display()
    )]
    ManyLists { path: PathBuf, columns: String },

    #[error("{}: column `{column}` has type {found}, expected {expected}", path.display())]
    ColumnType { path: PathBuf, column: String, found: String, expected: &'static str },

    #[error(
        "{}: column `{column}` is the label column, so it cannot be a feature; remove it from --columns",
        path.display()
    )]
    LabelInSample { path: PathBuf, column: String },

    #[error(
        "{}: row {row} has no label in column `{column}`; add a label, or remove the row from the file",
        path.display()
    )]
    LabelMissing { path: PathBuf, row: usize, column: String },

    #[error(
        "{}: the label of row {row} in column `{column}` has {found} bytes, expected at most {most}; check that \
         `{column}` is the label column",
        path.display()
    )]
    LabelLong { path: PathBuf, row: usize, column: String, found: usize, most: usize },

    #[error(
        "{}: the list in row {row} of column `{column}` has length {found}, but earlier lists have length \
         {expected}; all must have the same length",
        path.display()
    )]
    ListLength { path: PathBuf, row: usize, column: String, expected: usize, found: usize },

    #[error(
        "{}: the first rows of column `{column}` have no lists, so the number of features is unknown; remove those \
         rows from the file",
        path.display()
    )]
    ListsMissing { path: PathBuf, column: String },

    #[error(
        "{}: found {}, but the header declares {declared}; the file is damaged, so download or copy it again",
        path.display(), counted(*found, "row")
    )]
    RowCount { path: PathBuf, declared: usize, found: usize },

    #[error(
        "{} contains neither train-images-idx3-ubyte nor an image (PNG, JPEG, WebP, BMP, TIFF or \
         GIF), in itself or in a subfolder ({})",
        folder.display(), counted(*others, "other file")
    )]
    NoImages { folder: PathBuf, others: usize },

    #[error(
        "{} has images both in itself ({}) and in subfolders ({}); put either all images into \
         subfolders, one per class, or none",
        folder.display(), direct.display(), nested.display()
    )]
    ImagesMixed { folder: PathBuf, direct: PathBuf, nested: PathBuf },

    #[error(
        "{} is a folder inside the folder of a class; put the images directly into the folder of their class",
        path.display()
    )]
    FolderTooDeep { path: PathBuf },

    #[error("{} cannot be read as an image; repair it or leave it out", path.display())]
    Image { path: PathBuf, source: Box<dyn Error + Send + Sync> },

    #[error(
        "{} has {found} pixels, but {} has {expected}; resize all images with --resize {expected}",
        path.display(), first.display()
    )]
    ImageSize { path: PathBuf, found: crate::notation::Size, first: PathBuf, expected: crate::notation::Size },

    #[error(
        "{} is {found}, but {} is {expected}; convert all images with --channels grey or --channels rgb",
        path.display(), first.display()
    )]
    ImageChannels {
        path: PathBuf,
        found: crate::notation::Channels,
        first: PathBuf,
        expected: crate::notation::Channels,
    },

    #[error(
        "{} is not a complete .npz archive: {reason}; download or copy it again, or write it with `numpy.savez`",
        path.display()
    )]
    Archive { path: PathBuf, reason: &'static str },

    #[error("{} has no array `{name}`; expected {arrays}", path.display())]
    ArrayMissing { path: PathBuf, name: String, arrays: String },

    #[error("{}: cannot determine which array contains the samples; select one with --key: {arrays}", path.display())]
    ArrayChoice { path: PathBuf, arrays: String },

    #[error(
        "{}: the array is {method}, expected stored or deflated; write the file with `numpy.savez` or \
         `numpy.savez_compressed`",
        path.display()
    )]
    ArrayPacking { path: PathBuf, method: String },

    #[error(
        "{}: the label of row {row} is {value}, expected a finite number; remove rows without a label",
        path.display()
    )]
    LabelNotFinite { path: PathBuf, row: usize, value: f32 },

    #[error(
        "{} has {}, but the model has {fill}; pass data with the features of the model",
        path.display(), counted(*features, "feature")
    )]
    FillWidth { path: PathBuf, features: usize, fill: usize },
}

#[cfg(test)]
mod tests;
