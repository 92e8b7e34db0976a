//! Options for reading data: how to interpret a file, and the limits on memory and unpacked size.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use narrows_table::Schema;
use serde::{Deserialize, Serialize};

pub use crate::{
    column_names::Names,
    notation::{Bytes, Channels, Character, Depth, Header, InputFormat, Missing, Size},
};
use crate::{column_names::split_names, column_types::ColumnTypes, date_columns::DateColumns, sample_kind::SampleKind};

/// Which data to read, and how. Whatever is `None` is inferred from the data.
///
/// Each field is a key of the configuration file and, with the feature `clap`, a flag of the command line. The doc
/// comment of the field is the help text of both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct Reading {
    /// Data set to read: digits, mnist, fashion-mnist, a folder of images (one subfolder per class) or of IDX files,
    /// a .csv, .tsv, .jsonl, .npy, .npz, .safetensors, .parquet, .arrow, image or IDX file, or - for standard input
    /// [default: digits]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SPEC", help_heading = "Data"))]
    pub data: Option<String>,
    /// Format of the file of --data, or of standard input: csv or npy [default: the ending of the file; for standard
    /// input npy if it begins like a .npy file, and otherwise csv]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FORMAT", help_heading = "Data"))]
    pub input_format: Option<InputFormat>,
    /// File with one label per row (.npy, .csv or IDX) [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", help_heading = "Data"))]
    pub labels: Option<String>,
    /// Column of a table that contains the labels, by name or by index from 0; several, separated by commas, are the
    /// targets of a regression; for an .npz or .safetensors, the name of the array of labels [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Data"))]
    pub label_column: Option<String>,
    /// Columns of a table to use as features, separated by commas, like height,width [default: all columns of numbers,
    /// text, booleans and dates]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_parser = names, help_heading = "Data"))]
    pub columns: Option<Names>,
    /// Columns of a table to exclude from the features, separated by commas, like id,date [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "NAMES", value_parser = names, conflicts_with = "columns", help_heading = "Data")
    )]
    pub ignore: Option<Names>,
    /// Name of the array of an .npz or .safetensors that contains the samples [default: the only array]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Data"))]
    pub key: Option<String>,
    /// Character that separates the cells of a .csv, or `tab` [default: a comma, or a tab for a .tsv]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHARACTER", help_heading = "Data"))]
    pub delimiter: Option<Character>,
    /// Character that quotes the cells of a .csv which contain the delimiter [default: "]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHARACTER", help_heading = "Data"))]
    pub quote: Option<Character>,
    /// Decimal sign of the numbers in a .csv, like , [default: .]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHARACTER", help_heading = "Data"))]
    pub decimal: Option<Character>,
    /// Character between groups of three digits in the numbers of a .csv, like the comma of 1,000 [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHARACTER", help_heading = "Data"))]
    pub thousands: Option<Character>,
    /// Whether the first line of a .csv contains the column names: yes, no or auto (yes if it is text)
    /// [default: auto]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "MODE", help_heading = "Data"))]
    pub header: Option<Header>,
    /// Columns of dates and times to use as features, separated by commas, like when=cyclic,sold=days. `cyclic` makes
    /// sine and cosine of the hour of the day, the day of the week and the day of the year; `days` makes days since the
    /// first date of the training data. A name alone means cyclic. The dates of a mixed table are features without this
    /// option [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME[=FORM]", value_parser = dates, help_heading = "Data"))]
    pub date_columns: Option<DateColumns>,
    /// Types of the columns of a table, separated by commas, like amount=number,country=category,size=ordered:S|M|L.
    /// The types are number, heavy-tailed (a number with rare extreme values), count (a whole number of at least 0),
    /// category, ordered (a category whose levels have an order) and date. A table with --types is a mixed table
    /// [default: told from the values; a table of numbers only is not a mixed table]
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::column_types::deserialize")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME=TYPE", value_parser = types, help_heading = "Data"))]
    pub types: Option<ColumnTypes>,
    /// Largest number of levels of a category of a mixed table. The most frequent levels are kept, and all others are
    /// read as one unseen level [default: 1000]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "COUNT", help_heading = "Data"))]
    pub max_levels: Option<NonZeroUsize>,
    /// How to handle missing values (empty cells, NA, NaN, null): refuse (stop with an error), mean or median (fill in
    /// that of the column in the training part; numbers only), drop (leave out the row), mask (give them to the network
    /// as they are, which makes any table a mixed one), or keep (as NaN; only for `data`)
    /// [default: refuse; `data` keeps them, a model trained with mean or median fills them in, and one trained with
    /// mask takes them as they are]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "METHOD", help_heading = "Data"))]
    pub missing: Option<Missing>,
    /// Size in pixels to which all images of a folder are resized, like 28x28 [default: no resizing, so all images
    /// must have the same size]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "WIDTHxHEIGHT", help_heading = "Data"))]
    pub resize: Option<Size>,
    /// Channels to which all images of a folder are converted: grey (1 channel) or rgb (3 channels) [default: grey if
    /// all images are grey]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHANNELS", help_heading = "Data"))]
    pub channels: Option<Channels>,
    /// Bits per channel to which all images of a folder are converted: 8 (values 0 to 255) or 16 (values 0 to 65535)
    /// [default: those of the first image]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "BITS", help_heading = "Data"))]
    pub depth: Option<Depth>,
    /// What a sample is: features (a row of a table, a vector or an image) or series (a time series of shape
    /// `[length]` or `[channels, length]`) [default: series with --window, and for an .npy, .npz or .safetensors of
    /// floats whose samples have two different sizes; otherwise features]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "KIND", help_heading = "Data"))]
    pub sample: Option<SampleKind>,
    /// Length of the windows that a recording is cut into, in time steps. Rows of the file are time steps in order, and
    /// columns are channels; each window is a sample [default: no windows, every row is a sample]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "STEPS", help_heading = "Data"))]
    pub window: Option<usize>,
    /// Distance between the starts of consecutive windows, in time steps; windows overlap if it is smaller than
    /// --window [default: the length of a window]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "STEPS", help_heading = "Data"))]
    pub hop: Option<usize>,
    /// Column with the time of each step, a number or a timestamp; it is not a feature, and no window crosses a gap,
    /// which is a step of more than 1.5 times the median (with --window) [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Data"))]
    pub time_column: Option<String>,
    /// Column with the group of each step, such as a recording or a machine; it is not a feature, and no window crosses
    /// from one group to the next (with --window) [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Data"))]
    pub group_column: Option<String>,
}

