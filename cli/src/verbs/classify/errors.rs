//! Predictions of a regressor, and their errors compared with numeric labels.

use anyhow::bail;
use narrows_data::{Labels, SEPARATOR};
use ndarray::ArrayView2;
use serde_json::{Value, json};

use crate::{report::note, summary::Summary, table::table};

/// Summary and errors of predictions, in constant memory.
pub(super) struct Errors {
    /// Name of the data set of the labels, if there are labels.
    labels_of: Option<String>,
    rows: usize,
    /// Columns of the predictions, one per target.
    columns: Vec<String>,
    /// One summary per target.
    summaries: Vec<Summary>,
    /// Residuals, one per target; `None` without labels, or after a label that is not a number for every target.
    residuals: Option<Vec<Residuals>>,
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
    /// Begins the comparison of predictions in these columns.
    pub(super) fn of(columns: Vec<String>, labels_of: Option<String>, comparison: Comparison) -> Self {
        let targets = columns.len();
        let residuals = labels_of.is_some().then(|| vec![Residuals::default(); targets]);
        Errors { labels_of, rows: 0, columns, summaries: vec![Summary::default(); targets], residuals, comparison }
    }

    /// Adds rows of predictions, `[rows, targets]`.
    pub(super) fn add(&mut self, predictions: &ArrayView2<'_, f32>, labels: Option<&Labels>) -> anyhow::Result<()> {
        self.rows += predictions.nrows();
        for (summary, target) in self.summaries.iter_mut().zip(predictions.columns()) {
            target.iter().for_each(|&value| summary.add(f64::from(value)));
        }
        let Some((labels, residuals)) = labels.zip(self.residuals.as_mut()) else { return Ok(()) };
        for (row, predictions) in predictions.outer_iter().enumerate() {
            let label = labels.name(row);
            if let Some(numbers) = numbers(&label).filter(|numbers| numbers.len() == residuals.len()) {
                for ((residuals, number), &prediction) in residuals.iter_mut().zip(numbers).zip(predictions) {
                    residuals.add(number, f64::from(prediction));
                }
                continue;
            }
            let name = self.labels_of.as_deref().unwrap_or_default();
            let what = match residuals.len() {
                1 => "which is not a number to compare predictions with".to_owned(),
                targets => {
                    format!("but this regressor predicts {targets} numbers; name their columns with --label-column A,B")
                }
            };
            let message = format!("`{name}` has the label `{label}`, {what}");
            match self.comparison {
                Comparison::Required => bail!("{message}; pass --out to write the predictions to a file"),
                Comparison::Optional => note(format_args!("{message}; no errors are computed")),
            }
            self.residuals = None;
            break;
        }
        Ok(())
    }

    /// Returns the figures as JSON, with `null` for those that need labels if there are none. With several targets, the
    /// error and R squared are the means over the targets, and `targets` has those of each.
    pub(super) fn json(self) -> Value {
        let summaries = self.columns.iter().zip(self.summaries);
        let summaries =
            summaries.map(|(name, summary)| (name.clone(), summary.json())).collect::<serde_json::Map<_, _>>();
        let mut report = json!({
            "rows": self.rows,
            "predictions": summaries,
            "root_mean_squared_error": self.residuals.as_deref().map(mean_error),
            "r_squared": self.residuals.as_deref().and_then(mean_r_squared),
        });
        if let Some(residuals) = self.residuals.filter(|residuals| residuals.len() > 1) {
            let targets = self.columns.iter().zip(&residuals).map(|(name, residuals)| {
                let figures = json!({
                    "root_mean_squared_error": residuals.root_mean_squared_error(),
                    "r_squared": residuals.r_squared(),
                });
                (name.clone(), figures)
            });
            report["targets"] = Value::Object(targets.collect());
        }
        report
    }

