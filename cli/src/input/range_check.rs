//! Counts rows that lie far outside the range of the training data: they are often in another unit.

use narrows_bundle::Sample;
use narrows_data::{Note, NoteCode, Values};
use ndarray::ArrayView2;

/// The rows so far.
#[derive(Debug, Clone)]
pub(super) struct RangeCheck {
    sample: Sample,
    /// Which values are the positions of levels, which have no range; empty for samples without categories.
    is_category: Vec<bool>,
    rows: usize,
    far_rows: usize,
    lowest: f32,
    highest: f32,
}

impl RangeCheck {
    pub(super) fn new(sample: &Sample) -> Self {
        let cells = sample.cells().unwrap_or_default();
        RangeCheck {
            sample: sample.clone(),
            is_category: cells.iter().map(|cell| cell.kind.levels().is_some()).collect(),
            rows: 0,
            far_rows: 0,
            lowest: f32::INFINITY,
            highest: f32::NEG_INFINITY,
        }
    }

    /// Adds rows in memory.
    pub(super) fn add(&mut self, values: &Values) {
        match values {
            Values::U8(values) => self.add_rows(&values.view(), f32::from),
            Values::F32(values) => self.add_rows(&values.view(), |value| value),
            // Only rows in memory are given to a model.
            Values::OnDisk(_) | Values::Windows(_) => {}
        }
    }

    fn add_rows<T: Copy>(&mut self, rows: &ArrayView2<'_, T>, value: impl Fn(T) -> f32) {
        self.rows += rows.nrows();
        for row in rows.rows() {
            let ends = row
                .iter()
                .enumerate()
                .filter(|(feature, _)| !self.is_category.get(*feature).copied().unwrap_or(false))
                .map(|(_, &item)| value(item))
                .fold((f32::INFINITY, f32::NEG_INFINITY), |ends, value| (ends.0.min(value), ends.1.max(value)));
            // A row may have no number at all.
            let has_numbers = ends.0 <= ends.1;
            if has_numbers && (self.sample.is_far_outside(ends.0) || self.sample.is_far_outside(ends.1)) {
                self.far_rows += 1;
                (self.lowest, self.highest) = (self.lowest.min(ends.0), self.highest.max(ends.1));
            }
        }
    }

    /// Returns a note if there are such rows.
    pub(super) fn note(&self, spec: &str) -> Option<Note> {
        let RangeCheck { sample, is_category: _, rows, far_rows, lowest, highest } = self;
        let (low, high) = sample.range;
        let text = format!(
            "{far_rows} of {} far outside the range of the training data, {low} to {high}: their values go from {lowest} to \
             {highest}; convert the data to the unit of the training data",
            if *rows == 1 { "1 row lies".to_owned() } else { format!("{rows} rows lie") }
        );
        (*far_rows > 0).then(|| Note::new(NoteCode::Range, spec, text))
    }
}
