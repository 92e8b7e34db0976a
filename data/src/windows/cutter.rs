//! Cuts a recording that is read once, from its first step to its last, in constant memory.

use std::{path::PathBuf, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::{concat::concat_batches, take::take_record_batch};

use super::{
    breaks::Breaks,
    walk::{Step, Walk, WindowCounts},
    windowing::Windowing,
};
use crate::{
    chunk::{Chunk, Recorded},
    error::DataError,
    head::{Head, Roles},
    in_memory::matrix,
    labels::Labels,
    series_error::SeriesError,
    values::Values,
};

/// The name of the column with the first time step of a window.
const STEP: &str = "step";

/// Cuts a recording into windows, and keeps only the steps that later windows need.
pub(crate) struct Cutter {
    path: PathBuf,
    head: Head,
    windowing: Windowing,
    channels: usize,
    roles: Roles,
    walk: Walk,
    breaks: Breaks,
    /// The index in `breaks` of the next break.
    next_break: usize,
    /// The time step of the first row of `kept`.
    first: usize,
    kept: Kept,
}

/// The time steps in memory.
#[derive(Default)]
struct Kept {
    /// `[steps, channels]`.
    values: Vec<f32>,
    labels: Option<Labels>,
    others: Option<RecordBatch>,
}

impl Cutter {
    /// Creates a cutter for the recording with this metadata. `roles` are those of the columns of its chunks.
    pub(crate) fn new(path: PathBuf, recording: &Head, roles: Roles, windowing: Windowing, breaks: Breaks) -> Self {
        let channels = recording.sample_shape.iter().product();
        let head =
            Head { sample_shape: vec![channels, windowing.window], is_bytes: false, rows: None, ..recording.clone() };
        let walk = Walk::new(&windowing);
        Cutter { path, head, windowing, channels, roles, walk, breaks, next_break: 0, first: 0, kept: Kept::default() }
    }

    /// Returns the metadata of the windows.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Returns how many time steps to read for at most `windows` windows.
    pub(crate) fn steps_for(&self, windows: usize) -> usize {
        windows.saturating_mul(self.windowing.hop.min(self.windowing.window))
    }

    /// Returns what has been cut so far.
    pub(crate) fn counts(&self) -> WindowCounts {
        WindowCounts { gaps: self.breaks.gaps, ..self.walk.counts() }
    }

    /// Checks at the end of the recording that it has a window.
    pub(crate) fn check_end(&self) -> Result<(), DataError> {
        if self.walk.counts().windows > 0 {
            return Ok(());
        }
        let (path, window, longest) = (self.path.clone(), self.windowing.window, self.walk.longest());
        Err(DataError::series(SeriesError::TooShort { path, window, longest }))
    }

    /// Adds the next time steps. `is_complete` says for each of them whether a window may contain it. Returns the
    /// windows that end in these steps, possibly none.
    pub(crate) fn cut(&mut self, steps: Chunk, is_complete: &[bool]) -> Result<Chunk, DataError> {
        let (first, values) = (self.walk.counts().steps, floats(&steps.values)?);
        self.keep(&values, &steps)?;
        let mut starts = Vec::new();
        for (row, &is_complete) in (first..).zip(is_complete) {
            let starts_here = self.breaks.rows.get(self.next_break) == Some(&row);
            self.next_break += usize::from(starts_here);
            let step = match (is_complete, starts_here) {
                (false, _) => Step::Missing,
                (true, true) => Step::Starts,
                (true, false) => Step::Continues,
            };
            starts.extend(self.walk.add(step));
        }
        let chunk = self.chunk(&starts)?;
        self.forget(self.walk.first_needed());
        let values = Values::F32(matrix(values, self.channels));
        let recorded = Recorded { first, values, others: steps.others, starts };
        Ok(Chunk { recorded: Some(recorded), ..chunk })
    }

    /// Appends steps to those that are kept.
    fn keep(&mut self, values: &[f32], steps: &Chunk) -> Result<(), DataError> {
        let kept = &mut self.kept;
        kept.values.extend_from_slice(values);
        match (&mut kept.labels, &steps.labels) {
            (Some(kept), Some(more)) => kept.append(more.clone()),
            (none @ None, more) => none.clone_from(more),
            (Some(_), None) => {}
        }
        kept.others = match (kept.others.take(), &steps.others) {
            (Some(kept), Some(more)) => Some(concat_batches(&more.schema(), [&kept, more]).map_err(DataError::column)?),
            (None, more) => more.clone(),
            (kept @ Some(_), None) => kept,
        };
        Ok(())
    }

    /// Forgets the steps before `needed`.
    fn forget(&mut self, needed: usize) {
        let count = needed - self.first;
        self.first = needed;
        let kept = &mut self.kept;
        kept.values.drain(..count * self.channels);
        if let Some(labels) = &mut kept.labels {
            let rows: Vec<usize> = (count..labels.len()).collect();
            *labels = labels.select(&rows);
        }
        kept.others = kept.others.take().map(|others| others.slice(count, others.num_rows() - count));
    }

    /// Returns the windows with these starts. The label of a window is that of its last step, the pass-through columns
    /// are those of its first step.
    fn chunk(&self, starts: &[usize]) -> Result<Chunk, DataError> {
        let (window, channels) = (self.windowing.window, self.channels);
        let mut values = Vec::with_capacity(starts.len() * window * channels);
        for start in starts {
            let steps = &self.kept.values[(start - self.first) * channels..][..window * channels];
            for channel in 0..channels {
                values.extend(steps.iter().skip(channel).step_by(channels));
            }
        }
        let last: Vec<usize> = starts.iter().map(|start| start + window - 1 - self.first).collect();
        let labels = self.kept.labels.as_ref().map(|labels| labels.select(&last));
        let others = self.others(starts, labels.as_ref())?;
        let values = Values::F32(matrix(values, window * channels));
        Ok(Chunk { values, labels, others: Some(others), recorded: None })
    }

    /// Returns the pass-through columns of the windows with these starts, after a column with the starts.
    fn others(&self, starts: &[usize], labels: Option<&Labels>) -> Result<RecordBatch, DataError> {
        let first: Vec<u32> = starts.iter().map(|start| (start - self.first) as u32).collect();
        let taken = match &self.kept.others {
            Some(others) => take_record_batch(others, &UInt32Array::from(first)).map_err(DataError::column)?,
            None => RecordBatch::new_empty(Arc::new(Schema::empty())),
        };
        let step: ArrayRef = Arc::new(Int64Array::from_iter_values(starts.iter().map(|&start| start as i64)));
        let mut columns = vec![(Field::new(STEP, DataType::Int64, false), step)];
        for (index, (field, column)) in taken.schema().fields().iter().zip(taken.columns()).enumerate() {
            let name = if field.name() == STEP { format!("data_{STEP}") } else { field.name().clone() };
            columns.push(match labels.filter(|_| self.roles.label == Some(index)) {
                Some(labels) => {
                    let names = (0..labels.len()).map(|row| Some(labels.name(row)));
                    (Field::new(name, DataType::Utf8, true), Arc::new(StringArray::from_iter(names)) as ArrayRef)
                }
                None => (field.as_ref().clone().with_name(name), Arc::clone(column)),
            });
        }
        let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(DataError::column)
    }
}

/// Returns the values of all rows, in row-major order.
fn floats(values: &Values) -> Result<Vec<f32>, DataError> {
    let mut floats = Vec::with_capacity(values.rows() * values.features());
    values.visit(0..values.rows(), |_, row| floats.extend(row.floats()))?;
    Ok(floats)
}
