//! Arrays and pictures to files: the format is the extension's, and a file is whole or not there.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context, bail};
use narrows_bundle::write_whole;
use ndarray::{ArrayD, ArrayViewD, Axis};
use ndarray_npy::WriteNpyExt;

/// Pictures side by side in a grid.
const COLUMNS: usize = 16;
/// Pictures in a grid at most.
pub(crate) const MOST_PICTURES: usize = 256;

/// What an output file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// NumPy array.
    Npy,
    /// Comma-separated numbers, one row a line, with a heading.
    Csv,
    /// A grid of pictures.
    Png,
}

impl Format {
    /// The format for a path, if it is one of `accepted`.
    pub(crate) fn of(path: &Path, accepted: &[Format]) -> anyhow::Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let found = accepted.iter().copied().find(|format| extension.as_deref() == Some(format.extension()));
        let names: Vec<String> = accepted.iter().map(|format| format!(".{}", format.extension())).collect();
        found.with_context(|| format!("cannot write `{}`: --out takes {}", path.display(), names.join(" or ")))
    }

    fn extension(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Csv => "csv",
            Format::Png => "png",
        }
    }
}

/// Refuses a place that cannot be written to, before any work is done for it.
pub(crate) fn check_writable(path: &Path) -> anyhow::Result<()> {
    let parent = folder_of(path);
    if path.is_dir() {
        bail!("cannot write `{}`: it is a folder", path.display());
    }
    // A device or a pipe would be replaced by a file.
    if path.exists() && !path.is_file() {
        bail!("cannot write `{}`: it is no regular file", path.display());
    }
    if !parent.is_dir() {
        bail!("cannot write `{}`: there is no folder `{}`", path.display(), parent.display());
    }
    Ok(())
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes `array: [rows, ...]`; `column` names the columns of a .csv, `range` is black and white of a
/// picture.
pub(crate) fn write_array(
    path: &Path,
    format: Format,
    array: &ArrayViewD<'_, f32>,
    column: &str,
    range: (f32, f32),
) -> anyhow::Result<()> {
    let bytes = match format {
        Format::Npy => {
            let mut bytes = Vec::new();
            array.write_npy(&mut bytes)?;
            bytes
        }
        Format::Csv => csv(array, column)?.into_bytes(),
        Format::Png => {
            let count = array.len_of(Axis(0)).min(MOST_PICTURES);
            narrows_evaluate::grid(&array.slice_axis(Axis(0), (0..count).into()), range, COLUMNS)?
        }
    };
    write_whole(path, &bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

/// "64 samples in x.npy", or how many of them a picture shows.
pub(crate) fn told(count: usize, what: &str, path: &Path, format: Format) -> String {
    match format {
        Format::Png if count > MOST_PICTURES => {
            format!("the first {MOST_PICTURES} of {count} {what} in {}", path.display())
        }
        Format::Png | Format::Npy | Format::Csv => format!("{count} {what} in {}", path.display()),
    }
}

/// The results of several parts below each other.
pub(crate) fn joined(parts: &[ArrayD<f32>]) -> anyhow::Result<ArrayD<f32>> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(ndarray::concatenate(Axis(0), &views)?)
}

fn csv(array: &ArrayViewD<'_, f32>, column: &str) -> anyhow::Result<String> {
    let width: usize = array.shape().iter().skip(1).product();
    let heading: Vec<String> = (0..width).map(|index| format!("{column}{index}")).collect();
    let mut text = heading.join(",") + "\n";
    for row in array.outer_iter() {
        let cells: Vec<String> = row.iter().map(f32::to_string).collect();
        writeln!(text, "{}", cells.join(","))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(unix)]
    fn a_device_is_never_replaced_by_a_file() {
        let error = super::check_writable("/dev/null".as_ref()).expect_err("a device").to_string();
        assert_eq!(error, "cannot write `/dev/null`: it is no regular file");
    }
}
