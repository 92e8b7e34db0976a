//! Finds the data set, file or folder that a `spec` names, and opens it.

mod arrow;
mod choice;
mod columnar;
mod compressed;
mod csv;
mod dates;
mod digits;
mod folder;
pub(crate) mod idx;
mod images;
mod json_lines;
mod label_file;
mod mixed;
mod npy;
mod npz;
mod parquet;
mod parts;
mod safetensors;
mod sets;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    error::DataError,
    open_data::{OpenData, name_of},
    reader::Opened,
    reading::{InputFormat, LoadOptions, Missing, Reading},
    series_error::SeriesError,
    standard_input,
};
pub(crate) use mixed::stored;
use sets::NamedSet;

/// Whether `spec` is the name of a data set. A name takes precedence over a file or folder of the same name.
pub fn is_known(spec: &str) -> bool {
    spec == "digits" || sets::named(spec).is_some()
}

/// Whether `spec` is the path of a folder, or of a file with the ending of an image.
pub fn is_image_path(spec: &str) -> bool {
    let path = Path::new(spec);
    path.is_dir() || path.file_name().is_some_and(images::is_image)
}

/// Whether `spec` is standard input.
pub fn is_standard_input(spec: &str) -> bool {
    spec == standard_input::SPEC
}

/// Opens the data set, file or folder that `spec` names.
pub(crate) fn open(spec: &str, options: &LoadOptions) -> Result<OpenData, DataError> {
    let source = Format::parse(spec, options.reading.input_format)?;
    check_options(spec, &source, &options.reading)?;
    let mut data = match source {
        Format::Digits => digits::open(),
        Format::Set(set) => sets::open(set, options)?,
        Format::IdxFolder(path) => folder::open(name_of(&path), &path, options)?,
        Format::Images(path) | Format::Image(path) => single(path, options, images::open)?,
        Format::Parts(path, kind) => {
            let open = match kind {
                parts::Kind::Csv => csv::open,
                parts::Kind::JsonLines => json_lines::open,
                parts::Kind::Parquet => parquet::open,
                parts::Kind::Arrow => arrow::open,
            };
            let opened = tabular(&path, options, kind, |options| parts::open(&path, options, open))?;
            OpenData::single(path, opened)
        }
        Format::Csv(path) => table(path, options, parts::Kind::Csv, csv::open)?,
        Format::JsonLines(path) => table(path, options, parts::Kind::JsonLines, json_lines::open)?,
        Format::Npy(path) => single(path, options, npy::open)?,
        Format::Npz(path) => npz::open(name_of(&path), &path, options)?,
        Format::Safetensors(path) => safetensors::open(name_of(&path), &path, options)?,
        Format::Parquet(path) => table(path, options, parts::Kind::Parquet, parquet::open)?,
        Format::Arrow(path) => table(path, options, parts::Kind::Arrow, arrow::open)?,
        Format::Idx(path) => single(path, options, idx::open)?,
    };
    if let Some(file) = &options.reading.labels {
        data.train.labels = Some(label_file::read(Path::new(file), options)?);
    }
    let (kind, windowing) = (options.reading.sample_kind(), options.reading.windowing().map_err(DataError::series)?);
    for part in [Some(&data.train), data.test.as_ref()].into_iter().flatten() {
        let shape = &part.opened.head().sample_shape;
        match &windowing {
            Some(_) => check_recording(&part.path, shape).map_err(DataError::series)?,
            None => kind.check(&part.path, shape).map_err(DataError::series)?,
        }
    }
    Ok(data)
}

/// Checks that the rows of a part can be the time steps of a recording.
fn check_recording(path: &Path, shape: &[usize]) -> Result<(), SeriesError> {
    match shape {
        [_] => Ok(()),
        shape => Err(SeriesError::Recording { path: path.to_owned(), shape: shape.to_vec() }),
    }
}

type Open = fn(&Path, &LoadOptions) -> Result<Opened, DataError>;

/// Opens a source that has only a training part.
fn single(path: PathBuf, options: &LoadOptions, open: Open) -> Result<OpenData, DataError> {
    let opened = open(&path, options)?;
    Ok(OpenData::single(path, opened))
}

/// Opens a table, which has only a training part, and may be mixed or have columns of dates.
fn table(path: PathBuf, options: &LoadOptions, kind: parts::Kind, open: Open) -> Result<OpenData, DataError> {
    let opened = tabular(&path, options, kind, |options| open(&path, options))?;
    Ok(OpenData::single(path, opened))
}

