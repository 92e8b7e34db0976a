//! The split of the training rows into rows that are fitted and rows that are held out for validation.

use std::collections::BTreeMap;

use narrows_data::{Part, Values, WindowRows};
use rand::{Rng, seq::SliceRandom};

use crate::{
    options::options,
    problems::Problems,
    random::{Stream, stream},
};

options! {
    /// The validation split.
    pub struct SplitOptions in "Data" {
        /// Fraction of the training rows to hold out for validation, in [0, 1), stratified by class; of windows
        /// (--window), the last ones in time [default: 0.1; 0 with --valid or if the data has a test part]
        #[flag(value_name = "FRACTION")]
        pub valid_fraction: f64 = 0.1,
    }
}

impl SplitOptions {
    /// Checks the fraction, which must be in `[0, 1)`; `has_valid` says whether there is a separate validation part,
    /// which excludes a positive fraction.
    pub(crate) fn check(&self, default: f64, has_valid: bool, problems: &mut Problems) -> f64 {
        let fraction = self.valid_fraction.unwrap_or(default);
        if !(0.0..1.0).contains(&fraction) {
            problems.add("valid_fraction", format!("must be in [0, 1), got {fraction}"));
        } else if fraction > 0.0 && has_valid {
            problems.add("valid_fraction", "cannot be combined with --valid: both give validation rows; leave one out");
        }
        fraction
    }
}

/// Returns the number of rows to hold out: `fraction` of `rows`, rounded, and at least one if the fraction is positive
/// and there are rows.
pub(crate) fn held_out(rows: usize, fraction: f64) -> usize {
    if fraction > 0.0 { ((rows as f64 * fraction).round() as usize).max(1).min(rows) } else { 0 }
}

/// Returns the number of rows to fit if `fraction` of them is held out.
pub(crate) fn fitted(values: &Values, fraction: f64) -> usize {
    let rows = values.rows();
    let held_out = held_out(rows, fraction);
    match values.windows() {
        Some(windows) if held_out > 0 => windows.overlapping_before(rows - held_out).start,
        Some(_) | None => rows - held_out,
    }
}

/// Splits the rows of a part into rows to fit and rows to hold out, both in ascending order.
///
/// Of the windows of a recording, the last ones in time are held out. Of other rows, a random sample is.
/// If there are labels, the split is stratified: the fraction of each class is held out, with counts rounded such that
/// they add up to the number of rows that would be held out without labels.
///
/// Training splits the training part in this way by its options `valid_fraction` and `seed`, which the manifest
/// records.
pub fn split(part: &Part, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    split_by(part, fraction, stream(seed, Stream::Split, 0))
}

/// Splits the rows of a part into rows to fit a detector to and rows to calibrate it on, in the same way as [`split`],
/// but with other random numbers.
pub fn split_for_detector(part: &Part, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    split_by(part, fraction, stream(seed, Stream::DetectorSplit, 0))
}

fn split_by(part: &Part, fraction: f64, mut random: impl Rng) -> (Vec<usize>, Vec<usize>) {
    let rows = part.values.rows();
    let held_out = held_out(rows, fraction);
    if held_out == 0 {
        return ((0..rows).collect(), Vec::new());
    }
    if let Some(windows) = part.values.windows() {
        return split_in_time(windows, &(0..rows).collect::<Vec<_>>(), held_out);
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut random);
    if let Some(labels) = &part.labels {
        order = stratify(order, labels, held_out);
    }
    let mut valid = order.split_off(rows - held_out);
    order.sort_unstable();
    valid.sort_unstable();
    (order, valid)
}

/// Splits windows of a recording, given in ascending order, at one point in time: the last `held_out` of them are held
/// out, at most all. Earlier windows that share a time step with those are in neither part. A random split would hold
/// out windows that overlap fitted ones.
pub(crate) fn split_in_time(windows: &WindowRows, rows: &[usize], held_out: usize) -> (Vec<usize>, Vec<usize>) {
    let (before, valid) = rows.split_at(rows.len().saturating_sub(held_out));
    let end = valid.first().map_or(windows.rows(), |&first| windows.overlapping_before(first).start);
    (before.iter().copied().filter(|&row| row < end).collect(), valid.to_vec())
}

/// Reorders shuffled rows such that the last `held_out` rows contain the same fraction of every class.
fn stratify(order: Vec<usize>, labels: &[u32], held_out: usize) -> Vec<usize> {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let rows = order.len();
    order.into_iter().for_each(|row| classes.entry(labels[row]).or_default().push(row));
    // Counts are rounded down; the classes with the largest remainders then get one more row each.
    let rounded_down = |class: &Vec<usize>| class.len() * held_out / rows;
    let mut counts: Vec<usize> = classes.values().map(rounded_down).collect();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(sizes[class] * held_out % rows));
    let missing = held_out - counts.iter().sum::<usize>();
    by_remainder.iter().take(missing).for_each(|&class| counts[class] += 1);
    let (mut fitted, mut valid) = (Vec::new(), Vec::new());
    for (mut class, count) in classes.into_values().zip(counts) {
        valid.extend(class.split_off(class.len() - count));
        fitted.extend(class);
    }
    fitted.extend(valid);
    fitted
}

#[cfg(test)]
mod tests {
    use narrows_data::{LoadOptions, Reading};

    use super::*;

    /// The windows of a recording of 30 steps, with a hop of 2 and a gap after step 10.
    fn windows() -> Part {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.csv");
        let lines = (0..30).map(|step| format!("{},{step}\n", if step > 10 { step + 5 } else { step }));
        std::fs::write(&path, format!("t,x\n{}", lines.collect::<String>())).expect("written");
        let time_column = Some("t".to_owned());
        let reading = Reading { window: Some(4), hop: Some(2), time_column, ..Reading::default() };
        let options = LoadOptions { reading, ..LoadOptions::default() };
        narrows_data::load(&path.to_string_lossy(), &options).expect("a recording").train
    }

    #[test]
    fn windows_are_held_out_from_the_end_and_no_fitted_window_shares_a_step_with_them() {
        let part = windows();
        let windows = part.values.windows().expect("windows");
        assert_eq!(windows.rows(), 12);
        for (fraction, fitted_rows, first) in [(0.25, 8, 9), (0.7, 4, 4), (0.5, 5, 6), (0.0, 12, 12)] {
            let (fit, valid) = split(&part, fraction, 0);
            assert_eq!((fit.len(), fitted(&part.values, fraction)), (fitted_rows, fitted_rows), "{fraction}");
            assert_eq!((fit, valid), ((0..fitted_rows).collect(), (first..12).collect()), "{fraction}");
            if fraction > 0.0 {
                assert!(windows.steps_of(fitted_rows - 1).end <= windows.steps_of(first).start, "{fraction}");
            }
        }
    }

    #[test]
    fn the_split_is_stratified_and_keeps_every_row() {
        // 70 rows of the first class, 20 of the second, 10 of the third and 1 of the fourth.
        let labels: Vec<u32> = (0..101)
            .map(|row| {
                if row < 70 {
                    0
                } else if row < 90 {
                    1
                } else if row < 100 {
                    2
                } else {
                    3
                }
            })
            .collect();
        let order = stratify((0..101).rev().collect(), &labels, 20);
        let held_out = &order[81..];
        let count = |class: u32| held_out.iter().filter(|&&row| labels[row] == class).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [14, 4, 2, 0]);
        let mut all = order;
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
    }
}
