//! How good answers are.

use std::collections::BTreeMap;

use narrows_bundle::Scaling;
use ndarray::{Array2, ArrayView1};

use super::Targets;

/// Figures of answers over some rows, by name.
///
/// Of a classification: `accuracy`, `balanced_accuracy` (the mean over the classes that occur of the share of their
/// rows that is told right) and `log_loss` in nats. Of a regression, in the data's unit: `rmse`, the root of the mean
/// squared error, and `r2`, one less the squared error over that of the mean.
pub type Answers = BTreeMap<&'static str, f64>;

/// Figures of outputs, `[rows, outputs]`: logits, or numbers in `unit`.
pub(crate) fn answers(outputs: &Array2<f32>, targets: &Targets, rows: &[usize], unit: &Scaling) -> Answers {
    match targets {
        Targets::Classes { labels, classes } => {
            let labels: Vec<usize> = rows.iter().map(|&row| labels[row] as usize).collect();
            of_classes(outputs, &labels, *classes)
        }
        Targets::Numbers(numbers) => {
            let expected: Vec<f64> = rows.iter().map(|&row| f64::from(numbers[row])).collect();
            let told = outputs.iter().map(|&told| f64::from(told * unit.scale[0] + unit.offset[0]));
            of_numbers(&told.collect::<Vec<_>>(), &expected)
        }
    }
}

fn of_classes(logits: &Array2<f32>, labels: &[usize], classes: usize) -> Answers {
    let (mut right, mut seen) = (vec![0usize; classes], vec![0usize; classes]);
    let mut nats = 0.0;
    for (row, &label) in logits.outer_iter().zip(labels) {
        seen[label] += 1;
        right[label] += usize::from(highest(row) == label);
        nats += log_sum_exp(row) - f64::from(row[label]);
    }
    let rows = labels.len().max(1) as f64;
    let shares =
        right.iter().zip(&seen).filter(|(_, seen)| **seen > 0).map(|(&right, &seen)| right as f64 / seen as f64);
    let shares: Vec<f64> = shares.collect();
    BTreeMap::from([
        ("accuracy", right.iter().sum::<usize>() as f64 / rows),
        ("balanced_accuracy", shares.iter().sum::<f64>() / shares.len().max(1) as f64),
        ("log_loss", nats / rows),
    ])
}

/// The figures of numbers that were told, against those that were right.
pub(crate) fn of_numbers(told: &[f64], expected: &[f64]) -> Answers {
    let rows = expected.len().max(1) as f64;
    let mean = expected.iter().sum::<f64>() / rows;
    let squared: f64 = told.iter().zip(expected).map(|(told, expected)| (told - expected).powi(2)).sum();
    let around: f64 = expected.iter().map(|expected| (expected - mean).powi(2)).sum();
    // Of numbers that are all alike nothing can be explained.
    let r2 = if around > 0.0 { 1.0 - squared / around } else { 0.0 };
    BTreeMap::from([("rmse", (squared / rows).sqrt()), ("r2", r2)])
}

/// The first of the largest.
fn highest(row: ArrayView1<'_, f32>) -> usize {
    let first = (0, f32::NEG_INFINITY);
    row.iter().enumerate().fold(first, |best, (at, &value)| if value > best.1 { (at, value) } else { best }).0
}

fn log_sum_exp(row: ArrayView1<'_, f32>) -> f64 {
    let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    most + row.iter().map(|&value| (f64::from(value) - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    const PLAIN: fn() -> Scaling = || Scaling { offset: vec![0.0], scale: vec![1.0] };

    #[test]
    fn a_rare_class_counts_as_much_as_a_frequent_one_where_accuracy_is_balanced() {
        let targets = Targets::Classes { labels: vec![0, 0, 0, 1], classes: 3 };
        let logits = array![[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]];
        let found = answers(&logits, &targets, &[0, 1, 2, 3], &PLAIN());
        assert_eq!((found["accuracy"], found["balanced_accuracy"]), (0.75, 0.5));
        let sum = (1f64.exp() + 2.0).ln();
        assert!((found["log_loss"] - (3.0 * (sum - 1.0) + sum) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn numbers_are_judged_in_the_unit_of_the_data() {
        let targets = Targets::Numbers(vec![10.0, 20.0]);
        let unit = Scaling { offset: vec![15.0], scale: vec![5.0] };
        let perfect = answers(&array![[-1.0], [1.0]], &targets, &[0, 1], &unit);
        assert_eq!((perfect["rmse"], perfect["r2"]), (0.0, 1.0));
        let mean = answers(&array![[0.0], [0.0]], &targets, &[0, 1], &unit);
        assert_eq!((mean["rmse"], mean["r2"]), (5.0, 0.0));
    }
}
