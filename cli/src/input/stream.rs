//! Streams the rows for a model in chunks. Missing values are filled in or their rows dropped; labels become the
//! model's class indices.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context, bail};
use narrows_bundle::{Contract, Sample, SampleKind, counted};
use narrows_data::{Chunk, Labels, Note, NoteCode, PartName, Stream, Streams, Values, WindowCounts};
use narrows_runtime::{Autoencoder, Class, Detector, Error};

use super::{Batch, Binarizer, DataArguments, MissingAdvice, Part, fill_values, range_check::RangeCheck};
use crate::{
    notes::{say, say_one},
    report::{join_first, note, note_windows},
};

/// Target number of values in a chunk (4 MB of 32-bit floats). Larger chunks use more memory, smaller ones more time.
const CHUNK_VALUES: usize = 1 << 20;
/// Smallest number of rows in a chunk, used for very wide rows.
const MIN_CHUNK_ROWS: usize = 16;
/// Largest number of rows in a chunk, used for very narrow rows.
const MAX_CHUNK_ROWS: usize = 1 << 16;

/// Stream of rows to run a model on.
pub(crate) struct InputStream<'a> {
    /// The data as the user named it.
    spec: String,
    /// The name of the data set; empty for codes.
    name: String,
    streams: VecDeque<Stream>,
    /// The part that the first stream belongs to, and the number of rows returned of it.
    place: (PartName, usize),
    /// Binarises the rows.
    binarizer: Option<Binarizer>,
    /// The part that was opened.
    part: Part,
    /// Translates labels to class indices; only for models that take labels.
    classes: Option<Classes<'a>>,
    fill: Option<Vec<f32>>,
    chunk_rows: usize,
    /// Noun of the rows, with the parts that they come from.
    rows_noun: &'static str,
    advice: MissingAdvice,
    /// Number of rows returned so far.
    returned: usize,
    /// Number of rows dropped so far because of missing values.
    dropped: usize,
    /// Names of the features, if they have names.
    columns: Option<Vec<String>>,
    /// Total number of rows, if known.
    total: Option<usize>,
    /// What the recordings that have been read to their end consist of, if the rows are windows.
    windows: Option<WindowCounts>,
    /// Finds rows in another unit; only for samples.
    range: Option<RangeCheck>,
}

impl<'a> InputStream<'a> {
    /// Opens the samples of a part of a data set, with their classes if the model takes labels.
    pub(crate) fn of(data: &DataArguments, part: Part, model: &'a Autoencoder) -> anyhow::Result<Self> {
        Self::samples(data, part, model.manifest())?.labelled_if(model.takes_labels(), model.classes())
    }

    /// Opens the samples of a part of a data set, with their classes if the detector takes labels.
    pub(crate) fn of_detector(data: &DataArguments, part: Part, detector: &'a Detector) -> anyhow::Result<Self> {
        let classes = detector.manifest().classes.as_deref().unwrap_or_default();
        let rows = Self::samples(data, part, detector.manifest())?.labelled_if(detector.takes_labels(), classes)?;
        // Rows that differ from the training data are what a detector finds.
        Ok(InputStream { range: None, ..rows })
    }

    /// Opens the test part of a data set, or all rows if it has none, with their classes if the model takes labels.
    pub(crate) fn test_or_all(data: &DataArguments, model: &'a Autoencoder) -> anyhow::Result<Self> {
        Self::open(data, None, model.manifest())?.labelled_if(model.takes_labels(), model.classes())
    }

    /// Translates the labels of the rows to indices of `classes` if the model takes labels.
    fn labelled_if(self, takes_labels: bool, classes: &'a [String]) -> anyhow::Result<Self> {
        if !takes_labels {
            return Ok(self);
        }
        if !self.has_labels() {
            bail!(
                "this model needs the class of every sample, but `{}` has no labels; name them with --labels or --label-column",
                self.spec
            );
        }
        Ok(InputStream { classes: Some(Classes::of(classes, self.spec.clone())), ..self })
    }

    /// Opens the samples of a part of a data set for a model that takes no labels.
    pub(crate) fn samples(data: &DataArguments, part: Part, manifest: &impl Contract) -> anyhow::Result<Self> {
        Self::open(data, Some(part), manifest)
    }

