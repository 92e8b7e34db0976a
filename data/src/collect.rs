//! Reads a part of a source completely: into memory if it fits, otherwise to disk.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use crate::{
    array_precision::ArrayPrecision,
    check::check_numbers,
    error::DataError,
    file_rows::FileRows,
    finite::Range,
    head::Head,
    in_memory::{InMemory, matrix},
    labels::Labels,
    missing::{Fill, complete_rows},
    open_data::OpenPart,
    reader::{Opened, Reader},
    reading::{Limits, LoadOptions, Missing},
    series_error::SeriesError,
    spool::Spool,
    values::Values,
    windows::{
        breaks::{BreakFinder, Breaks},
        rows::{Recording, WindowRows},
        windowing::Windowing,
    },
};

/// The number of values per chunk that a reader is asked for.
const CHUNK_VALUES: usize = 1 << 18;

/// A part that has been read, before missing values are filled in or dropped.
pub(crate) struct Collected {
    pub(crate) path: PathBuf,
    pub(crate) head: Head,
    pub(crate) values: Values,
    pub(crate) labels: Option<Labels>,
    /// How the rows, which are the time steps of a recording, are to be cut into windows, and where they have breaks.
    windows: Option<(Windowing, Breaks)>,
}

impl Collected {
    /// Checks that the samples have the same shape and type as those of the training part.
    pub(crate) fn check_like(&self, sample_shape: &[usize], is_bytes: bool) -> Result<(), DataError> {
        let path = || self.path.clone();
        if self.head.sample_shape != sample_shape {
            let (expected, found) = (sample_shape.to_vec(), self.head.sample_shape.clone());
            return Err(DataError::SampleShape { path: path(), expected, found });
        }
        if self.head.is_bytes != is_bytes {
            let name = |is_bytes| if is_bytes { "bytes" } else { "floats" };
            let (expected, found) = (name(is_bytes), name(self.head.is_bytes));
            return Err(DataError::SampleType { path: path(), expected, found });
        }
        Ok(())
    }

    /// Fills in missing values, or drops the rows that contain them. Then cuts a recording into windows.
    pub(crate) fn finish(&mut self, fill: Option<&Fill>) -> Result<(), DataError> {
        match self.windows.take() {
            None => self.handle_missing(fill),
            Some((windowing, breaks)) => self.cut(fill, windowing, &breaks),
        }
    }

    /// Cuts the recording into windows. A row that is dropped ends a stretch of steps.
    fn cut(&mut self, fill: Option<&Fill>, windowing: Windowing, breaks: &Breaks) -> Result<(), DataError> {
        let mut is_complete = None;
        match fill {
            None => {}
            Some(fill @ Fill::Values(_)) => drop(fill.apply(&self.path, &mut self.values)?),
            Some(Fill::Drop) => {
                let mut complete = vec![false; self.values.rows()];
                complete_rows(&self.values)?.into_iter().for_each(|row| complete[row] = true);
                is_complete = Some(complete);
            }
        }
        let recording = match std::mem::replace(&mut self.values, Values::U8(Array2::zeros((0, 1)))) {
            Values::U8(steps) => Recording::InMemory(InMemory::U8(steps)),
            Values::F32(steps) => Recording::InMemory(InMemory::F32(steps)),
            Values::OnDisk(steps) => Recording::OnDisk(steps),
            Values::Windows(_) => unreachable!("a recording is cut once"),
        };
        let window = windowing.window;
        let windows = WindowRows::cut(recording, windowing, breaks, |step| {
            is_complete.as_ref().is_none_or(|is_complete| is_complete[step])
        });
        if windows.rows() == 0 {
            let (path, longest) = (self.path.clone(), windows.longest());
            return Err(DataError::series(SeriesError::TooShort { path, window, longest }));
        }
        if let Some(labels) = &self.labels {
            let last: Vec<usize> = (0..windows.rows()).map(|row| windows.steps_of(row).end - 1).collect();
            self.labels = Some(labels.select(&last));
        }
        self.values = Values::Windows(windows);
        Ok(())
    }

    /// Fills in missing values, or drops the rows that contain them.
    fn handle_missing(&mut self, fill: Option<&Fill>) -> Result<(), DataError> {
        let Some(fill) = fill else { return Ok(()) };
        let kept = fill.apply(&self.path, &mut self.values)?;
        if let (Some(kept), Some(labels)) = (kept, &self.labels) {
            self.labels = Some(labels.select(&kept));
        }
        Ok(())
    }
}

/// Reads and checks a part.
pub(crate) fn collect(part: OpenPart, options: &LoadOptions) -> Result<Collected, DataError> {
    let OpenPart { path, opened, labels } = part;
    let windowing = options.reading.windowing().map_err(DataError::series)?;
    let roles = opened.head().roles;
    let mut finder = windowing.as_ref().map(|windowing| BreakFinder::new(&path, windowing, roles));
    let (mut head, values, own_labels) = match opened {
        Opened::Rows(mut head, rows) => {
            let values = rows_of(&path, &mut head, rows, options)?;
            (head, values, None)
        }
        Opened::Reader(mut reader) => gather(&path, reader.as_mut(), finder.as_mut(), options)?,
    };
    if let Some(labels) = &labels {
        labels.check_count(&path, values.rows())?;
        head.notes.extend(labels.notes.clone());
    }
    let labels = labels.map(|separate| separate.labels).or(own_labels);
    let windows = windowing.zip(finder.map(BreakFinder::finish));
    if let Some((windowing, _)) = &windows {
        // The range is that of the steps that windows contain, which are not known yet.
        let range = head.range.filter(|_| head.is_bytes);
        head = Head { sample_shape: vec![values.features(), windowing.window], rows: None, range, ..head };
    }
    Ok(Collected { path, head, values, labels, windows })
}