/// Opens a table as cells if it is mixed, and otherwise as numbers.
fn tabular(
    path: &Path,
    options: &LoadOptions,
    kind: parts::Kind,
    open: impl Fn(&LoadOptions) -> Result<Opened, DataError>,
) -> Result<Opened, DataError> {
    match mixed::open(path, options, kind, &open)? {
        Some(opened) => Ok(opened),
        None => dates::open(path, options, open),
    }
}

/// The options that apply to every table.
const TABLE_OPTIONS: &[&str] = &[
    "label_column",
    "columns",
    "ignore",
    "date_columns",
    "types",
    "max_levels",
    "missing",
    "resize",
    "channels",
    "depth",
    "sample",
    "window",
    "hop",
    "time_column",
    "group_column",
];
/// The options that apply to a table of text.
const CSV_OPTIONS: &[&str] = &[
    "label_column",
    "columns",
    "ignore",
    "delimiter",
    "quote",
    "decimal",
    "thousands",
    "header",
    "date_columns",
    "types",
    "max_levels",
    "missing",
    "sample",
    "window",
    "hop",
    "time_column",
    "group_column",
];

/// The options that apply to JSON lines.
const JSON_OPTIONS: &[&str] = &[
    "label_column",
    "columns",
    "ignore",
    "date_columns",
    "types",
    "max_levels",
    "missing",
    "sample",
    "window",
    "hop",
    "time_column",
    "group_column",
];
/// The options that apply to a file of named arrays.
const ARRAYS_OPTIONS: &[&str] = &["key", "label_column", "missing", "sample", "window", "hop"];

enum Format {
    Digits,
    Set(&'static NamedSet),
    IdxFolder(PathBuf),
    Images(PathBuf),
    Image(PathBuf),
    Parts(PathBuf, parts::Kind),
    Csv(PathBuf),
    JsonLines(PathBuf),
    Npy(PathBuf),
    Npz(PathBuf),
    Safetensors(PathBuf),
    Parquet(PathBuf),
    Arrow(PathBuf),
    Idx(PathBuf),
}

impl Format {
    fn parse(spec: &str, format: Option<InputFormat>) -> Result<Self, DataError> {
        let found = Self::find(spec, format)?;
        match (format, &found) {
            (None, _) | (_, Self::Csv(_) | Self::Npy(_)) => Ok(found),
            (Some(_), other) => {
                let kind = other.kind_and_options().0;
                Err(DataError::OptionUnused { option: "input-format".to_owned(), spec: spec.to_owned(), kind })
            }
        }
    }

    fn find(spec: &str, format: Option<InputFormat>) -> Result<Self, DataError> {
        if spec == "digits" {
            return Ok(Self::Digits);
        }
        if let Some(set) = sets::named(spec) {
            return Ok(Self::Set(set));
        }
        if is_standard_input(spec) {
            let path = PathBuf::from(standard_input::PATH);
            let format = match format {
                Some(format) => format,
                None => standard_input::format().map_err(|source| DataError::Io { path: path.clone(), source })?,
            };
            return Ok(Self::of_file(path, format));
        }
        let path = PathBuf::from(spec);
        let metadata = path.metadata().map_err(|source| match source.kind() {
            ErrorKind::NotFound => DataError::NotFound { spec: spec.to_owned() },
            _ => DataError::Io { path: path.clone(), source },
        })?;
        if metadata.is_dir() {
            if folder::has_training_images(&path) {
                return Ok(Self::IdxFolder(path));
            }
            return Ok(match parts::kind_of(&path)? {
                Some(kind) => Self::Parts(path, kind),
                None => Self::Images(path),
            });
        }
        if !metadata.is_file() {
            return Err(DataError::NoFile { path });
        }
        if let Some(format) = format {
            return Ok(Self::of_file(path, format));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if [".csv", ".tsv", ".csv.gz", ".tsv.gz"].into_iter().any(ends) => Ok(Self::Csv(path)),
            () if [".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"].into_iter().any(ends) => Ok(Self::JsonLines(path)),
            () if ends(".npy") => Ok(Self::Npy(path)),
            () if ends(".npz") => Ok(Self::Npz(path)),
            () if ends(".safetensors") => Ok(Self::Safetensors(path)),
            () if [".parquet", ".pq"].into_iter().any(ends) => Ok(Self::Parquet(path)),
            () if [".arrow", ".feather", ".ipc"].into_iter().any(ends) => Ok(Self::Arrow(path)),
            () if path.file_name().is_some_and(images::is_image) => Ok(Self::Image(path)),
            () => {
                compressed::check(&path)?;
                if idx::begins_like_idx(&path)? { Ok(Self::Idx(path)) } else { Err(DataError::UnknownFormat { path }) }
            }
        }
    }

