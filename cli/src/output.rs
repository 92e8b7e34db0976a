//! Writes rows and images to files or to standard output. The extension or --format decides the format, and every write
//! is atomic: an output is complete or does not exist.

mod class_column;
mod extra_columns;
mod format;
mod row_layout;
mod sample_layout;
mod sample_picture;
mod target;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use narrows_bundle::counted;
use narrows_data::{
    RecordBatch,
    write::{self, WriteError, Writer},
};
use narrows_evaluate::Picture;
use ndarray::ArrayViewD;

pub(crate) use self::{
    class_column::with_classes,
    extra_columns::{ExtraColumn, select_rows, with_columns},
    format::{Format, FormatArguments},
    row_layout::RowLayout,
    sample_layout::sample_layout,
    sample_picture::Arrangement,
};
use self::{
    row_layout::table_columns,
    sample_picture::SamplePicture,
    target::{Target, is_standard_output, name_of},
};
use crate::{
    report::Stopped,
    stop::{Stop, set_unwritten},
};

/// A file of rows.
struct Rows {
    writer: Writer<Target>,
    layout: RowLayout,
}

impl Rows {
    /// Writes all columns as pass-through columns.
    fn write_columns(&mut self, columns: &RecordBatch) -> Result<(), WriteError> {
        let none = ndarray::Array2::zeros((columns.num_rows(), 0));
        self.writer.write(&none.view().into_dyn(), Some(columns))
    }
}

