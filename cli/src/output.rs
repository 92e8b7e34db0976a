//! Rows and pictures to files: the format is the extension's, and a file is whole or not there.

mod class_column;
mod picture;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use narrows_bundle::AtomicFile;
use narrows_data::{
    RecordBatch,
    write::{self, Layout, WriteError, Writer},
};
use ndarray::ArrayViewD;

use self::picture::Pictures;
pub(crate) use self::{class_column::with_classes, picture::MOST_PICTURES};
use crate::{report::Stopped, stop::Stop};

/// What an output file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// NumPy array.
    Npy,
    /// Comma-separated numbers, one row a line, with a heading.
    Csv,
    /// A table with typed columns.
    Parquet,
    /// A grid of pictures.
    Png,
}

impl Format {
    /// Rows of numbers.
    pub(crate) const ROWS: [Format; 3] = [Format::Npy, Format::Csv, Format::Parquet];
    /// Samples, which may be pictures.
    pub(crate) const SAMPLES: [Format; 4] = [Format::Npy, Format::Csv, Format::Png, Format::Parquet];

    /// The format for a path, if it is one of `accepted`.
    pub(crate) fn of(path: &Path, accepted: &[Format]) -> anyhow::Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let found = accepted.iter().copied().find(|format| extension.as_deref() == Some(format.extension()));
        let names: Vec<String> = accepted.iter().map(|format| format!(".{}", format.extension())).collect();
        found.with_context(|| format!("cannot write `{}`: --out takes {}", path.display(), names.join(" or ")))
    }

    /// Whether other columns stand beside the rows.
    pub(crate) fn is_table(self) -> bool {
        match self {
            Format::Npy | Format::Png => false,
            Format::Csv | Format::Parquet => true,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
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

/// Refuses a file that is among the data, which would be lost.
pub(crate) fn check_apart(path: &Path, data: &str) -> anyhow::Result<()> {
    if narrows_data::is_known(data) {
        return Ok(());
    }
    let (Ok(data), Ok(folder)) = (Path::new(data).canonicalize(), folder_of(path).canonicalize()) else {
        return Ok(());
    };
    let path = path.canonicalize().unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()));
    if path == data || (data.is_dir() && path.starts_with(&data) && path.exists()) {
        bail!("cannot write `{}`: it is the data that is read, or a part of it; name another place", path.display());
    }
    Ok(())
}

