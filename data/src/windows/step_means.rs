//! Results per time step of a recording: means over the windows that contain a step.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use ndarray::{Array2, ArrayView3};

use crate::{chunk::Recorded, error::DataError};

/// Means per time step, computed in one pass and in memory for about one window.
pub struct StepMeans {
    window: usize,
    /// Number of values per time step.
    width: usize,
    /// First time step whose mean is not complete, and the number of time steps so far.
    first: usize,
    end: usize,
    /// Sums over the windows so far, `[end - first, width]`, and the number of windows of each step.
    sums: Vec<f64>,
    windows: Vec<u32>,
    others: Option<RecordBatch>,
}

/// Time steps whose means are complete.
pub struct StepRows {
    /// Means, `[steps, width]`; NaN for a step in no window.
    pub means: Array2<f32>,
    /// Number of windows that contain each step.
    pub windows: Vec<u32>,
    /// Pass-through columns of the steps.
    pub others: Option<RecordBatch>,
}

impl StepMeans {
    /// Creates means of `width` values per time step, over windows of `window` steps.
    pub fn new(window: usize, width: usize) -> Self {
        StepMeans { window, width, first: 0, end: 0, sums: Vec::new(), windows: Vec::new(), others: None }
    }

    /// Adds time steps, in order, and the values of the windows that end in them, `[windows, window, width]`. Returns
    /// the steps that no later window contains.
    ///
    /// # Errors
    /// [`DataError`] if the pass-through columns are not those of earlier steps.
    ///
    /// # Panics
    /// If there are values for another number of windows or of time steps.
    pub fn add(&mut self, recorded: Recorded, values: &ArrayView3<'_, f64>) -> Result<StepRows, DataError> {
        let steps = recorded.values.rows();
        self.end += steps;
        self.sums.resize(self.sums.len() + steps * self.width, 0.0);
        self.windows.resize(self.windows.len() + steps, 0);
        self.others = match (self.others.take(), recorded.others) {
            (Some(before), Some(more)) => {
                Some(concat_batches(&more.schema(), [&before, &more]).map_err(DataError::column)?)
            }
            (None, more) => more,
            (before @ Some(_), None) => before,
        };
        for (&start, values) in recorded.starts.iter().zip(values.outer_iter()) {
            let start = start - self.first;
            self.windows[start..start + self.window].iter_mut().for_each(|count| *count += 1);
            let sums = &mut self.sums[start * self.width..][..self.window * self.width];
            sums.iter_mut().zip(&values).for_each(|(sum, value)| *sum += value);
        }
        Ok(self.take((self.end - self.first).saturating_sub(self.window - 1)))
    }

    /// Returns the remaining steps at the end of a recording, and starts with the next recording.
    pub fn finish(&mut self) -> StepRows {
        let rest = self.take(self.end - self.first);
        (self.first, self.end) = (0, 0);
        rest
    }

    /// Returns whether these steps are the start of another recording.
    pub fn is_at_start(&self, recorded: &Recorded) -> bool {
        recorded.first == 0 && self.end > 0
    }

    /// Takes the first `count` steps.
    fn take(&mut self, count: usize) -> StepRows {
        let windows: Vec<u32> = self.windows.drain(..count).collect();
        let sums: Vec<f64> = self.sums.drain(..count * self.width).collect();
        let mean = |(step, value): (usize, usize)| {
            // Without a window, 0 / 0 is NaN.
            (sums[step * self.width + value] / f64::from(windows[step])) as f32
        };
        let means = Array2::from_shape_fn((count, self.width), mean);
        let others = self.others.as_ref().map(|others| others.slice(0, count));
        self.others = self.others.take().map(|others| others.slice(count, others.num_rows() - count));
        self.first += count;
        StepRows { means, windows, others }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::values::Values;

    fn recorded(first: usize, steps: usize, starts: &[usize]) -> Recorded {
        Recorded { first, values: Values::F32(Array2::zeros((steps, 1))), others: None, starts: starts.to_vec() }
    }

    #[test]
    fn a_step_has_the_mean_of_the_windows_that_contain_it() {
        let mut means = StepMeans::new(2, 1);
        let mut all: Vec<(f32, u32)> = Vec::new();
        let mut keep = |rows: StepRows| all.extend(rows.means.iter().copied().zip(rows.windows));
        let values = |values: &[f64]| Array3::from_shape_vec((values.len() / 2, 2, 1), values.to_vec());
        // Windows at 0 and 1 with the values (1, 2) and (4, 8); then one at 4 with (3, 5); step 3 is in no window.
        keep(
            means.add(recorded(0, 3, &[0, 1]), &values(&[1.0, 2.0, 4.0, 8.0]).expect("two").view()).expect("in order"),
        );
        keep(means.add(recorded(3, 2, &[]), &values(&[]).expect("none").view()).expect("in order"));
        keep(means.add(recorded(5, 1, &[4]), &values(&[3.0, 5.0]).expect("one").view()).expect("in order"));
        assert!(means.is_at_start(&recorded(0, 1, &[])));
        keep(means.finish());
        assert!(all[3].0.is_nan() && all[3].1 == 0, "{all:?}");
        all.remove(3);
        assert_eq!(all, [(1.0, 1), (3.0, 2), (8.0, 1), (3.0, 1), (5.0, 1)]);
    }
}
