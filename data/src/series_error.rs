//! The errors of reading series and of cutting recordings into windows.

use std::path::PathBuf;

/// Why samples could not be read as series, or a recording could not be cut into windows.
///
/// Rows are numbered from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum SeriesError {
    #[error(
        "{}: samples have shape {shape:?}, but a series has shape [length] or [channels, length]; leave out \
         --sample series, or write the samples in one of these shapes",
        path.display()
    )]
    Shape { path: PathBuf, shape: Vec<usize> },

    #[error("--{option} is 0, expected at least 1 time step")]
    Zero { option: &'static str },

    #[error("--{option} applies to windows of a recording only; set their length with --window, or remove it")]
    NeedsWindow { option: &'static str },

    #[error("--sample features cannot be combined with --window, whose samples are series; remove one of them")]
    NotSeries,

    #[error(
        "{}: rows have shape {shape:?}, but a recording has one time step per row and one channel per column; leave \
         out --window, or write the recording as [steps, channels]",
        path.display()
    )]
    Recording { path: PathBuf, shape: Vec<usize> },

    #[error(
        "{}: --window is {window} time steps, but the longest part of the recording without a gap, a missing row or a \
         change of the group has {longest}; pass a longer recording, keep the rows of a group next to each other, or train \
         with a shorter window",
        path.display()
    )]
    TooShort { path: PathBuf, window: usize, longest: usize },

    #[error(
        "{}: column `{column}` is the --{option}, so it cannot be a feature; remove it from --columns",
        path.display()
    )]
    InSample { path: PathBuf, column: String, option: &'static str },

    #[error("{}: row {row} has no time in column `{column}`; add it, or remove the row", path.display())]
    TimeMissing { path: PathBuf, row: usize, column: String },

    #[error(
        "{}: row {row}, column `{column}` is `{cell}`, expected a time: a number, or a timestamp like \
         2026-01-31T12:30:00.5Z, in the same notation in every row",
        path.display()
    )]
    NotTime { path: PathBuf, row: usize, column: String, cell: String },

    #[error(
        "{}: the time in row {row}, column `{column}` is {after}, before that of the previous row, {before}; sort the \
         rows by time, or name the column of the recordings with --group-column",
        path.display()
    )]
    TimeDecreases { path: PathBuf, row: usize, column: String, before: String, after: String },

    #[error("{}: column `{column}` has type {found}, expected numbers or timestamps for --time-column", path.display())]
    TimeType { path: PathBuf, column: String, found: String },
}