/// Implements what needs the list of all fields, from one list.
macro_rules! fields {
    ($($field:ident),* $(,)?) => {
        impl Reading {
            /// The keys of all fields, in the order of their declaration.
            pub const KEYS: &[&str] = &[$(stringify!($field)),*];

            /// Returns these options, with each `None` replaced by the value in `other`.
            pub fn or(&self, other: &Reading) -> Reading {
                Reading { $($field: self.$field.clone().or_else(|| other.$field.clone())),* }
            }
        }
    };
}

fields![
    data,
    input_format,
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
    group_column
];

/// Limits on the memory and the unpacked size of data. They do not change the values that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Limits {
    /// Memory in bytes for the rows of a data set, like 512MB or 4GB; larger data stays on disk and is read in chunks
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", default_value = "512MB", help_heading = "Data"))]
    pub memory: Bytes,
    /// Largest unpacked size of a compressed file (gzip, zip, Parquet, Arrow), as a multiple of its compressed size
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "FACTOR",
            default_value_t = 200,
            value_parser = clap::value_parser!(u32).range(1..),
            help_heading = "Data"
        )
    )]
    pub unpack: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: Bytes(512_000_000), unpack: 200 }
    }
}

impl Reading {
    /// Returns the columns of the labels: that of the label column, or several whose names are separated by commas.
    /// `is_column` says whether a text is the name of one column.
    pub fn label_columns(&self, is_column: impl Fn(&str) -> bool) -> Names {
        let Some(text) = &self.label_column else { return Names::new() };
        match split_names(text) {
            Ok(names) if names.len() > 1 && !is_column(text) => names,
            Ok(_) | Err(_) => vec![text.clone()],
        }
    }
}

/// All options of [`load`](crate::load) and [`stream`](crate::stream()).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// How to interpret the files.
    pub reading: Reading,
    /// Limits on memory and unpacked size.
    pub limits: Limits,
    /// The folder that contains `data/sets/<name>/`. Defaults to the working directory.
    pub sets: Option<PathBuf>,
    /// The columns of a mixed table, for example of a trained model. The rows of a table become cells by this schema:
    /// columns are found by name, and others pass through. `columns`, `ignore` and `types` are then ignored.
    pub schema: Option<Arc<Schema>>,
    /// Whether a table has features, or all its columns pass through.
    pub features: Features,
}

impl LoadOptions {
    /// Returns whether a table that is read with these options could be a mixed one with `--types`.
    pub(crate) fn may_be_mixed(&self) -> bool {
        let Reading { window, time_column, group_column, .. } = &self.reading;
        matches!(self.features, Features::Values | Features::ValuesAndColumns)
            && window.is_none()
            && time_column.is_none()
            && group_column.is_none()
    }
}

/// What the columns of a table are that are features by the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Features {
    /// The values of the samples.
    #[default]
    Values,
    /// The values of the samples, and of a mixed table also pass-through columns, as they are in the file. Text in a
    /// column of numbers becomes a number in the notation of Rust.
    ValuesAndColumns,
    /// The values of the samples, which are numbers: text is refused, as for a model of a table of numbers.
    Numbers,
    /// Pass-through columns, like all others. The samples have no values, and [`Head::columns`](crate::Head::columns)
    /// names these columns. Tables of text are passed through as text.
    PassThrough,
}

/// Parses `a,b,c`.
#[cfg(feature = "clap")]
fn names(text: &str) -> Result<Names, String> {
    let names = split_names(text)?;
    if names.iter().any(String::is_empty) {
        Err(format!("`{text}` contains an empty column name; expected names separated by commas, like a,b"))
    } else {
        Ok(names)
    }
}

/// Parses `a=cyclic,b=days`.
#[cfg(feature = "clap")]
fn dates(text: &str) -> Result<DateColumns, String> {
    names(text)?.iter().map(|column| column.parse()).collect()
}

/// Parses `a=number,b=ordered:S|M|L`.
#[cfg(feature = "clap")]
fn types(text: &str) -> Result<ColumnTypes, String> {
    crate::column_types::parse(text)
}

#[cfg(all(test, feature = "clap"))]
mod tests {
    use super::names;

    #[test]
    fn a_name_with_a_comma_is_written_in_quotes() {
        let cases: [(&str, &[&str]); 5] = [
            ("a,b", &["a", "b"]),
            (" a , b ", &["a", "b"]),
            ("a,\"height, cm\"", &["a", "height, cm"]),
            ("\"say \"\"hi\"\"\", b", &["say \"hi\"", "b"]),
            ("5\" disk", &["5\" disk"]),
        ];
        for (text, expected) in cases {
            assert_eq!(names(text).as_deref(), Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]));
        }
        assert!(names("a,,b").expect_err("empty").contains("empty column name"));
        assert!(names("\"a,b").expect_err("unclosed").contains("unclosed quote"));
    }
}
