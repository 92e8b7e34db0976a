//! Reads a source once, a chunk at a time, in constant memory.

use std::{path::PathBuf, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray};

use crate::{
    array_precision::ArrayPrecision,
    check::check_from,
    chunk::Chunk,
    error::DataError,
    head::{Head, Roles},
    labels::{Labels, SeparateLabels},
    missing::{complete_rows, fill_rows},
    notes::Notes,
    open_data::OpenPart,
    reader::Opened,
    reading::{LoadOptions, Missing},
    source,
    windows::{
        breaks::{BreakFinder, Breaks},
        cutter::Cutter,
        walk::WindowCounts,
        windowing::Windowing,
    },
};

/// The parts of a source, each to be read once.
pub struct Streams {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub name: String,
    /// The training part, or all rows if the source has one part.
    pub train: Stream,
    /// The test part, if the source has one.
    pub test: Option<Stream>,
}

/// Opens a source to read it once, in constant memory regardless of its size.
///
/// Missing values are NaN unless [`Stream::next`] receives values to fill in. `Missing::Drop` leaves out their rows.
/// The stream does not compute means or medians, because they must come from the training data.
///
/// # Errors
/// Those of [`load`](crate::load). Errors in rows are reported when the rows are read.
pub fn stream(spec: &str, options: &LoadOptions) -> Result<Streams, DataError> {
    let data = source::open(spec, options)?;
    let classes = data.classes.map(Arc::from);
    let windows = match options.reading.windowing().map_err(DataError::series)? {
        Some(windowing) => Some((breaks(spec, options, &windowing)?, windowing)),
        None => None,
    };
    let part = |part: OpenPart| {
        let stream = Stream::new(part, classes.clone(), options.reading.missing.unwrap_or_default())?;
        Ok(match &windows {
            Some((breaks, windowing)) => stream.cut(windowing.clone(), breaks.clone()),
            None => stream,
        })
    };
    Ok(Streams { name: data.name, train: part(data.train)?, test: data.test.map(part).transpose()? })
}

/// Reads the columns of time and group of a recording, if there are any, and returns its breaks. Sources with such
/// columns have one part.
fn breaks(spec: &str, options: &LoadOptions, windowing: &Windowing) -> Result<Breaks, DataError> {
    if windowing.time_column.is_none() && windowing.group_column.is_none() {
        return Ok(Breaks::default());
    }
    let OpenPart { path, opened, .. } = source::open(spec, options)?.train;
    let mut finder = BreakFinder::new(&path, windowing, opened.head().roles);
    if let Opened::Reader(mut reader) = opened {
        while let Some(chunk) = reader.next(BREAK_ROWS)? {
            finder.add(chunk.values.rows(), chunk.others.as_ref())?;
        }
    }
    Ok(finder.finish())
}

/// The number of rows to read at a time in search of breaks.
const BREAK_ROWS: usize = 1 << 14;

/// Reads the rows of a part, a chunk at a time.
pub struct Stream {
    path: PathBuf,
    opened: Opened,
    labels: Option<SeparateLabels>,
    /// The names of the classes, if the labels are indices of classes.
    classes: Option<Arc<[String]>>,
    missing: Missing,
    /// The number of rows read.
    read: usize,
    /// The number of rows dropped because of missing values.
    dropped: usize,
    /// Cuts the rows, which are the time steps of a recording, into windows.
    cutter: Option<Cutter>,
    /// Compares rows in a file with their rounded values.
    precision: Option<ArrayPrecision>,
}

impl Stream {
    fn new(part: OpenPart, classes: Option<Arc<[String]>>, missing: Missing) -> Result<Self, DataError> {
        let OpenPart { path, opened, labels } = part;
        let precision = match &opened {
            Opened::Rows(head, rows) => ArrayPrecision::of(&path, head, rows.element()),
            Opened::Reader(_) => None,
        };
        let stream = Stream { path, opened, labels, classes, missing, read: 0, dropped: 0, cutter: None, precision };
        if let (Some(labels), Some(rows)) = (&stream.labels, stream.head().rows) {
            labels.check_count(&stream.path, rows)?;
        }
        Ok(stream)
    }

    /// Cuts the rows into windows.
    fn cut(self, windowing: Windowing, breaks: Breaks) -> Self {
        let head = self.opened.head();
        // Labels of a separate file become the only pass-through column.
        let label = head.roles.label.or(self.labels.is_some().then_some(0));
        let roles = Roles { label, ..head.roles };
        let cutter = Cutter::new(self.path.clone(), head, roles, windowing, breaks);
        Stream { cutter: Some(cutter), ..self }
    }

    /// Returns the metadata of the samples.
    pub fn head(&self) -> &Head {
        self.cutter.as_ref().map_or_else(|| self.opened.head(), Cutter::head)
    }

    /// Returns what the reader has passed over, changed or interpreted so far. Readers may add notes until the end.
    pub fn notes(&self) -> Notes {
        let mut notes = self.opened.head().notes.clone();
        notes.extend(self.labels.iter().flat_map(|labels| labels.notes.clone()));
        notes
    }

