//! Metrics of predictions.

use std::collections::BTreeMap;

use narrows_bundle::Scaling;
use ndarray::{Array2, ArrayView1};

use super::Targets;

/// Metrics of the predictions for some rows, by name.
///
/// Classification: `accuracy`, `balanced_accuracy` (the recall, averaged over the classes that occur) and `log_loss` in
/// nats. Regression: `rmse`, the root mean squared error in the unit of the data, and `r2`, the coefficient of
/// determination.
pub type Metrics = BTreeMap<&'static str, f64>;

/// Computes the metrics of `outputs`, `[rows, outputs]`: logits, or standardised values of a regression. `unit` holds
/// the mean and the standard deviation of the targets.
pub(crate) fn compute_metrics(outputs: &Array2<f32>, targets: &Targets, rows: &[usize], unit: &Scaling) -> Metrics {
    match targets {
        Targets::Classes { labels, classes } => {
            let labels: Vec<usize> = rows.iter().map(|&row| labels[row] as usize).collect();
            classification_metrics(outputs, &labels, *classes)
        }
        Targets::Numbers(numbers) => {
            let expected: Vec<f64> = rows.iter().map(|&row| f64::from(numbers[row])).collect();
            let predictions = outputs.iter().map(|&output| f64::from(output * unit.scale[0] + unit.offset[0]));
            regression_metrics(&predictions.collect::<Vec<_>>(), &expected)
        }
    }
}

fn classification_metrics(logits: &Array2<f32>, labels: &[usize], classes: usize) -> Metrics {
    let (mut correct, mut total) = (vec![0usize; classes], vec![0usize; classes]);
    let mut nats = 0.0;
    for (row, &label) in logits.outer_iter().zip(labels) {
        total[label] += 1;
        correct[label] += usize::from(argmax(row) == label);
        nats += log_sum_exp(row) - f64::from(row[label]);
    }
    let rows = labels.len().max(1) as f64;
    let occurring = correct.iter().zip(&total).filter(|(_, total)| **total > 0);
    let recalls: Vec<f64> = occurring.map(|(&correct, &total)| correct as f64 / total as f64).collect();
    BTreeMap::from([
        ("accuracy", correct.iter().sum::<usize>() as f64 / rows),
        ("balanced_accuracy", recalls.iter().sum::<f64>() / recalls.len().max(1) as f64),
        ("log_loss", nats / rows),
    ])
}

/// Computes the metrics of a regression.
pub(crate) fn regression_metrics(predictions: &[f64], expected: &[f64]) -> Metrics {
    let rows = expected.len().max(1) as f64;
    let mean = expected.iter().sum::<f64>() / rows;
    let squared: f64 =
        predictions.iter().zip(expected).map(|(predicted, expected)| (predicted - expected).powi(2)).sum();
    let variation: f64 = expected.iter().map(|expected| (expected - mean).powi(2)).sum();
    // Constant targets have no variation to explain.
    let r2 = if variation > 0.0 { 1.0 - squared / variation } else { 0.0 };
    BTreeMap::from([("rmse", (squared / rows).sqrt()), ("r2", r2)])
}

/// Index of the largest value; the first one of equal values.
fn argmax(row: ArrayView1<'_, f32>) -> usize {
    let first = (0, f32::NEG_INFINITY);
    row.iter().enumerate().fold(first, |best, (at, &value)| if value > best.1 { (at, value) } else { best }).0
}

fn log_sum_exp(row: ArrayView1<'_, f32>) -> f64 {
    let largest = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    largest + row.iter().map(|&value| (f64::from(value) - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    const PLAIN: fn() -> Scaling = || Scaling { offset: vec![0.0], scale: vec![1.0] };

    #[test]
    fn balanced_accuracy_weights_rare_and_frequent_classes_equally() {
        let targets = Targets::Classes { labels: vec![0, 0, 0, 1], classes: 3 };
        let logits = array![[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]];
        let metrics = compute_metrics(&logits, &targets, &[0, 1, 2, 3], &PLAIN());
        assert_eq!((metrics["accuracy"], metrics["balanced_accuracy"]), (0.75, 0.5));
        let sum = (1f64.exp() + 2.0).ln();
        assert!((metrics["log_loss"] - (3.0 * (sum - 1.0) + sum) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn regression_metrics_are_in_the_unit_of_the_data() {
        let targets = Targets::Numbers(vec![10.0, 20.0]);
        let unit = Scaling { offset: vec![15.0], scale: vec![5.0] };
        let perfect = compute_metrics(&array![[-1.0], [1.0]], &targets, &[0, 1], &unit);
        assert_eq!((perfect["rmse"], perfect["r2"]), (0.0, 1.0));
        let mean = compute_metrics(&array![[0.0], [0.0]], &targets, &[0, 1], &unit);
        assert_eq!((mean["rmse"], mean["r2"]), (5.0, 0.0));
    }
}
