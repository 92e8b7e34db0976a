//! The split of the training rows into rows that are fitted and rows that are held out for validation.

use std::collections::BTreeMap;

use narrows_data::Part;
use rand::seq::SliceRandom;

use crate::{
    options::options,
    problems::Problems,
    random::{Stream, stream},
};

options! {
    /// The validation split.
    pub struct SplitOptions in "Data" {
        /// Fraction of the training rows to hold out for validation, in [0, 1), stratified by class [default: 0.1; 0
        /// with --valid or if the data has a test part]
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

/// Returns the number of rows to hold out: `fraction` of `rows`, rounded, and at least one if the fraction is positive.
pub(crate) fn held_out(rows: usize, fraction: f64) -> usize {
    if fraction > 0.0 { ((rows as f64 * fraction).round() as usize).clamp(1, rows) } else { 0 }
}

/// Splits the rows of a part into rows to fit and rows to hold out, both in ascending order.
///
/// If there are labels, the split is stratified: the fraction of each class is held out, with counts rounded such that
/// they add up to the number of rows that would be held out without labels.
pub(crate) fn split(part: &Part, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let rows = part.values.rows();
    let held_out = held_out(rows, fraction);
    if held_out == 0 {
        return ((0..rows).collect(), Vec::new());
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut stream(seed, Stream::Split, 0));
    if let Some(labels) = &part.labels {
        order = stratify(order, labels, held_out);
    }
    let mut valid = order.split_off(rows - held_out);
    order.sort_unstable();
    valid.sort_unstable();
    (order, valid)
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
    use super::*;

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