/// Refuses an output path that cannot be written to, before any work is done.
pub(crate) fn check_writable(path: &Path) -> anyhow::Result<()> {
    if is_standard_output(path) {
        return Ok(());
    }
    let parent = folder_of(path);
    if path.is_dir() {
        bail!("cannot write `{}`: it is a folder", path.display());
    }
    // The atomic write would replace a device or a pipe by a regular file.
    if path.exists() && !path.is_file() {
        bail!("cannot write `{}`: it is not a regular file", path.display());
    }
    if !parent.is_dir() {
        bail!("cannot write `{}`: there is no folder `{}`; create it first", path.display(), parent.display());
    }
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => {
            Err(error).with_context(|| format!("cannot write `{}`", path.display()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Refuses an output path that is an input file, which would be overwritten.
pub(crate) fn check_not_input(path: &Path, data: &str) -> anyhow::Result<()> {
    if narrows_data::is_known(data) || narrows_data::is_standard_input(data) || is_standard_output(path) {
        return Ok(());
    }
    let (Ok(data), Ok(folder)) = (Path::new(data).canonicalize(), folder_of(path).canonicalize()) else {
        return Ok(());
    };
    let path = path.canonicalize().unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()));
    if path == data || (data.is_dir() && path.starts_with(&data) && path.exists()) {
        bail!("cannot write `{}`: it is an input file and would be overwritten; name another file", path.display());
    }
    Ok(())
}

/// Refuses rows with a value that is infinite or NaN. `rows_before` is the number of rows before these.
pub(crate) fn check_finite(rows: &ArrayViewD<'_, f32>, rows_before: usize) -> anyhow::Result<()> {
    let Some(position) = rows.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let width = rows.shape().iter().skip(1).product::<usize>().max(1);
    bail!(
        "the model gives a value that is not finite for row {}: its input is too large for 32-bit floats, or far outside \
         the range of the training data",
        rows_before + position / width
    );
}

/// Returns the folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Output that is written chunk by chunk, to a file or to standard output.
///
/// The data goes to a partial file next to the final path until it is complete, or to a temporary file. From the
/// beginning on, the program handles signals: the first one stops it between two chunks, and no partial file remains.
pub(crate) struct Output {
    path: PathBuf,
    stop: Stop,
    rows: usize,
    kind: Kind,
}

enum Kind {
    Rows(Box<Rows>),
    Picture(Box<SamplePicture>),
}

impl Output {
    /// Begins a file of rows with this layout. `picture` says how a PNG shows them.
    pub(crate) fn begin(
        path: &Path,
        format: Format,
        layout: impl Into<RowLayout>,
        picture: Picture,
    ) -> anyhow::Result<Self> {
        Self::begin_arranged(path, format, layout, picture, Arrangement::Automatic)
    }

    /// Begins a file of rows with this layout. `picture` and `arrangement` say how a picture shows them.
    pub(crate) fn begin_arranged(
        path: &Path,
        format: Format,
        layout: impl Into<RowLayout>,
        picture: Picture,
        arrangement: Arrangement,
    ) -> anyhow::Result<Self> {
        let layout = layout.into();
        layout.check(path, format)?;
        let format = match format {
            Format::Npy => Some(write::Format::Npy),
            Format::Csv => Some(write::Format::Csv),
            Format::Parquet => Some(write::Format::Parquet),
            Format::Png | Format::Gif => None,
        };
        let stop = Stop::listen()?;
        set_unwritten(unwritten(path));
        stop.defer_first_signal();
        let kind = match format {
            Some(format) => {
                let target = Target::create(path, &stop).map_err(WriteError::from);
                let writer = target.and_then(|target| Writer::create(target, format, layout.floats()));
                let writer = writer.with_context(|| cannot_write(path))?;
                Kind::Rows(Box::new(Rows { writer, layout }))
            }
            None => Kind::Picture(Box::new(SamplePicture::new(picture, arrangement))),
        };
        Ok(Output { path: path.to_owned(), stop, rows: 0, kind })
    }

    /// Appends `rows: [count, ...shape of a row]`, with pass-through columns if the format supports them.
    pub(crate) fn write(&mut self, rows: &ArrayViewD<'_, f32>, others: Option<&RecordBatch>) -> anyhow::Result<()> {
        check_finite(rows, self.rows)?;
        self.append(rows, None, others)
    }

    /// Does the same with the classes of the rows, which a table writes to its columns of the label. Other rows ignore
    /// them.
    pub(crate) fn write_of_classes(
        &mut self,
        rows: &ArrayViewD<'_, f32>,
        classes: &[String],
        others: Option<&RecordBatch>,
    ) -> anyhow::Result<()> {
        check_finite(rows, self.rows)?;
        self.append(rows, Some(classes), others)
    }

    /// Does the same for rows with missing values, which are NaN. The layout must allow them.
    pub(crate) fn write_with_missing(
        &mut self,
        rows: &ArrayViewD<'_, f32>,
        others: Option<&RecordBatch>,
    ) -> anyhow::Result<()> {
        self.append(rows, None, others)
    }

    /// Appends rows of a mixed table that are decoded already, in the order of the file.
    pub(crate) fn write_columns(&mut self, columns: &RecordBatch) -> anyhow::Result<()> {
        check_stop(&self.stop, self.rows, &self.path)?;
        self.rows += columns.num_rows();
        match &mut self.kind {
            Kind::Rows(rows) => rows.write_columns(columns).with_context(|| cannot_write(&self.path)),
            Kind::Picture(_) => bail!("a picture cannot show the columns of a table; write a .csv or .parquet file"),
        }
    }

    fn append(
        &mut self,
        rows: &ArrayViewD<'_, f32>,
        classes: Option<&[String]>,
        others: Option<&RecordBatch>,
    ) -> anyhow::Result<()> {
        check_stop(&self.stop, self.rows, &self.path)?;
        self.rows += rows.shape().first().copied().unwrap_or_default();
        match &mut self.kind {
            Kind::Rows(rows_file) => {
                let written = match &rows_file.layout {
                    RowLayout::Floats(_) => rows_file.writer.write(rows, others),
                    RowLayout::Table(decoder) => {
                        let columns = table_columns(decoder, rows, classes, others)?;
                        rows_file.write_columns(&columns)
                    }
                };
                written.with_context(|| cannot_write(&self.path))
            }
            Kind::Picture(picture) => Ok(picture.add(rows)?),
        }
    }

    /// Adds the originals of the reconstructions that were written last, for a picture of series. Other files ignore
    /// them.
    pub(crate) fn write_originals(&mut self, rows: &ArrayViewD<'_, f32>) -> anyhow::Result<()> {
        match &mut self.kind {
            Kind::Rows(_) => Ok(()),
            Kind::Picture(picture) => Ok(picture.add_originals(rows)?),
        }
    }

    /// Returns whether a picture already shows as many rows as it can.
    pub(crate) fn is_full(&self) -> bool {
        match &self.kind {
            Kind::Rows(_) => false,
            Kind::Picture(picture) => self.rows >= picture.capacity(),
        }
    }

    /// Completes the file and moves it to its path. Returns a message such as "wrote 64 codes to z.npy", where `noun`
    /// is the word for a row. `suffix` follows the noun.
    pub(crate) fn finish(self, noun: &str, suffix: &str) -> anyhow::Result<String> {
        check_stop(&self.stop, self.rows, &self.path)?;
        let Output { path, stop, rows, kind } = self;
        let file = name_of(&path);
        let shown = match &kind {
            Kind::Rows(_) => None,
            Kind::Picture(picture) => picture.truncated().filter(|&capacity| rows >= capacity),
        };
        let message = match shown {
            Some(shown) => format!("wrote the first {shown} {noun}s{suffix} to {file}"),
            None => format!("wrote {}{suffix} to {file}", counted(rows, noun)),
        };
        let target = match kind {
            Kind::Rows(rows) => rows.writer.finish().with_context(|| cannot_write(&path))?,
            Kind::Picture(picture) => {
                let image = picture.draw(&|| stop.signal().is_some());
                // The drawing of a stopped animation ends with an error.
                check_stop(&stop, rows, &path)?;
                picture_target(&path, &image?, &stop).with_context(|| cannot_write(&path))?
            }
        };
        check_stop(&stop, rows, &path)?;
        target.commit().with_context(|| cannot_write(&path))?;
        Ok(message)
    }
}

/// Writes a picture to an output that is not visible yet.
fn picture_target(path: &Path, image: &[u8], stop: &Stop) -> io::Result<Target> {
    let mut target = Target::create(path, stop)?;
    target.write_all(image)?;
    Ok(target)
}

/// Returns an error if a signal was received.
fn check_stop(stop: &Stop, rows: usize, path: &Path) -> anyhow::Result<()> {
    match stop.signal() {
        Some(signal) => {
            let message = format!("interrupted after {}; {}", counted(rows, "row"), unwritten(path));
            Err(Stopped { signal, message }.into())
        }
        None => Ok(()),
    }
}

/// Says that an output does not exist.
fn unwritten(path: &Path) -> String {
    match is_standard_output(path) {
        true => "nothing was written".to_owned(),
        false => format!("`{}` was not written", path.display()),
    }
}

fn cannot_write(path: &Path) -> String {
    match is_standard_output(path) {
        true => "cannot write to standard output".to_owned(),
        false => format!("cannot write `{}`", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use narrows_data::write::Layout;

    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_device_is_never_replaced_by_a_file() {
        let error = check_writable("/dev/null".as_ref()).expect_err("a device").to_string();
        assert_eq!(error, "cannot write `/dev/null`: it is not a regular file");
    }

    #[test]
    fn the_file_exists_only_after_finish() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("z.csv");
        let entries = || std::fs::read_dir(folder.path()).expect("ours").count();
        let begin = || {
            let mut output =
                Output::begin(&path, Format::Csv, Layout::numbered(&[1], "z"), Picture::default()).expect("ours");
            output.write(&array![[1.5]].into_dyn().view(), None).expect("ours");
            output
        };
        drop(begin());
        assert_eq!(entries(), 0);
        let message = begin().finish("code", "").expect("ours");
        assert!(message.starts_with("wrote 1 code to ") && message.ends_with("z.csv"), "{message}");
        assert_eq!((std::fs::read(&path).expect("complete"), entries()), (b"z0\n1.5\n".to_vec(), 1));
    }

    #[test]
    fn an_image_shows_the_first_256_samples() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.png");
        let mut output =
            Output::begin(&path, Format::Png, Layout::numbered(&[2, 2, 3], "x"), Picture::default()).expect("ours");
        for _ in 0..3 {
            output.write(&ndarray::ArrayD::zeros(vec![100, 2, 2, 3]).view(), None).expect("images");
        }
        assert!(output.is_full());
        assert!(output.finish("sample", "").expect("ours").starts_with("wrote the first 256 samples to "));
    }
}
