//! The windows of a recording as rows of samples. The recording is kept once, and a window is gathered when its row is
//! visited, so that windows that overlap need no memory.

use std::{ops::Range, sync::Arc};

use ndarray::Array2;

use super::{
    breaks::Breaks,
    walk::{Step, Walk, WindowCounts},
    windowing::Windowing,
};
use crate::{
    error::DataError,
    file_rows::FileRows,
    in_memory::{InMemory, matrix},
    row::Row,
};

/// The windows of a recording, each as one row of features: all time steps of the first channel, then of the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowRows {
    recording: Arc<Recording>,
    windowing: Windowing,
    /// The windows, as runs in which the starts are `hop` steps apart.
    runs: Arc<[Run]>,
    counts: WindowCounts,
    longest: usize,
}

/// The time steps of a recording, `[steps, channels]`.
#[derive(Debug, PartialEq)]
pub(crate) enum Recording {
    InMemory(InMemory),
    OnDisk(FileRows),
}

/// Windows with equal distances.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    /// The index of the first window.
    first: usize,
    /// The first time step of the first window.
    start: usize,
}

impl WindowRows {
    /// Cuts a recording into windows. `is_complete` says whether a window may contain a step.
    pub(crate) fn cut(
        recording: Recording,
        windowing: Windowing,
        breaks: &Breaks,
        is_complete: impl Fn(usize) -> bool,
    ) -> Self {
        let mut walk = Walk::new(&windowing);
        let mut runs: Vec<Run> = Vec::new();
        let mut starts = breaks.rows.iter().copied().peekable();
        let (mut windows, mut expected) = (0, None);
        for row in 0..recording.steps() {
            let starts_here = starts.next_if_eq(&row).is_some();
            let step = match (is_complete(row), starts_here) {
                (false, _) => Step::Missing,
                (true, true) => Step::Starts,
                (true, false) => Step::Continues,
            };
            if let Some(start) = walk.add(step) {
                if expected != Some(start) {
                    runs.push(Run { first: windows, start });
                }
                expected = Some(start.saturating_add(windowing.hop));
                windows += 1;
            }
        }
        let counts = WindowCounts { gaps: breaks.gaps, ..walk.counts() };
        let recording = Arc::new(recording.in_row_order());
        WindowRows { recording, windowing, runs: runs.into(), counts, longest: walk.longest() }
    }

    /// The number of windows.
    pub fn rows(&self) -> usize {
        self.counts.windows
    }

    /// The number of values in a window: channels times time steps.
    pub fn features(&self) -> usize {
        self.channels() * self.windowing.window
    }

    /// The number of channels of the recording.
    pub fn channels(&self) -> usize {
        match &*self.recording {
            Recording::InMemory(InMemory::U8(steps)) => steps.ncols(),
            Recording::InMemory(InMemory::F32(steps)) => steps.ncols(),
            Recording::OnDisk(steps) => steps.features(),
        }
    }

    /// Whether the values are bytes. Otherwise they are floats.
    pub fn is_bytes(&self) -> bool {
        match &*self.recording {
            Recording::InMemory(InMemory::U8(_)) => true,
            Recording::InMemory(InMemory::F32(_)) => false,
            Recording::OnDisk(steps) => steps.is_bytes(),
        }
    }

    /// Whether the recording stays in a file.
    pub fn is_on_disk(&self) -> bool {
        match &*self.recording {
            Recording::InMemory(_) => false,
            Recording::OnDisk(_) => true,
        }
    }

    /// Returns how the recording was cut.
    pub fn windowing(&self) -> &Windowing {
        &self.windowing
    }

    /// Returns what the recording consists of.
    pub fn counts(&self) -> WindowCounts {
        self.counts
    }

    /// Returns the length of the longest part of the recording that a window could have.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Returns the number of bytes of values in memory: those of the recording, for any window and hop.
    pub fn bytes_in_memory(&self) -> usize {
        match &*self.recording {
            Recording::InMemory(InMemory::U8(steps)) => steps.len(),
            Recording::InMemory(InMemory::F32(steps)) => steps.len() * size_of::<f32>(),
            Recording::OnDisk(_) => 0,
        }
    }

    /// Returns the time steps of a window.
    ///
    /// # Panics
    /// If `row` is not below [`rows`](Self::rows).
    pub fn steps_of(&self, row: usize) -> Range<usize> {
        assert!(row < self.rows(), "window {row} of {}", self.rows());
        let run = self.runs[self.runs.partition_point(|run| run.first <= row) - 1];
        let start = run.start + (row - run.first) * self.windowing.hop;
        start..start + self.windowing.window
    }

    /// Returns the windows before `row` that share a time step with it.
    pub fn overlapping_before(&self, row: usize) -> Range<usize> {
        let start = self.steps_of(row).start;
        let before: Vec<usize> = (0..row).rev().take_while(|&before| self.steps_of(before).end > start).collect();
        row - before.len()..row
    }