/// Refuses rows that hold a number which is not finite; `first` rows came before them.
pub(crate) fn check_finite(rows: &ArrayViewD<'_, f32>, first: usize) -> anyhow::Result<()> {
    let Some(place) = rows.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let width = rows.shape().iter().skip(1).product::<usize>().max(1);
    bail!(
        "row {} gives a number that is not finite: what goes in is too large for 32-bit floats, or far from what \
         the model was trained on",
        first + place / width
    );
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that rows go to, a chunk at a time.
///
/// It stands beside its place until it is whole. From its beginning on signals are heard: the first one is
/// answered between two chunks, and leaves nothing.
pub(crate) struct Output {
    path: PathBuf,
    stop: Stop,
    rows: usize,
    kind: Kind,
}

enum Kind {
    InputStream(Box<Writer<AtomicFile>>),
    Pictures(Pictures),
}

impl Output {
    /// Begins a file of rows of this layout; `range` is black and white of a picture.
    pub(crate) fn begin(path: &Path, format: Format, layout: Layout, range: (f32, f32)) -> anyhow::Result<Self> {
        let format = match format {
            Format::Npy => Some(write::Format::Npy),
            Format::Csv => Some(write::Format::Csv),
            Format::Parquet => Some(write::Format::Parquet),
            Format::Png => None,
        };
        let stop = Stop::listen()?;
        let kind = match format {
            Some(format) => {
                let file = AtomicFile::create(path).map_err(WriteError::from);
                let writer = file.and_then(|file| {
                    stop.remove_on_exit(file.partial());
                    Writer::create(file, format, layout)
                });
                Kind::InputStream(Box::new(writer.with_context(|| cannot_write(path))?))
            }
            None => Kind::Pictures(Pictures::new(range)),
        };
        stop.watch_for();
        Ok(Output { path: path.to_owned(), stop, rows: 0, kind })
    }

    /// Adds `rows: [count, ...shape of a row]`, with other columns beside them where there is room for them.
    pub(crate) fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> anyhow::Result<()> {
        self.check_stop()?;
        check_finite(rows, self.rows)?;
        self.rows += rows.shape().first().copied().unwrap_or_default();
        match &mut self.kind {
            Kind::InputStream(writer) => writer.write(rows, others).with_context(|| cannot_write(&self.path)),
            Kind::Pictures(pictures) => Ok(pictures.add(rows)?),
        }
    }

    /// Whether more rows would not be seen.
    pub(crate) fn is_full(&self) -> bool {
        match &self.kind {
            Kind::InputStream(_) => false,
            Kind::Pictures(_) => self.rows >= MOST_PICTURES,
        }
    }

    /// Completes the file and gives it its name. "64 codes in z.npy", or how many of them a picture shows.
    pub(crate) fn finish(self, what: &str) -> anyhow::Result<String> {
        self.check_stop()?;
        let Output { path, rows, kind, .. } = self;
        let place = path.display();
        let told = match (&kind, rows) {
            (Kind::Pictures(_), MOST_PICTURES..) => format!("the first {MOST_PICTURES} {what} in {place}"),
            (Kind::Pictures(_) | Kind::InputStream(_), _) => format!("{rows} {what} in {place}"),
        };
        match kind {
            Kind::InputStream(writer) => {
                let written = writer.finish().and_then(|file| Ok(file.commit()?));
                written.with_context(|| cannot_write(&path))?;
            }
            Kind::Pictures(pictures) => {
                let png = pictures.draw()?;
                narrows_bundle::write_atomic(&path, &png).with_context(|| cannot_write(&path))?;
            }
        }
        Ok(told)
    }

    /// Ends the program if somebody asked for it.
    fn check_stop(&self) -> anyhow::Result<()> {
        match self.stop.asked() {
            Some(signal) => {
                let told = format!("interrupted after {} rows; `{}` was not written", self.rows, self.path.display());
                Err(Stopped { signal, told }.into())
            }
            None => Ok(()),
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write `{}`", path.display())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_device_is_never_replaced_by_a_file() {
        let error = check_writable("/dev/null".as_ref()).expect_err("a device").to_string();
        assert_eq!(error, "cannot write `/dev/null`: it is no regular file");
    }

    #[test]
    fn rows_are_a_file_when_they_are_finished_and_nothing_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("z.csv");
        let entries = || std::fs::read_dir(folder.path()).expect("ours").count();
        let begun = || {
            let mut output = Output::begin(&path, Format::Csv, Layout::numbered(&[1], "z"), (0.0, 1.0)).expect("ours");
            output.write(&array![[1.5]].into_dyn().view(), None).expect("ours");
            output
        };
        drop(begun());
        assert_eq!(entries(), 0);
        let told = begun().finish("codes").expect("ours");
        assert!(told.starts_with("1 codes in ") && told.ends_with("z.csv"), "{told}");
        assert_eq!((std::fs::read(&path).expect("whole"), entries()), (b"z0\n1.5\n".to_vec(), 1));
    }

    #[test]
    fn a_picture_takes_what_fits() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.png");
        let mut output =
            Output::begin(&path, Format::Png, Layout::numbered(&[2, 2, 3], "x"), (0.0, 1.0)).expect("ours");
        for _ in 0..3 {
            output.write(&ndarray::ArrayD::zeros(vec![100, 2, 2, 3]).view(), None).expect("pictures");
        }
        assert!(output.is_full());
        assert!(output.finish("samples").expect("ours").starts_with("the first 256 samples in "));
    }
}