    /// Opens a part of a data set; `None` for the test part, or all rows if there is none.
    fn open(data: &DataArguments, part: Option<Part>, manifest: &impl Contract) -> anyhow::Result<Self> {
        let sample = manifest.sample();
        let fill = fill_values(data.reading.missing, manifest)?;
        let advice = MissingAdvice::of(manifest);
        let streams = data.stream(manifest, fill.is_some()).map_err(|error| advice.explain(error));
        let Streams { name, train, test } = streams?;
        let part = part.unwrap_or(if test.is_some() { Part::Test } else { Part::All });
        let is_cut = train.windows().is_some();
        // Samples that are already cut have one fill value per feature instead of one per channel.
        let fill = match (fill, &sample.windows) {
            (Some(fill), Some(windows)) if !is_cut => {
                Some(fill.into_iter().flat_map(|value| std::iter::repeat_n(value, windows.window)).collect())
            }
            (fill, _) => fill,
        };
        let (streams, rows_noun) = match (part, test) {
            (Part::All | Part::Train, None) if is_cut => (VecDeque::from([train]), "window"),
            (Part::All, None) => (VecDeque::from([train]), "row"),
            (Part::All, Some(test)) if is_cut => (VecDeque::from([train, test]), "training and test window"),
            (Part::All, Some(test)) => (VecDeque::from([train, test]), "training and test row"),
            (Part::Train, _) if is_cut => (VecDeque::from([train]), "training window"),
            (Part::Train, _) => (VecDeque::from([train]), "training row"),
            (Part::Test, Some(test)) if is_cut => (VecDeque::from([test]), "test window"),
            (Part::Test, Some(test)) => (VecDeque::from([test]), "test row"),
            (Part::Test, None) => bail!("`{}` has no test part; leave --part out", data.spec()),
        };
        streams.iter().try_for_each(|stream: &Stream| check_shape(data.spec(), stream, sample))?;
        streams.iter().try_for_each(|stream| say(&stream.notes()))?;
        // All parts have the same columns.
        streams.front().map_or(Ok(()), |stream| check_order(data.spec(), stream, sample))?;
        let outputs = manifest.graphs().into_iter().flat_map(|graph| &graph.outputs);
        let width = outputs.map(|port| port.shape.iter().product()).max().unwrap_or(1);
        let first = match part {
            Part::All | Part::Train => PartName::Train,
            Part::Test => PartName::Test,
        };
        let rows = InputStream::over(data.spec().to_owned(), streams, width);
        let range = Some(RangeCheck::new(sample));
        Ok(InputStream { name, fill, rows_noun, advice, part, place: (first, 0), range, ..rows })
    }

    /// Creates a stream over all rows of `streams`, which are codes, without labels. `width` is the number of output
    /// values per row; it limits the chunk size.
    pub(crate) fn over(spec: String, streams: VecDeque<Stream>, width: usize) -> Self {
        let widest = streams.iter().map(|stream| stream.head().sample_shape.iter().product()).fold(width, usize::max);
        InputStream {
            spec,
            name: String::new(),
            place: (PartName::Train, 0),
            binarizer: None,
            part: Part::All,
            classes: None,
            fill: None,
            rows_noun: "row",
            advice: MissingAdvice::WriteCodesAgain,
            chunk_rows: (CHUNK_VALUES / widest.max(1)).clamp(MIN_CHUNK_ROWS, MAX_CHUNK_ROWS),
            returned: 0,
            dropped: 0,
            columns: streams.front().and_then(|stream| stream.head().columns.clone()),
            total: streams.iter().map(|stream| stream.head().rows).sum(),
            windows: streams.iter().any(|stream| stream.windows().is_some()).then(WindowCounts::default),
            range: None,
            streams,
        }
    }

    /// Translates the labels of the rows, from the file `labels`, to class indices of `model`.
    pub(crate) fn labelled(self, model: &'a Autoencoder, labels: String) -> Self {
        InputStream { classes: Some(Classes::of(model.classes(), labels)), ..self }
    }

    /// Binarises the rows.
    pub(crate) fn binarized(self, binarizer: Binarizer) -> Self {
        InputStream { binarizer: Some(binarizer), ..self }
    }