/// Returns the number of bytes that rows may take in memory: the limit of the user, or half of the memory that is
/// available, because a vector that grows needs up to twice its size.
fn memory_for_rows(limits: &Limits) -> u64 {
    let available = narrows_crew::available_memory().map_or(u64::MAX, |bytes| bytes / 2);
    limits.memory.0.min(available)
}

/// Reads rows of an uncompressed file into memory, or leaves them in the file if they exceed the memory limit.
///
/// The same pass over the rows checks the values and finds their range.
fn rows_of(path: &Path, head: &mut Head, rows: FileRows, options: &LoadOptions) -> Result<Values, DataError> {
    let missing = options.reading.missing.unwrap_or_default();
    let (features, columns, mut range) = (rows.features(), head.columns.as_deref(), Range::new());
    let mut precision = ArrayPrecision::of(path, head, rows.element());
    let check = |first: usize, numbers: &[f32], in_file: &[u8]| {
        check_numbers(path, first, numbers, features, columns, missing)?;
        range.add(numbers);
        if let Some(precision) = &mut precision {
            precision.add(first, in_file, numbers);
        }
        Ok(())
    };
    let values = if rows.size_in_memory() > memory_for_rows(&options.limits) {
        rows.visit_all(check)?;
        Values::OnDisk(rows)
    } else {
        rows.read_all(check)?.into()
    };
    if let Some(precision) = precision {
        head.notes = precision.notes();
    }
    // If missing values are dropped or filled in, the range must be computed after that.
    if missing == Missing::Refuse && !values.is_bytes() {
        head.range = Some(range.bounds());
    }
    Ok(values)
}

/// Reads all chunks of a reader: into memory, or into a temporary file once they exceed the memory limit.
fn gather(
    path: &Path,
    reader: &mut dyn Reader,
    mut finder: Option<&mut BreakFinder>,
    options: &LoadOptions,
) -> Result<(Head, Values, Option<Labels>), DataError> {
    let head = reader.head().clone();
    let features: usize = head.sample_shape.iter().product();
    let rows = (CHUNK_VALUES / features.max(1)).max(1);
    let (mut bytes, mut floats): (Vec<u8>, Vec<f32>) = (Vec::new(), Vec::new());
    let mut labels: Option<Labels> = None;
    let expected = head.rows.map(|rows| rows.saturating_mul(features));
    let width = if head.is_bytes { 1 } else { size_of::<f32>() };
    let memory = memory_for_rows(&options.limits);
    let exceeds_memory = |numbers: usize| (numbers as u64).saturating_mul(width as u64) > memory;
    let mut spool = match expected {
        Some(numbers) if exceeds_memory(numbers) => Some(Spool::new(path, head.is_bytes, features)?),
        Some(_) | None => None,
    };
    while let Some(chunk) = reader.next(rows)? {
        if let Some(finder) = &mut finder {
            finder.add(chunk.values.rows(), chunk.others.as_ref())?;
        }
        match (&mut labels, chunk.labels) {
            (Some(labels), Some(more)) => labels.append(more),
            (first @ None, more) => *first = more,
            (Some(_), None) => {}
        }
        if let Some(spool) = &mut spool {
            spool.add(&chunk.values)?;
            continue;
        }
        match chunk.values {
            Values::U8(values) => bytes.extend(values.iter()),
            Values::F32(values) => floats.extend(values.iter()),
            other @ (Values::OnDisk(_) | Values::Windows(_)) => {
                other.visit(0..other.rows(), |_, row| floats.extend(row.floats()))?;
            }
        }
        if exceeds_memory(bytes.len() + floats.len()) {
            let mut started = Spool::new(path, head.is_bytes, features)?;
            started.add(&in_memory(&head, std::mem::take(&mut bytes), std::mem::take(&mut floats)))?;
            spool = Some(started);
        }
    }
    let values = match spool {
        Some(spool) => Values::OnDisk(spool.finish()?),
        None if bytes.is_empty() && floats.is_empty() => return Err(DataError::NoRows { path: path.to_owned() }),
        None => {
            bytes.shrink_to_fit();
            floats.shrink_to_fit();
            in_memory(&head, bytes, floats)
        }
    };
    Ok((reader.head().clone(), values, labels))
}

fn in_memory(head: &Head, bytes: Vec<u8>, floats: Vec<f32>) -> Values {
    let features = head.sample_shape.iter().product();
    if head.is_bytes { Values::U8(matrix(bytes, features)) } else { Values::F32(matrix(floats, features)) }
}
