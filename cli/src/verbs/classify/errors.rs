//! Predictions of a regressor, and their errors compared with numeric labels.

use anyhow::bail;
use narrows_data::Labels;
use ndarray::ArrayView2;
use serde_json::{Value, json};

use crate::{report::note, summary::Summary, table::table};

/// Summary and errors of predictions, in constant memory.
pub(super) struct Errors {
    /// Name of the data set of the labels, if there are labels.
    labels_of: Option<String>,
    rows: usize,
    /// One summary per target.
    summaries: Vec<Summary>,
    /// Residuals; `None` without labels, or after a label that is not a number.
    residuals: Option<Residuals>,
    comparison: Comparison,
}

/// Whether predictions must be compared with labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Predictions are written to a file; they are also compared with labels if those are numbers.
    Optional,
    /// The comparison is the only result.
    Required,
}

/// Sums of squared distances of the labels from their predictions and from their mean.
#[derive(Debug, Clone, Default)]
struct Residuals {
    count: f64,
    squared_errors: f64,
    mean: f64,
    squared_deviations: f64,
}

impl Errors {
    pub(super) fn of(targets: usize, labels_of: Option<String>, comparison: Comparison) -> anyhow::Result<Self> {
        if comparison == Comparison::Required && targets != 1 {
            bail!(
                "this regressor predicts {targets} numbers per sample, but a label is one number; pass --out to write the predictions to a file"
            );
        }
        let residuals = (labels_of.is_some() && targets == 1).then(Residuals::default);
        Ok(Errors { labels_of, rows: 0, summaries: vec![Summary::default(); targets], residuals, comparison })
    }

    /// Adds rows of predictions, `[rows, targets]`.
    pub(super) fn add(&mut self, predictions: &ArrayView2<'_, f32>, labels: Option<&Labels>) -> anyhow::Result<()> {
        self.rows += predictions.nrows();
        for (summary, target) in self.summaries.iter_mut().zip(predictions.columns()) {
            target.iter().for_each(|&value| summary.add(f64::from(value)));
        }
        let Some((labels, residuals)) = labels.zip(self.residuals.as_mut()) else { return Ok(()) };
        for (row, &prediction) in predictions.iter().enumerate() {
            let label = labels.name(row);
            if let Some(number) = label.trim().parse::<f64>().ok().filter(|number| number.is_finite()) {
                residuals.add(number, f64::from(prediction));
                continue;
            }
            let name = self.labels_of.as_deref().unwrap_or_default();
            let message =
                format!("`{name}` has the label `{label}`, which is not a number to compare predictions with");
            match self.comparison {
                Comparison::Required => bail!("{message}; pass --out to write the predictions to a file"),
                Comparison::Optional => note(format_args!("{message}; no errors are computed")),
            }
            self.residuals = None;
            break;
        }
        Ok(())
    }

    /// Returns the figures as JSON, with `null` for those that need labels if there are none.
    pub(super) fn json(self) -> Value {
        let summaries = prediction_columns(self.summaries.len()).into_iter().zip(self.summaries);
        let summaries = summaries.map(|(name, summary)| (name, summary.json())).collect::<serde_json::Map<_, _>>();
        json!({
            "rows": self.rows,
            "predictions": summaries,
            "root_mean_squared_error": self.residuals.as_ref().map(Residuals::root_mean_squared_error),
            "r_squared": self.residuals.as_ref().and_then(Residuals::r_squared),
        })
    }

    /// Formats the figures; `counted_rows` is the number of rows with their parts.
    pub(super) fn text(self, counted_rows: &str) -> String {
        let rows = prediction_columns(self.summaries.len()).into_iter().zip(self.summaries).map(|(name, summary)| {
            [name].into_iter().chain(summary.figures().map(|figure| format!("{figure:.4}"))).collect()
        });
        let summaries = table(&[&["column"][..], &Summary::FIGURES].concat(), rows);
        let Some(residuals) = &self.residuals else { return summaries };
        let r_squared =
            residuals.r_squared().map_or("undefined, all labels are equal".to_owned(), |r| format!("{r:.4}"));
        let error = residuals.root_mean_squared_error();
        format!("{summaries}\n\nroot mean squared error {error:.4} (over {counted_rows})\nR squared {r_squared}")
    }
}

