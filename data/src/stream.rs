//! Goes through a source once, a chunk at a time, in constant memory.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch, StringArray};

use crate::{
    check::check_from,
    chunk::Chunk,
    error::DataError,
    found::OpenPart,
    head::Head,
    labels::{Labels, check_count},
    missing::{fill_rows, whole_rows},
    reader::Opened,
    reading::{LoadOptions, Missing},
    source,
};

/// What a source is made of, to be gone through once.
pub struct Streams {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub name: String,
    /// The rows to train on, or all that there are.
    pub train: Stream,
    /// The rows that the source sets apart to test with.
    pub test: Option<Stream>,
}

/// Opens a source to go through it once, in constant memory, however large it is.
///
/// Missing values stay, as NaN, until [`Stream::next`] is told what takes their places; `Missing::Drop` leaves
/// their rows out. A mean or a median is that of the training data, so it is no matter of reading.
///
/// # Errors
/// As [`load`](crate::load); what is wrong with rows is found when they are read.
pub fn stream(spec: &str, options: &LoadOptions) -> Result<Streams, DataError> {
    let found = source::open(spec, options)?;
    let classes = found.classes.map(Arc::from);
    let part = |part: OpenPart| Stream::new(part, classes.clone(), options.reading.missing.unwrap_or_default());
    Ok(Streams { name: found.name, train: part(found.train)?, test: found.test.map(part).transpose()? })
}

/// The rows of a part, a chunk at a time.
pub struct Stream {
    path: PathBuf,
    opened: Opened,
    labels: Option<Labels>,
    /// The names of the classes, where labels are numbers of them.
    classes: Option<Arc<[String]>>,
    missing: Missing,
    /// Rows that were read.
    read: usize,
    /// Rows that were left out for what they miss.
    dropped: usize,
}

impl Stream {
    fn new(part: OpenPart, classes: Option<Arc<[String]>>, missing: Missing) -> Result<Self, DataError> {
        let OpenPart { path, opened, labels } = part;
        let stream = Stream { path, opened, labels, classes, missing, read: 0, dropped: 0 };
        if let (Some(labels), Some(rows)) = (&stream.labels, stream.head().rows) {
            check_count(&stream.path, rows, labels.len())?;
        }
        Ok(stream)
    }

    /// What is known of the rows.
    pub fn head(&self) -> &Head {
        match &self.opened {
            Opened::Rows(head, _) => head,
            Opened::Reader(reader) => reader.head(),
        }
    }

    /// Whether every row has a label, from the file itself or from another.
    pub fn has_labels(&self) -> bool {
        self.labels.is_some() || self.head().has_labels
    }

    /// Rows that were read so far, those that were left out among them.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Rows that were left out so far for what they miss.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The next rows, at most `most` of them, with a number of `fill` in the place of a missing value in each
    /// feature; `None` at the end. Labels are by the names of their classes, and stand among the other columns.
    ///
    /// # Errors
    /// [`DataError`] for what cannot be read, is malformed or not finite.
    pub fn next(&mut self, most: usize, fill: Option<&[f32]>) -> Result<Option<Chunk>, DataError> {
        loop {
            let Some(mut chunk) = self.next_as_read(most)? else {
                if let Some(labels) = &self.labels {
                    check_count(&self.path, self.read, labels.len())?;
                }
                return Ok(None);
            };
            match (fill, self.missing) {
                (Some(fill), _) => fill_rows(&mut chunk.values, fill),
                (None, Missing::Drop) => {
                    let kept = whole_rows(&chunk.values)?;
                    self.dropped += chunk.values.rows() - kept.len();
                    chunk = chunk.select(&kept)?;
                }
                (None, Missing::Refuse | Missing::Mean | Missing::Median | Missing::Keep) => {}
            }
            if chunk.values.rows() > 0 {
                return Ok(Some(chunk));
            }
        }
    }

    fn next_as_read(&mut self, most: usize) -> Result<Option<Chunk>, DataError> {
        let first = self.read;
        let mut chunk = match &mut self.opened {
            Opened::Reader(reader) => match reader.next(most)? {
                Some(chunk) => chunk,
                None => return Ok(None),
            },
            Opened::Rows(head, rows) => {
                let range = first..rows.rows().min(first.saturating_add(most));
                if range.is_empty() {
                    return Ok(None);
                }
                let values = rows.select(&range.collect::<Vec<_>>())?.into();
                check_from(&self.path, first, &values, head.columns.as_deref(), self.missing)?;
                Chunk { values, labels: None, others: None }
            }
        };
        let rows = first..first + chunk.values.rows();
        self.read = rows.end;
        if let Some(labels) = &self.labels {
            let labels = of_range(&self.path, labels, rows)?;
            chunk.labels = Some(labels);
        }
        if let (Some(labels), Some(classes)) = (&chunk.labels, &self.classes) {
            chunk.labels = Some(named(labels, classes));
        }
        if chunk.others.is_none() {
            chunk.others = chunk.labels.as_ref().map(as_column).transpose()?;
        }
        Ok(Some(chunk))
    }
}

fn of_range(path: &Path, labels: &Labels, rows: Range<usize>) -> Result<Labels, DataError> {
    if rows.end > labels.len() {
        return Err(DataError::LabelCount { path: path.to_owned(), expected: rows.end, found: labels.len() });
    }
    Ok(labels.select(&rows.collect::<Vec<_>>()))
}

/// Numbers of classes as their names; a number that has none stays.
fn named(labels: &Labels, classes: &[String]) -> Labels {
    let name = |row: usize| {
        let label = labels.name(row);
        let number = label.parse::<usize>().ok();
        number.and_then(|number| classes.get(number)).cloned().unwrap_or_else(|| label.into_owned())
    };
    Labels::Text((0..labels.len()).map(name).collect())
}

/// Labels that come from elsewhere, as a column beside the sample.
fn as_column(labels: &Labels) -> Result<RecordBatch, DataError> {
    let names = (0..labels.len()).map(|row| Some(labels.name(row)));
    let column: ArrayRef = Arc::new(StringArray::from_iter(names));
    RecordBatch::try_from_iter([("label", column)]).map_err(DataError::column)
}