    /// Returns the given windows of the same recording, in ascending order and each once. The counts of steps and gaps
    /// remain those of the recording.
    ///
    /// # Panics
    /// If an index is not below [`rows`](Self::rows).
    pub(crate) fn keep(&self, rows: &[usize]) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let mut expected = None;
        for (first, &row) in rows.iter().enumerate() {
            let start = self.steps_of(row).start;
            if expected != Some(start) {
                runs.push(Run { first, start });
            }
            expected = Some(start.saturating_add(self.windowing.hop));
        }
        let counts = WindowCounts { windows: rows.len(), ..self.counts };
        WindowRows { runs: runs.into(), counts, ..self.clone() }
    }

    /// Does the same as [`Values::visit`](crate::Values::visit).
    pub(crate) fn visit(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, Row<'_>),
    ) -> Result<(), DataError> {
        let (mut bytes, mut floats) = (Vec::new(), Vec::new());
        if self.is_bytes() {
            bytes.resize(self.features(), 0);
        } else {
            floats.resize(self.features(), 0.0);
        }
        for (position, row) in rows.into_iter().enumerate() {
            let (steps, window) = (self.steps_of(row), self.windowing.window);
            match &*self.recording {
                Recording::InMemory(InMemory::U8(recording)) => {
                    transpose(values_of(recording, steps), &mut bytes, window)
                }
                Recording::InMemory(InMemory::F32(recording)) => {
                    transpose(values_of(recording, steps), &mut floats, window)
                }
                Recording::OnDisk(recording) => recording.visit(steps, |step, values| match values {
                    Row::U8(values) => place(values, step, window, &mut bytes),
                    Row::F32(values) => place(values, step, window, &mut floats),
                })?,
            }
            each(position, if self.is_bytes() { Row::U8(&bytes) } else { Row::F32(&floats) });
        }
        Ok(())
    }

    /// Calls `each` with the values of every time step that one of the given windows contains, `[channels]`. A step in
    /// several windows is visited once, if the windows are in ascending order.
    pub(crate) fn visit_covered(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(Row<'_>),
    ) -> Result<(), DataError> {
        let mut end = 0;
        for row in rows {
            let steps = self.steps_of(row);
            let new = steps.start.max(end)..steps.end;
            end = end.max(steps.end);
            if !new.is_empty() {
                self.visit_steps(new, |_, values| each(values))?;
            }
        }
        Ok(())
    }

    /// Calls `each` with all time steps of the recording, in order.
    pub(crate) fn visit_recording(&self, each: impl FnMut(usize, Row<'_>)) -> Result<(), DataError> {
        self.visit_steps(0..self.counts.steps, each)
    }

    /// Calls `each` with the position in `steps` and the values of each step, `[channels]`.
    fn visit_steps(&self, steps: Range<usize>, mut each: impl FnMut(usize, Row<'_>)) -> Result<(), DataError> {
        match &*self.recording {
            Recording::InMemory(InMemory::U8(recording)) => {
                each_step(recording, steps, |position, values| each(position, Row::U8(values)));
                Ok(())
            }
            Recording::InMemory(InMemory::F32(recording)) => {
                each_step(recording, steps, |position, values| each(position, Row::F32(values)));
                Ok(())
            }
            Recording::OnDisk(recording) => recording.visit(steps, each),
        }
    }

    /// Checks that the recording is not a file that was modified since it was opened.
    pub(crate) fn check_unchanged(&self) -> Result<(), DataError> {
        match &*self.recording {
            Recording::InMemory(_) => Ok(()),
            Recording::OnDisk(steps) => steps.check_unchanged(),
        }
    }

    /// Returns the given windows in memory: `[rows.len(), features]`.
    pub(crate) fn select(&self, rows: &[usize]) -> Result<InMemory, DataError> {
        let (mut bytes, mut floats) = (Vec::new(), Vec::new());
        self.visit(rows.iter().copied(), |_, row| match row {
            Row::U8(row) => bytes.extend_from_slice(row),
            Row::F32(row) => floats.extend_from_slice(row),
        })?;
        let features = self.features();
        Ok(if self.is_bytes() {
            InMemory::U8(matrix(bytes, features))
        } else {
            InMemory::F32(matrix(floats, features))
        })
    }
}

impl Recording {
    fn steps(&self) -> usize {
        match self {
            Recording::InMemory(InMemory::U8(steps)) => steps.nrows(),
            Recording::InMemory(InMemory::F32(steps)) => steps.nrows(),
            Recording::OnDisk(steps) => steps.rows(),
        }
    }

    /// Returns the same recording with the channels of each step next to each other in memory.
    fn in_row_order(self) -> Self {
        match self {
            Recording::InMemory(InMemory::U8(steps)) if !steps.is_standard_layout() => {
                Recording::InMemory(InMemory::U8(steps.as_standard_layout().into_owned()))
            }
            Recording::InMemory(InMemory::F32(steps)) if !steps.is_standard_layout() => {
                Recording::InMemory(InMemory::F32(steps.as_standard_layout().into_owned()))
            }
            other @ (Recording::InMemory(_) | Recording::OnDisk(_)) => other,
        }
    }
}

fn each_step<T>(recording: &Array2<T>, steps: Range<usize>, mut each: impl FnMut(usize, &[T])) {
    let steps = values_of(recording, steps).chunks_exact(recording.ncols());
    steps.enumerate().for_each(|(position, values)| each(position, values));
}

/// Returns the values of consecutive steps.
fn values_of<T>(recording: &Array2<T>, steps: Range<usize>) -> &[T] {
    let channels = recording.ncols();
    let values = recording.as_slice().expect("`cut` stores the recording in row order");
    &values[steps.start * channels..steps.end * channels]
}

/// Writes the values of a window, `[window, channels]`, as `[channels, window]`.
fn transpose<T: Copy>(steps: &[T], into: &mut [T], window: usize) {
    let channels = into.len() / window;
    for (channel, into) in into.chunks_exact_mut(window).enumerate() {
        for (into, values) in into.iter_mut().zip(steps.chunks_exact(channels)) {
            *into = values[channel];
        }
    }
}

/// Writes the values of a step into a window, in which each channel is `window` values long.
fn place<T: Copy>(values: &[T], step: usize, window: usize, into: &mut [T]) {
    into.iter_mut().skip(step).step_by(window).zip(values).for_each(|(into, &value)| *into = value);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn windowing(window: usize, hop: usize) -> Windowing {
        Windowing { window, hop, time_column: None, group_column: None }
    }

    fn rows_of(windows: &WindowRows, rows: &[usize]) -> Vec<Vec<f32>> {
        let mut all = Vec::new();
        windows.visit(rows.iter().copied(), |_, row| all.push(row.floats().collect())).expect("in memory");
        all
    }

    #[test]
    fn a_window_has_all_steps_of_the_first_channel_first() {
        let steps = array![[0.0, 10.0], [1.0, 11.0], [2.0, 12.0], [3.0, 13.0]];
        let recording = Recording::InMemory(InMemory::F32(steps));
        let windows = WindowRows::cut(recording, windowing(3, 1), &Breaks::default(), |_| true);
        assert_eq!((windows.rows(), windows.channels(), windows.features()), (2, 2, 6));
        let expected = [[1.0, 2.0, 3.0, 11.0, 12.0, 13.0], [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]];
        assert_eq!(rows_of(&windows, &[1, 0]), expected);
        assert_eq!(windows.select(&[0]).expect("in memory"), InMemory::F32(array![[0.0, 1.0, 2.0, 10.0, 11.0, 12.0]]));
    }

    #[test]
    fn kept_windows_are_windows_of_the_same_recording() {
        let steps = Array2::from_shape_fn((12, 1), |(step, _)| step as f32);
        let recording = Recording::InMemory(InMemory::F32(steps));
        let windows = WindowRows::cut(recording, windowing(2, 1), &Breaks::default(), |_| true);
        let kept = windows.keep(&[0, 1, 2, 5, 9, 10]);
        let starts: Vec<usize> = (0..kept.rows()).map(|row| kept.steps_of(row).start).collect();
        assert_eq!((starts, kept.runs.len()), (vec![0, 1, 2, 5, 9, 10], 3));
        assert_eq!(rows_of(&kept, &[3, 5]), [[5.0, 6.0], [10.0, 11.0]]);
        assert_eq!(kept.overlapping_before(4), 4..4);
        assert_eq!(windows.keep(&[]).rows(), 0);
    }

    #[test]
    fn windows_that_overlap_need_no_memory() {
        let steps = Array2::from_shape_fn((1000, 3), |(step, channel)| (3 * step + channel) as f32);
        let recording = Recording::InMemory(InMemory::F32(steps));
        let windows = WindowRows::cut(recording, windowing(128, 1), &Breaks::default(), |_| true);
        assert_eq!((windows.rows(), windows.bytes_in_memory()), (873, 1000 * 3 * 4));
        assert_eq!(windows.runs.len(), 1);
    }

    #[test]
    fn every_covered_step_is_visited_once_and_no_other() {
        let steps = Array2::from_shape_fn((9, 1), |(step, _)| step as u8);
        let recording = Recording::InMemory(InMemory::U8(steps));
        let breaks = Breaks { rows: vec![4], gaps: 1 };
        let windows = WindowRows::cut(recording, windowing(3, 1), &breaks, |step| step != 8);
        assert_eq!((0..windows.rows()).map(|row| windows.steps_of(row).start).collect::<Vec<_>>(), [0, 1, 4, 5]);
        let mut seen = Vec::new();
        windows.visit_covered([0, 1, 2], |row| seen.extend(row.floats())).expect("in memory");
        assert_eq!(seen, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(windows.counts(), WindowCounts { steps: 9, windows: 4, gaps: 1, uncovered: 1 });
        assert_eq!((windows.overlapping_before(1), windows.overlapping_before(2)), (0..1, 2..2));
    }
}
