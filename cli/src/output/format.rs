//! The formats of output files.

use std::path::Path;

use anyhow::Context;

/// Format of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Format {
    /// Formats for rows of numbers.
    pub(crate) const ROWS: [Format; 3] = [Format::Npy, Format::Csv, Format::Parquet];
    /// Formats for samples, which may be images.
    pub(crate) const SAMPLES: [Format; 4] = [Format::Npy, Format::Csv, Format::Png, Format::Parquet];

    /// Formats for samples along a walk through the latent space.
    pub(crate) const WALKS: [Format; 5] = [Format::Npy, Format::Csv, Format::Png, Format::Gif, Format::Parquet];

    /// Returns the format that the extension of `path`, the value of --out, names, if it is one of `accepted`.
    pub(crate) fn of(path: &Path, accepted: &[Format]) -> anyhow::Result<Self> {
        Format::of_flag(path, "--out", accepted)
    }

    /// Returns the format that the extension of `path`, the value of `flag`, names, if it is one of `accepted`.
    pub(crate) fn of_flag(path: &Path, flag: &str, accepted: &[Format]) -> anyhow::Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let format = accepted.iter().copied().find(|format| extension.as_deref() == Some(format.extension()));
        let names: Vec<String> = accepted.iter().map(|format| format!(".{}", format.extension())).collect();
        let names = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            names => names.join(", "),
        };
        format.with_context(|| format!("cannot write `{}`: {flag} takes {names}", path.display()))
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