    /// Returns the part that is read.
    pub(crate) fn part(&self) -> Part {
        self.part
    }

    /// Returns the data as the user named it.
    pub(crate) fn spec(&self) -> &str {
        &self.spec
    }

    /// Returns whether every remaining row has a label.
    pub(crate) fn has_labels(&self) -> bool {
        self.streams.iter().all(Stream::has_labels)
    }

    /// Returns the name of the data set; it is empty for codes.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the total number of rows, if it is known before they are read.
    pub(crate) fn total(&self) -> Option<usize> {
        self.total
    }

    /// Returns the number of rows read so far.
    pub(crate) fn read(&self) -> usize {
        self.returned + self.dropped
    }

    /// Returns the number of rows returned so far with the parts they come from: "1797 training and test rows".
    pub(crate) fn counted_rows(&self) -> String {
        counted(self.returned, self.rows_noun)
    }

    /// Returns the number of rows returned so far: those read, without the dropped ones.
    pub(crate) fn returned(&self) -> usize {
        self.returned
    }

    /// Returns the names of the features, if they have names.
    pub(crate) fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// Returns what the recordings consist of that have been read to their end; `None` if the rows are not windows.
    pub(crate) fn windows(&self) -> Option<WindowCounts> {
        self.windows
    }

    /// Returns the next chunk, of at most `max_rows` rows. At the end, prints how many rows were dropped, what a
    /// recording consists of, and returns `None`.
    pub(crate) fn next(&mut self, max_rows: usize) -> anyhow::Result<Option<Batch>> {
        loop {
            match self.next_steps(max_rows)? {
                Some(batch) if batch.rows() == 0 => {}
                outcome => return Ok(outcome),
            }
        }
    }

    /// Does the same, but also returns time steps of a recording in which no window ends, as a batch without rows.
    pub(crate) fn next_steps(&mut self, max_rows: usize) -> anyhow::Result<Option<Batch>> {
        loop {
            let Some(stream) = self.streams.front_mut() else {
                self.report_dropped()?;
                if let Some(note) = self.range.take().and_then(|range| range.note(&self.spec)) {
                    say_one(note)?;
                }
                if let Some(windows) = self.windows {
                    note_windows(format_args!("`{}`", self.spec), windows);
                }
                return Ok(None);
            };
            let before = stream.dropped();
            let chunk = stream.next_steps(self.chunk_rows.min(max_rows), self.fill.as_deref());
            let chunk = chunk.map_err(|error| self.advice.explain(error.into()))?;
            self.dropped += stream.dropped() - before;
            let Some(Chunk { values, labels, others, recorded }) = chunk else {
                if let (Some(all), Some(read)) = (&mut self.windows, stream.windows()) {
                    *all += read;
                }
                // Readers may add notes until the end.
                say(&stream.notes())?;
                self.streams.pop_front();
                // Only the rows of a test part follow others.
                self.place = (PartName::Test, 0);
                continue;
            };
            if values.rows() == 0 && recorded.is_none() {
                continue;
            }
            let values = match values {
                other @ (Values::OnDisk(_) | Values::Windows(_)) => Values::F32(other.to_f32()?.into_owned()),
                in_memory @ (Values::U8(_) | Values::F32(_)) => in_memory,
            };
            if let Some(range) = &mut self.range {
                range.add(&values);
            }
            self.returned += values.rows();
            let read = stream.windows().map_or(stream.read(), |read| read.windows);
            let first = read.saturating_sub(values.rows());
            let classes = match (&mut self.classes, &labels) {
                (Some(classes), Some(labels)) => Some(classes.indices_of(labels)?),
                (Some(_), None) | (None, _) => None,
            };
            let place = self.place;
            self.place.1 += values.rows();
            let batch = Batch { values, classes, labels, others, recorded, first, place };
            return Ok(Some(match &self.binarizer {
                Some(binarizer) => batch.binarized(binarizer)?,
                None => batch,
            }));
        }
    }

    fn report_dropped(&self) -> anyhow::Result<()> {
        match (self.dropped, self.returned) {
            (0, _) => {}
            (dropped, 0) => {
                bail!("every row of `{}` ({dropped}) has a missing value, so no rows remain", self.spec)
            }
            (dropped, _) => note(format_args!("dropped {} with missing values", counted(dropped, "row"))),
        }
        Ok(())
    }

