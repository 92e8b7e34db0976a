//! Rows for a model, a chunk at a time: filled in or left out where values are missing, with the classes in the
//! model's own numbering.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context, bail};
use narrows_bundle::{Contract, Sample};
use narrows_data::{Chunk, Labels, RecordBatch, Stream, Streams, Values};
use narrows_runtime::{Autoencoder, Codes, Error, Samples};

use super::{DataArguments, Part, fill_of};
use crate::report::{first_of, note, warn};

/// Numbers in a chunk, 4 MB of them: more takes memory, less takes time.
const NUMBERS: usize = 1 << 20;
/// Rows in a chunk: so many even where they are long, and no more even where they are short.
const LEAST_ROWS: usize = 16;
const MOST_ROWS: usize = 1 << 16;

/// Rows to run a model on.
pub(crate) struct InputStream<'a> {
    /// As the user called it.
    spec: String,
    /// As the data calls itself.
    name: String,
    streams: VecDeque<Stream>,
    /// Where the model takes labels.
    classes: Option<Classes<'a>>,
    fill: Option<Vec<f32>>,
    at_a_time: usize,
    given: usize,
    dropped: usize,
    /// The names of the features, where there are some.
    columns: Option<Vec<String>>,
    /// All rows, where it is known.
    total: Option<usize>,
}

/// Some rows, in memory.
pub(crate) struct Batch {
    values: Values,
    /// In the model's own numbering, where it takes labels.
    classes: Option<Vec<i64>>,
    /// As the data has them.
    pub(crate) labels: Option<Labels>,
    /// Columns to be carried along.
    pub(crate) others: Option<RecordBatch>,
    /// The number of its first row in the part.
    first: usize,
}

impl<'a> InputStream<'a> {
    /// The samples of a part of a data set, with the classes of the model where it takes them.
    pub(crate) fn of(data: &DataArguments, part: Part, model: &'a Autoencoder) -> anyhow::Result<Self> {
        let rows = Self::samples(data, part, model.manifest())?;
        if !model.takes_labels() {
            return Ok(rows);
        }
        if !rows.has_labels() {
            bail!(
                "this model is told the class of every sample, and `{}` has no labels (name them by --labels or --label-column)",
                rows.name
            );
        }
        Ok(InputStream { classes: Some(Classes::of(model, rows.name.clone())), ..rows })
    }

    /// The samples of a part of a data set for a model that is told nothing else.
    pub(crate) fn samples(data: &DataArguments, part: Part, manifest: &impl Contract) -> anyhow::Result<Self> {
        let sample = manifest.sample();
        let fill = fill_of(data.reading.missing, manifest)?;
        // The columns that the model was fitted on are taken where nobody names any.
        let Streams { name, train, test } = data.stream(&sample.columns, fill.is_some())?;
        let streams = match (part, test) {
            (Part::All, test) => [train].into_iter().chain(test).collect(),
            (Part::Train, _) => VecDeque::from([train]),
            (Part::Test, Some(test)) => VecDeque::from([test]),
            (Part::Test, None) => bail!("`{name}` has no test part (leave --part out)"),
        };
        streams.iter().try_for_each(|stream: &Stream| check_order(&name, stream, sample))?;
        let outputs = manifest.graphs().into_iter().flat_map(|graph| &graph.outputs);
        let width = outputs.map(|port| port.shape.iter().product()).max().unwrap_or(1);
        Ok(InputStream { name, fill, ..InputStream::over(data.spec().to_owned(), streams, width) })
    }

    /// All rows of these streams without labels; what becomes of them is `width` numbers a row.
    pub(crate) fn over(spec: String, streams: VecDeque<Stream>, width: usize) -> Self {
        let widest = streams.iter().map(|stream| stream.head().sample_shape.iter().product()).fold(width, usize::max);
        InputStream {
            name: spec.clone(),
            spec,
            classes: None,
            fill: None,
            at_a_time: (NUMBERS / widest.max(1)).clamp(LEAST_ROWS, MOST_ROWS),
            given: 0,
            dropped: 0,
            columns: streams.front().and_then(|stream| stream.head().columns.clone()),
            total: streams.iter().map(|stream| stream.head().rows).sum(),
            streams,
        }
    }

    /// With the labels of the rows as classes of the model.
    pub(crate) fn labelled(self, model: &'a Autoencoder) -> Self {
        InputStream { classes: Some(Classes::of(model, self.spec.clone())), ..self }
    }

    /// As the data calls itself.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether every row that is left has a label.
    pub(crate) fn has_labels(&self) -> bool {
        self.streams.iter().all(Stream::has_labels)
    }