    /// Returns what has been read so far of a recording that is cut into windows.
    pub fn windows(&self) -> Option<WindowCounts> {
        self.cutter.as_ref().map(Cutter::counts)
    }

    /// Whether every row has a label, from the file itself or from a separate file.
    pub fn has_labels(&self) -> bool {
        self.labels.is_some() || self.head().has_labels
    }

    /// Returns the number of rows read so far, including dropped rows. For windows, these are time steps.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Returns the number of rows dropped so far because of missing values.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Returns the next rows, at most `max_rows`, or `None` at the end. `fill` has one value per feature, which
    /// replaces missing values; for windows, it has one value per channel. Labels are class names. They are also one of
    /// the pass-through columns.
    ///
    /// # Errors
    /// [`DataError`] if the source is unreadable or malformed, or a value is not finite.
    pub fn next(&mut self, max_rows: usize, fill: Option<&[f32]>) -> Result<Option<Chunk>, DataError> {
        loop {
            match self.next_steps(max_rows, fill)? {
                Some(chunk) if chunk.values.rows() == 0 => {}
                outcome => return Ok(outcome),
            }
        }
    }

    /// Does the same as [`Stream::next`], but also returns time steps of a recording in which no window ends, as a
    /// chunk without rows. Together, the chunks have all time steps of the recording.
    ///
    /// # Errors
    /// Those of [`Stream::next`].
    pub fn next_steps(&mut self, max_rows: usize, fill: Option<&[f32]>) -> Result<Option<Chunk>, DataError> {
        let to_read = self.cutter.as_ref().map_or(max_rows, |cutter| cutter.steps_for(max_rows));
        let Some(mut chunk) = self.next_unfilled(to_read)? else {
            if let Some(labels) = &self.labels {
                labels.check_count(&self.path, self.read)?;
            }
            self.cutter.as_ref().map_or(Ok(()), Cutter::check_end)?;
            return Ok(None);
        };
        let mut is_complete = vec![true; chunk.values.rows()];
        match (fill, self.missing) {
            (Some(fill), _) => fill_rows(&mut chunk.values, fill),
            (None, Missing::Drop) => {
                let kept = complete_rows(&chunk.values)?;
                self.dropped += chunk.values.rows() - kept.len();
                if self.cutter.is_some() {
                    is_complete.fill(false);
                    kept.into_iter().for_each(|row| is_complete[row] = true);
                } else {
                    chunk = chunk.select(&kept)?;
                }
            }
            (None, Missing::Refuse | Missing::Mean | Missing::Median | Missing::Keep | Missing::Mask) => {}
        }
        match &mut self.cutter {
            Some(cutter) => cutter.cut(chunk, &is_complete).map(Some),
            None => Ok(Some(chunk)),
        }
    }

    fn next_unfilled(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let first = self.read;
        let mut chunk = match &mut self.opened {
            Opened::Reader(reader) => match reader.next(max_rows)? {
                Some(chunk) => chunk,
                None => return Ok(None),
            },
            Opened::Rows(head, rows) => {
                let range = first..rows.rows().min(first.saturating_add(max_rows));
                if range.is_empty() {
                    return Ok(None);
                }
                let mut read = first * rows.features();
                let each = |in_file: &[u8], row: &[f32]| {
                    if let Some(precision) = &mut self.precision {
                        precision.add(read, in_file, row);
                    }
                    read += row.len();
                };
                let values = rows.select_with_bytes(&range.collect::<Vec<_>>(), each)?.into();
                if let Some(precision) = &self.precision {
                    head.notes = precision.notes();
                }
                check_from(&self.path, first, &values, head.columns.as_deref(), self.missing)?;
                Chunk { values, labels: None, others: None, recorded: None }
            }
        };
        let rows = first..first + chunk.values.rows();
        self.read = rows.end;
        if let Some(labels) = &self.labels {
            chunk.labels = Some(labels.of_rows(&self.path, rows)?);
        }
        chunk.labels = chunk.labels.map(Labels::uniform);
        if let (Some(labels), Some(classes)) = (&chunk.labels, &self.classes) {
            chunk.labels = Some(class_names(labels, classes));
        }
        if chunk.others.is_none() {
            chunk.others = chunk.labels.as_ref().map(as_column).transpose()?;
        }
        Ok(Some(chunk))
    }
}

/// Replaces class indices by class names. An index without a name stays.
fn class_names(labels: &Labels, classes: &[String]) -> Labels {
    let name = |row: usize| {
        let label = labels.name(row);
        let index = label.parse::<usize>().ok();
        index.and_then(|index| classes.get(index)).cloned().unwrap_or_else(|| label.into_owned())
    };
    Labels::Text((0..labels.len()).map(name).collect())
}

/// Converts labels of a separate file to a pass-through column.
fn as_column(labels: &Labels) -> Result<RecordBatch, DataError> {
    let names = (0..labels.len()).map(|row| Some(labels.name(row)));
    let column: ArrayRef = Arc::new(StringArray::from_iter(names));
    RecordBatch::try_from_iter([("label", column)]).map_err(DataError::column)
}
