//! Metrics of predictions.

use std::collections::BTreeMap;

use narrows_bundle::Scaling;
use ndarray::{Array2, ArrayView1};

use super::Targets;

/// Metrics of the predictions for some rows, by name.
///
/// Classification: `accuracy`, `balanced_accuracy` (the recall, averaged over the classes that occur) and `log_loss` in
/// nats. Regression: `rmse`, the root mean squared error in the unit of the data, and `r2`, the coefficient of
/// determination. With several targets, `rmse` and `r2` are the means over the targets, and `rmse.NAME` and `r2.NAME`
/// those of each target.
pub type Metrics = BTreeMap<String, f64>;

/// The loss of a regression that chooses the weight decay, which is not reported: the mean squared error, or with
/// several targets that in squared standard deviations of each target, summed over the targets.
pub(super) const LOSS: &str = "loss";

/// Returns metrics without the loss that only chooses the weight decay.
pub(super) fn reported(mut metrics: Metrics) -> Metrics {
    metrics.remove(LOSS);
    metrics
}

/// Computes the metrics of `outputs`, `[rows, outputs]`: logits, or standardised values of a regression. `unit` holds
/// the mean and the standard deviation of the targets.
pub(crate) fn compute_metrics(outputs: &Array2<f32>, targets: &Targets, rows: &[usize], unit: &Scaling) -> Metrics {
    match targets {
        Targets::Classes { labels, classes } => {
            let labels: Vec<usize> = rows.iter().map(|&row| labels[row] as usize).collect();
            classification_metrics(outputs, &labels, *classes)
        }
        Targets::Numbers(numbers) => {
            let targets = numbers.names().len();
            let unscaled = |(row, target): (usize, usize)| {
                f64::from(outputs[[row, target]] * unit.scale[target] + unit.offset[target])
            };
            let predictions = Array2::from_shape_fn((rows.len(), targets), unscaled);
            let expected = numbers.selected(rows);
            let mut metrics = regression_metrics(&predictions, &expected, numbers.names());
            let loss = match numbers.names() {
                [_] => metrics.get("rmse").map_or(f64::NAN, |error| error.powi(2)),
                _ => standardised(&predictions, &expected, unit),
            };
            metrics.insert(LOSS.to_owned(), loss);
            metrics
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
    named([
        ("accuracy", correct.iter().sum::<usize>() as f64 / rows),
        ("balanced_accuracy", recalls.iter().sum::<f64>() / recalls.len().max(1) as f64),
        ("log_loss", nats / rows),
    ])
}

/// Computes the metrics of a regression. `predictions` and `expected` are `[rows, targets]`, and `names` are those of
/// the targets.
pub(crate) fn regression_metrics(predictions: &Array2<f64>, expected: &Array2<f64>, names: &[String]) -> Metrics {
    let columns = predictions.columns().into_iter().zip(expected.columns());
    let errors: Vec<(f64, f64)> = columns.map(|(predicted, expected)| target_metrics(predicted, expected)).collect();
    let mean = |value: fn(&(f64, f64)) -> f64| errors.iter().map(value).sum::<f64>() / errors.len().max(1) as f64;
    let mut metrics = named([("rmse", mean(|error| error.0)), ("r2", mean(|error| error.1))]);
    if names.len() > 1 {
        for (name, (rmse, r2)) in names.iter().zip(&errors) {
            metrics.insert(format!("rmse.{name}"), *rmse);
            metrics.insert(format!("r2.{name}"), *r2);
        }
    }
    metrics
}

/// Returns the root mean squared error and the coefficient of determination of one target.
fn target_metrics(predictions: ArrayView1<'_, f64>, expected: ArrayView1<'_, f64>) -> (f64, f64) {
    let rows = expected.len().max(1) as f64;
    let mean = expected.iter().sum::<f64>() / rows;
    let squared: f64 =
        predictions.iter().zip(expected).map(|(predicted, expected)| (predicted - expected).powi(2)).sum();
    let variation: f64 = expected.iter().map(|expected| (expected - mean).powi(2)).sum();
    // Constant targets have no variation to explain.
    let r2 = if variation > 0.0 { 1.0 - squared / variation } else { 0.0 };
    ((squared / rows).sqrt(), r2)
}

/// Returns the mean squared error in squared standard deviations of the targets, summed over the targets.
fn standardised(predictions: &Array2<f64>, expected: &Array2<f64>, unit: &Scaling) -> f64 {
    let columns = predictions.columns().into_iter().zip(expected.columns()).zip(&unit.scale);
    let errors = columns.map(|((predicted, expected), &scale)| {
        let squared = predicted.iter().zip(expected).map(|(predicted, expected)| (predicted - expected).powi(2));
        squared.sum::<f64>() / f64::from(scale).powi(2)
    });
    errors.sum::<f64>() / expected.nrows().max(1) as f64
}

fn named<const N: usize>(metrics: [(&str, f64); N]) -> Metrics {
    metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
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
    use crate::transfer::targets::Numbers;

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
        let targets = Targets::Numbers(Numbers::new(vec![10.0, 20.0], vec!["y".to_owned()]));
        let unit = Scaling { offset: vec![15.0], scale: vec![5.0] };
        let perfect = compute_metrics(&array![[-1.0], [1.0]], &targets, &[0, 1], &unit);
        assert_eq!((perfect["rmse"], perfect["r2"]), (0.0, 1.0));
        let mean = compute_metrics(&array![[0.0], [0.0]], &targets, &[0, 1], &unit);
        assert_eq!((mean["rmse"], mean["r2"]), (5.0, 0.0));
    }

    #[test]
    fn metrics_of_several_targets_are_means_and_those_of_each() {
        let names = ["width", "height"].map(str::to_owned).to_vec();
        let targets = Targets::Numbers(Numbers::new(vec![10.0, 1.0, 20.0, 3.0], names));
        let unit = Scaling { offset: vec![15.0, 2.0], scale: vec![5.0, 1.0] };
        // The width is right, and the height is its mean.
        let metrics = compute_metrics(&array![[-1.0, 0.0], [1.0, 0.0]], &targets, &[0, 1], &unit);
        assert_eq!((metrics["rmse.width"], metrics["r2.width"]), (0.0, 1.0));
        assert_eq!((metrics["rmse.height"], metrics["r2.height"]), (1.0, 0.0));
        assert_eq!((metrics["rmse"], metrics["r2"], metrics[LOSS]), (0.5, 0.5, 1.0));
    }
}