    /// All rows, where it is known before they are read.
    pub(crate) fn total(&self) -> Option<usize> {
        self.total
    }

    /// Rows that were read.
    pub(crate) fn done(&self) -> usize {
        self.given + self.dropped
    }

    /// Rows that were given out.
    pub(crate) fn given(&self) -> usize {
        self.given
    }

    /// The names of the features, where there are some.
    pub(crate) fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// The next rows; `None` at the end, where what was left out is told.
    pub(crate) fn next(&mut self, most: usize) -> anyhow::Result<Option<Batch>> {
        loop {
            let Some(stream) = self.streams.front_mut() else {
                self.tell_dropped()?;
                return Ok(None);
            };
            let before = stream.dropped();
            let chunk = stream.next(self.at_a_time.min(most), self.fill.as_deref())?;
            self.dropped += stream.dropped() - before;
            let Some(Chunk { values, labels, others }) = chunk else {
                self.streams.pop_front();
                continue;
            };
            let values = match values {
                on_disk @ Values::OnDisk(_) => Values::F32(on_disk.to_f32()?.into_owned()),
                in_memory @ (Values::U8(_) | Values::F32(_)) => in_memory,
            };
            self.given += values.rows();
            let first = stream.read().saturating_sub(values.rows());
            let classes = match (&mut self.classes, &labels) {
                (Some(classes), Some(labels)) => Some(classes.numbers_of(labels)?),
                (Some(_), None) | (None, _) => None,
            };
            return Ok(Some(Batch { values, classes, labels, others, first }));
        }
    }

    fn tell_dropped(&self) -> anyhow::Result<()> {
        match (self.dropped, self.given) {
            (0, _) => {}
            (dropped, 0) => bail!("`{}`: all {dropped} rows have a missing value, so nothing is left", self.spec),
            (dropped, _) => note(format_args!("{dropped} rows with missing values were left out")),
        }
        Ok(())
    }

    /// What the model says of a batch, with the name of the data, and rows as the data counts them.
    pub(crate) fn told(&self, error: Error, batch: &Batch) -> anyhow::Error {
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

/// Columns in another order than the model's give wrong figures, and nobody would see it.
fn check_order(name: &str, stream: &Stream, sample: &Sample) -> anyhow::Result<()> {
    let Some(known) = &sample.columns else { return Ok(()) };
    let Some(found) = &stream.head().columns else {
        warn(format_args!("`{name}` does not name its columns; they are taken for {} in this order", first_of(known)));
        return Ok(());
    };
    if sample.stands_in_another_order(found) {
        bail!(
            "the columns of `{name}` stand in another order than the model's; leave --columns out, and they are taken by their names"
        );
    }
    Ok(())
}

impl Batch {
    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.rows()
    }

    /// As samples of a model.
    pub(crate) fn samples(&self) -> Samples<'_> {
        let samples = match &self.values {
            Values::U8(values) => Samples::from(values.view()),
            Values::F32(values) => Samples::from(values.view()),
            Values::OnDisk(_) => unreachable!("`InputStream::next` reads what is on disk"),
        };
        match &self.classes {
            Some(classes) => samples.labelled(classes),
            None => samples,
        }
    }

    /// As codes of a model, all of one class where one is given; `None` for bytes.
    pub(crate) fn codes<'b>(&'b self, class: &'b mut Vec<i64>, label: Option<i64>) -> Option<Codes<'b>> {
        let Values::F32(values) = &self.values else { return None };
        let codes = Codes::from(values.view());
        if let Some(label) = label {
            class.clear();
            class.resize(self.rows(), label);
            return Some(codes.labelled(class));
        }
        Some(match &self.classes {
            Some(classes) => codes.labelled(classes),
            None => codes,
        })
    }
}

/// The model's number for each class by its name: sets may hold other classes, or the same ones in another order.
struct Classes<'a> {
    model: &'a Autoencoder,
    /// The set that the labels come from.
    name: String,
    known: HashMap<String, i64>,
}

impl<'a> Classes<'a> {
    fn of(model: &'a Autoencoder, name: String) -> Self {
        Classes { model, name, known: HashMap::new() }
    }

    fn numbers_of(&mut self, labels: &Labels) -> anyhow::Result<Vec<i64>> {
        let mut numbers = Vec::with_capacity(labels.len());
        for row in 0..labels.len() {
            let label = labels.name(row);
            let number = match self.known.get(label.as_ref()) {
                Some(&number) => number,
                None => {
                    let number =
                        self.model.class_named(&label).with_context(|| format!("labels of `{}`", self.name))?;
                    self.known.insert(label.into_owned(), number as i64);
                    number as i64
                }
            };
            numbers.push(number);
        }
        Ok(numbers)
    }
}