    /// Adds the name of the data to an error of the model, and replaces row numbers within the batch by row numbers
    /// within the data.
    pub(crate) fn locate_error(&self, error: Error, batch: &Batch) -> anyhow::Error {
        let error = match error {
            Error::NotFinite { input, row, position, value } => {
                Error::NotFinite { input, row: batch.first + row, position, value }
            }
            Error::OutsideRange { row, position, value, low, high } => {
                Error::OutsideRange { row: batch.first + row, position, value, low, high }
            }
            other => other,
        };
        anyhow::Error::new(error).context(format!("`{}`", self.spec))
    }
}

/// Refuses samples of another shape than the model's, before any row is read.
fn check_shape(spec: &str, stream: &Stream, sample: &Sample) -> anyhow::Result<()> {
    let (found, expected) = (&stream.head().sample_shape[..], &sample.shape[..]);
    // An image file has a dimension of channels, which grey samples of an array need not have.
    let without_grey = |shape: &[usize]| match shape {
        [height, width, 1] if sample.kind == SampleKind::Features => vec![*height, *width],
        shape => shape.to_vec(),
    };
    if without_grey(found) == without_grey(expected) || found == [sample.features()] {
        return Ok(());
    }
    let rows_of = |count: usize| format!("rows of {}", counted(count, "value"));
    let describe = |shape: &[usize]| match shape {
        [features] => rows_of(*features),
        shape => format!("samples of shape {shape:?}"),
    };
    let alternative = if expected.len() > 1 { format!(" or {}", rows_of(sample.features())) } else { String::new() };
    let has_delimiter = narrows_data::is_standard_input(spec)
        || [".csv", ".tsv", ".csv.gz", ".tsv.gz"].iter().any(|ending| spec.ends_with(ending));
    let hint = match (expected, found) {
        (_, [1]) if has_delimiter => "; if the file has more columns, set --delimiter".to_owned(),
        ([height, width, ..], [_, _, ..]) if narrows_data::is_image_path(spec) => {
            let channels = if expected.ends_with(&[3]) { "rgb" } else { "grey" };
            format!("; pass --resize {width}x{height} --channels {channels} to convert the images")
        }
        (_, _) => String::new(),
    };
    bail!("`{spec}` has {}, but this model takes {}{alternative}{hint}", describe(found), describe(expected))
}

/// Refuses columns in another order than the model's: the results would be wrong without any other sign.
fn check_order(spec: &str, stream: &Stream, sample: &Sample) -> anyhow::Result<()> {
    let Some(expected) = &sample.columns else { return Ok(()) };
    let Some(columns) = &stream.head().columns else {
        let text = format!("has no column names; assuming the order {}", join_first(expected));
        return say_one(Note::new(NoteCode::Names, spec, text));
    };
    if sample.has_reordered_columns(columns) {
        bail!(
            "the columns of `{spec}` are in another order than the model's; leave --columns out, and they are matched by name"
        );
    }
    Ok(())
}

/// Translates labels to the model's class indices by name: a data set may have other classes than the model, or the
/// same ones in another order.
struct Classes<'a> {
    /// Names of the model's classes.
    classes: &'a [String],
    /// Name of the data set that the labels come from.
    name: String,
    indices: HashMap<String, i64>,
}

impl<'a> Classes<'a> {
    fn of(classes: &'a [String], name: String) -> Self {
        Classes { classes, name, indices: HashMap::new() }
    }

    fn indices_of(&mut self, labels: &Labels) -> anyhow::Result<Vec<i64>> {
        let mut indices = Vec::with_capacity(labels.len());
        for row in 0..labels.len() {
            let label = labels.name(row);
            let index = match self.indices.get(label.as_ref()) {
                Some(&index) => index,
                None => {
                    let index = Class::Name(&label)
                        .label_in(self.classes)
                        .with_context(|| format!("labels of `{}`", self.name))?;
                    self.indices.insert(label.into_owned(), index as i64);
                    index as i64
                }
            };
            indices.push(index);
        }
        Ok(indices)
    }
}
