//! Which training rows are held out to watch training by.

use std::collections::BTreeMap;

use narrows_data::Part;
use rand::seq::SliceRandom;

use crate::{
    options::options,
    problems::Problems,
    random::{Stream, stream},
};

options! {
    /// How many rows are held out.
    pub struct SplitOptions in "Data" {
        /// Share of the training rows to hold out, the same share of each class [default: 0.1; 0 with --valid and,
        /// except in a transfer, where the data has a test part]
        #[flag(value_name = "SHARE")]
        pub valid_fraction: f64 = 0.1,
    }
}

impl SplitOptions {
    /// The share in `[0, 1)`, `default` where it is left open; `has_valid` if there are rows of their own to watch
    /// training by.
    pub(crate) fn check(&self, default: f64, has_valid: bool, problems: &mut Problems) -> f64 {
        let fraction = self.valid_fraction.unwrap_or(default);
        if !(0.0..1.0).contains(&fraction) {
            problems.add("valid_fraction", format!("is a share of the rows in [0, 1), got {fraction}"));
        } else if fraction > 0.0 && has_valid {
            problems
                .add("valid_fraction", "holds rows out, and --valid names others to watch training by: leave one out");
        }
        fraction
    }
}

/// Rows that a share holds out: rounded, at least one if the share is positive.
pub(crate) fn held_out(rows: usize, fraction: f64) -> usize {
    if fraction > 0.0 { ((rows as f64 * fraction).round() as usize).clamp(1, rows) } else { 0 }
}

/// The rows to fit and the rows that are held out, both in ascending order.
///
/// Where there are labels, every class gives its share: the counts are rounded so that they add up to what is
/// held out without labels.
pub(crate) fn split(part: &Part, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let rows = part.values.rows();
    let held_out = held_out(rows, fraction);
    if held_out == 0 {
        return ((0..rows).collect(), Vec::new());
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut stream(seed, Stream::Split, 0));
    if let Some(labels) = &part.labels {
        order = spread_classes(order, labels, held_out);
    }
    let mut valid = order.split_off(rows - held_out);
    order.sort_unstable();
    valid.sort_unstable();
    (order, valid)
}

/// The shuffled rows, with the share of every class that is held out at the end.
fn spread_classes(order: Vec<usize>, labels: &[u32], held_out: usize) -> Vec<usize> {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let rows = order.len();
    order.into_iter().for_each(|row| classes.entry(labels[row]).or_default().push(row));
    // Whole shares first, then one more where most was cut off.
    let whole = |class: &Vec<usize>| class.len() * held_out / rows;
    let mut counts: Vec<usize> = classes.values().map(whole).collect();
    let mut by_rest: Vec<usize> = (0..counts.len()).collect();
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    by_rest.sort_by_key(|&class| std::cmp::Reverse(sizes[class] * held_out % rows));
    let missing = held_out - counts.iter().sum::<usize>();
    by_rest.iter().take(missing).for_each(|&class| counts[class] += 1);
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
    fn every_class_gives_its_share_and_no_row_is_lost() {
        // 70 rows of one class, 20 of another, 10 of a third; the last row alone is a fourth.
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
        let order = spread_classes((0..101).rev().collect(), &labels, 20);
        let held_out = &order[81..];
        let count = |class: u32| held_out.iter().filter(|&&row| labels[row] == class).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [14, 4, 2, 0]);
        let mut all = order;
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
    }
}