    fn of_file(path: PathBuf, format: InputFormat) -> Self {
        match format {
            InputFormat::Csv => Self::Csv(path),
            InputFormat::Npy => Self::Npy(path),
        }
    }

    /// Returns the name of the kind of source for messages, and the options that apply to it (except `labels`).
    fn kind_and_options(&self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Digits | Self::Set(_) => ("a named data set", &[]),
            Self::IdxFolder(_) => ("a folder of IDX files", &[]),
            Self::Images(_) => ("a folder of images", &["resize", "channels", "depth"]),
            Self::Image(_) => ("an image", &["resize", "channels", "depth"]),
            Self::Parts(_, parts::Kind::Csv) => ("a folder of CSV files", CSV_OPTIONS),
            Self::Parts(_, parts::Kind::JsonLines) => ("a folder of JSON lines", JSON_OPTIONS),
            Self::Parts(_, parts::Kind::Parquet | parts::Kind::Arrow) => ("a folder of tables", TABLE_OPTIONS),
            Self::Csv(_) => ("a CSV table", CSV_OPTIONS),
            Self::JsonLines(_) => ("a file of JSON lines", JSON_OPTIONS),
            Self::Npy(_) => ("an .npy array", &["missing", "sample", "window", "hop"]),
            Self::Npz(_) => ("an .npz archive", ARRAYS_OPTIONS),
            Self::Safetensors(_) => ("a file of tensors", ARRAYS_OPTIONS),
            Self::Parquet(_) | Self::Arrow(_) => ("a table", TABLE_OPTIONS),
            Self::Idx(_) => ("an IDX file", &["missing"]),
        }
    }
}

/// Refuses options that do not apply to the source. Ignoring them silently would surprise the user.
fn check_options(spec: &str, source: &Format, reading: &Reading) -> Result<(), DataError> {
    let Reading {
        data: _,
        input_format: _,
        labels,
        label_column,
        columns,
        ignore,
        key,
        delimiter,
        quote,
        decimal,
        thousands,
        header,
        date_columns,
        types,
        max_levels,
        missing,
        resize,
        channels,
        depth,
        sample,
        window,
        hop,
        time_column,
        group_column,
    } = reading;
    let given = [
        ("label_column", label_column.is_some()),
        ("columns", columns.is_some()),
        ("ignore", ignore.is_some()),
        ("key", key.is_some()),
        ("delimiter", delimiter.is_some()),
        ("quote", quote.is_some()),
        ("decimal", decimal.is_some()),
        ("thousands", thousands.is_some()),
        ("header", header.is_some()),
        ("date_columns", date_columns.is_some()),
        ("types", types.is_some()),
        ("max_levels", max_levels.is_some()),
        ("missing", missing.is_some()),
        ("resize", resize.is_some()),
        ("channels", channels.is_some()),
        ("depth", depth.is_some()),
        ("sample", sample.is_some()),
        ("window", window.is_some()),
        ("hop", hop.is_some()),
        ("time_column", time_column.is_some()),
        ("group_column", group_column.is_some()),
    ];
    let (kind, applicable) = source.kind_and_options();
    if let Some((option, _)) = given.into_iter().find(|(option, is_given)| *is_given && !applicable.contains(option)) {
        return Err(DataError::OptionUnused { option: option.replace('_', "-"), spec: spec.to_owned(), kind });
    }
    let is_table = applicable.contains(&"types");
    if *missing == Some(Missing::Mask) && !is_table {
        return Err(DataError::OptionUnused { option: "missing mask".to_owned(), spec: spec.to_owned(), kind });
    }
    let has_labels = match source {
        Format::Digits | Format::Set(_) | Format::IdxFolder(_) => true,
        Format::Images(_)
        | Format::Image(_)
        | Format::Parts(..)
        | Format::Csv(_)
        | Format::JsonLines(_)
        | Format::Npy(_)
        | Format::Npz(_)
        | Format::Safetensors(_)
        | Format::Parquet(_)
        | Format::Arrow(_)
        | Format::Idx(_) => label_column.is_some(),
    };
    match labels {
        Some(path) if has_labels => Err(DataError::LabelsTwice { spec: spec.to_owned(), path: path.into() }),
        Some(_) | None => Ok(()),
    }
}