impl Residuals {
    /// Adds a label and its prediction. Mean and deviations are updated incrementally (Welford 1962).
    fn add(&mut self, label: f64, prediction: f64) {
        self.count += 1.0;
        self.squared_errors += (label - prediction).powi(2);
        let deviation = label - self.mean;
        self.mean += deviation / self.count;
        self.squared_deviations += deviation * (label - self.mean);
    }

    fn root_mean_squared_error(&self) -> f64 {
        (self.squared_errors / self.count).sqrt()
    }

    /// Returns the fraction of the variance that the predictions explain: 1 minus the ratio of the squared errors to
    /// the squared deviations from the mean. `None` if all labels are equal, because then there is no variance.
    fn r_squared(&self) -> Option<f64> {
        (self.squared_deviations > 0.0).then(|| 1.0 - self.squared_errors / self.squared_deviations)
    }
}

/// Returns the column names of the predictions.
pub(super) fn prediction_columns(targets: usize) -> Vec<String> {
    match targets {
        1 => vec!["prediction".to_owned()],
        _ => (0..targets).map(|target| format!("prediction{target}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn errors(comparison: Comparison) -> Errors {
        Errors::of(1, Some("d".to_owned()), comparison).expect("one target")
    }

    fn text(labels: &[&str]) -> Labels {
        Labels::Text(labels.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn errors_follow_the_definition_over_all_batches() {
        let mut errors = errors(Comparison::Required);
        errors.add(&array![[1.0], [2.5]].view(), Some(&text(&["1", " 2.0"]))).expect("numbers");
        errors.add(&array![[2.0]].view(), Some(&Labels::Integers(vec![6]))).expect("numbers");
        // The squared errors are 0, 0.25 and 16. The labels 1, 2 and 6 have the mean 3 and the squared deviations 4, 1
        // and 9.
        let json = errors.json();
        let [error, r_squared] =
            ["root_mean_squared_error", "r_squared"].map(|name| json[name].as_f64().expect("a number"));
        assert!((error - (16.25f64 / 3.0).sqrt()).abs() < 1e-12 && (r_squared - (1.0 - 16.25 / 14.0)).abs() < 1e-12);
        assert_eq!((&json["rows"], &json["predictions"]["prediction"]["max"]), (&json!(3), &json!(2.5)));
    }

    #[test]
    fn a_label_that_is_not_a_number_ends_an_optional_comparison_and_fails_a_required_one() {
        let labels = text(&["1", "cat"]);
        let error = errors(Comparison::Required)
            .add(&array![[1.0], [2.0]].view(), Some(&labels))
            .expect_err("a cat")
            .to_string();
        assert!(error.contains("`d` has the label `cat`") && error.contains("--out"), "{error}");
        let mut errors = errors(Comparison::Optional);
        errors.add(&array![[1.0], [2.0]].view(), Some(&labels)).expect("predictions are written");
        errors.add(&array![[1.0]].view(), Some(&text(&["1"]))).expect("predictions are written");
        assert_eq!(errors.json()["root_mean_squared_error"], Value::Null);
        assert!(Errors::of(2, Some("d".to_owned()), Comparison::Required).is_err());
    }

    #[test]
    fn equal_labels_have_no_variance_to_explain() {
        let mut errors = errors(Comparison::Required);
        errors.add(&array![[1.0], [2.0]].view(), Some(&Labels::Integers(vec![1, 1]))).expect("numbers");
        assert!(errors.text("2 rows").ends_with("R squared undefined, all labels are equal"));
    }
}