    /// Formats the figures; `counted_rows` is the number of rows with their parts.
    pub(super) fn text(self, counted_rows: &str) -> String {
        let rows = self.columns.iter().zip(self.summaries).map(|(name, summary)| {
            [name.clone()].into_iter().chain(summary.figures().map(|figure| format!("{figure:.4}"))).collect()
        });
        let summaries = table(&[&["column"][..], &Summary::FIGURES].concat(), rows);
        let Some(residuals) = &self.residuals else { return summaries };
        let r_squared =
            |value: Option<f64>| value.map_or("undefined, all labels are equal".to_owned(), |r| format!("{r:.4}"));
        let overall = format!(
            "root mean squared error {:.4} (over {counted_rows})\nR squared {}",
            mean_error(residuals),
            r_squared(mean_r_squared(residuals))
        );
        if residuals.len() < 2 {
            return format!("{summaries}\n\n{overall}");
        }
        let rows = self.columns.iter().zip(residuals).map(|(name, residuals)| {
            vec![name.clone(), format!("{:.4}", residuals.root_mean_squared_error()), r_squared(residuals.r_squared())]
        });
        let targets = table(&["column", "root mean squared error", "R squared"], rows);
        format!("{summaries}\n\n{targets}\n\nmeans over the targets: {overall}")
    }
}

/// Parses the numbers of a label: one, or those of several columns.
fn numbers(label: &str) -> Option<Vec<f64>> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    label.split(SEPARATOR).map(number).collect()
}

/// Returns the mean over the targets of the root mean squared error.
fn mean_error(residuals: &[Residuals]) -> f64 {
    residuals.iter().map(Residuals::root_mean_squared_error).sum::<f64>() / residuals.len().max(1) as f64
}

/// Returns the mean over the targets of R squared; `None` if it is undefined for one of them.
fn mean_r_squared(residuals: &[Residuals]) -> Option<f64> {
    let all = residuals.iter().map(Residuals::r_squared).collect::<Option<Vec<f64>>>()?;
    Some(all.iter().sum::<f64>() / all.len().max(1) as f64)
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

/// Returns the column names of the predictions of `targets` targets, which may have names.
pub(super) fn prediction_columns(targets: usize, names: &[String]) -> Vec<String> {
    match targets {
        1 => vec!["prediction".to_owned()],
        _ if names.len() == targets => names.iter().map(|name| format!("prediction_{name}")).collect(),
        _ => (0..targets).map(|target| format!("prediction{target}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn errors(comparison: Comparison) -> Errors {
        Errors::of(prediction_columns(1, &[]), Some("d".to_owned()), comparison)
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
    }

    #[test]
    fn equal_labels_have_no_variance_to_explain() {
        let mut errors = errors(Comparison::Required);
        errors.add(&array![[1.0], [2.0]].view(), Some(&Labels::Integers(vec![1, 1]))).expect("numbers");
        assert!(errors.text("2 rows").ends_with("R squared undefined, all labels are equal"));
    }

    #[test]
    fn errors_of_several_targets_are_those_of_each_and_their_means() {
        let names = ["width", "height"].map(str::to_owned);
        let errors = || Errors::of(prediction_columns(2, &names), Some("d".to_owned()), Comparison::Required);
        let mut both = errors();
        both.add(&array![[1.0, 2.0], [3.0, 2.0]].view(), Some(&text(&["1;1", "3;3"]))).expect("two numbers");
        let json = both.json();
        assert_eq!(json["targets"]["prediction_width"], json!({ "root_mean_squared_error": 0.0, "r_squared": 1.0 }));
        assert_eq!(json["targets"]["prediction_height"], json!({ "root_mean_squared_error": 1.0, "r_squared": 0.0 }));
        assert_eq!((&json["root_mean_squared_error"], &json["r_squared"]), (&json!(0.5), &json!(0.5)));
        let error = errors().add(&array![[1.0, 2.0]].view(), Some(&text(&["1"]))).expect_err("one number").to_string();
        assert!(error.contains("predicts 2 numbers; name their columns with --label-column A,B"), "{error}");
    }
}
