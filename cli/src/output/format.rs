//! The formats of output files.

use std::{
    io::{IsTerminal, stdout},
    path::Path,
};

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::target::is_standard_output;
use crate::misuse::UsageError;

/// Format of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// NumPy array.
    Npy,
    /// Comma-separated values with a header line.
    Csv,
    /// Apache Parquet table with typed columns.
    Parquet,
    /// PNG image: a grid of images, or line plots of series.
    Png,
    /// Animated GIF image of a walk through the latent space.
    Gif,
}

/// The format of an output whose path does not name it.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct FormatArguments {
    /// Format of the output: one of the endings that --out takes, without the point, like csv. It is needed for
    /// standard output (--out -), where the report goes to standard error [default: the ending of --out]
    #[arg(long, value_enum, value_name = "FORMAT", requires = "out", hide_possible_values = true)]
    format: Option<Format>,
}

impl FormatArguments {
    /// Returns the format of the output at `path`, if it is one of `accepted`.
    pub(crate) fn of(self, path: &Path, accepted: &[Format]) -> anyhow::Result<Format> {
        let format = match self.format {
            None => Format::of_flag(path, "--out", accepted)?,
            Some(format) if accepted.contains(&format) => format,
            Some(format) => {
                let names = listed(accepted.iter().map(|format| format.extension().to_owned()).collect());
                bail!(UsageError(format!("--format is {}, but this command writes {names}", format.extension())));
            }
        };
        if is_standard_output(path) && format != Format::Csv && stdout().is_terminal() {
            bail!("standard output is a terminal, and .{} is not text; redirect it to a file", format.extension());
        }
        Ok(format)
    }
}

/// Joins words with commas, and the last two with `or`.
fn listed(words: Vec<String>) -> String {
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.join(", "),
    }
}

impl Format {
    /// Formats for rows of numbers.
    pub(crate) const ROWS: [Format; 3] = [Format::Npy, Format::Csv, Format::Parquet];
    /// Formats for rows with text.
    pub(crate) const TABLES: [Format; 2] = [Format::Csv, Format::Parquet];
    /// Formats for samples, which may be images.
    pub(crate) const SAMPLES: [Format; 4] = [Format::Npy, Format::Csv, Format::Png, Format::Parquet];

    /// Formats for samples along a walk through the latent space.
    pub(crate) const WALKS: [Format; 5] = [Format::Npy, Format::Csv, Format::Png, Format::Gif, Format::Parquet];

    /// Returns the format that the extension of `path`, the value of `flag`, names, if it is one of `accepted`.
    pub(crate) fn of_flag(path: &Path, flag: &str, accepted: &[Format]) -> anyhow::Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let format = accepted.iter().copied().find(|format| extension.as_deref() == Some(format.extension()));
        let Some(format) = format else {
            let endings = listed(accepted.iter().map(|format| format!(".{}", format.extension())).collect());
            bail!(UsageError(format!("cannot write `{}`: {flag} takes {endings}", path.display())));
        };
        Ok(format)
    }

    /// Returns whether a file of this format can also contain pass-through columns.
    pub(crate) fn is_table(self) -> bool {
        match self {
            Format::Npy | Format::Png | Format::Gif => false,
            Format::Csv | Format::Parquet => true,
        }
    }

    /// Returns whether a file of this format is a picture of the samples.
    pub(crate) fn is_picture(self) -> bool {
        match self {
            Format::Png | Format::Gif => true,
            Format::Npy | Format::Csv | Format::Parquet => false,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
            Format::Png => "png",
            Format::Gif => "gif",
        }
    }
}
