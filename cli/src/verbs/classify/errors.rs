//! What a regressor predicts, and how far it is from labels that are numbers.

use anyhow::bail;
use narrows_data::Labels;
use ndarray::ArrayView2;
use serde_json::{Value, json};

use crate::{report::note, summary::Summary, table::table};

/// Figures of predictions, in constant memory.
pub(super) struct Errors {
    /// The data that the labels belong to, if it has some.
    labels_of: Option<String>,
    rows: usize,
    /// One a target.
    summaries: Vec<Summary>,
    /// While every label was a number.
    residuals: Option<Residuals>,
    comparison: Comparison,
}

/// What labels are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Predictions are written, and compared with labels where those are numbers.
    Offered,
    /// There is nothing else to tell.
    Demanded,
}

/// Squares of a number's distance from its prediction, and from the mean of all numbers.
#[derive(Debug, Clone, Default)]
struct Residuals {
    count: f64,
    squared_errors: f64,
    mean: f64,
    squared_deviations: f64,
}

impl Errors {
    pub(super) fn of(targets: usize, labels_of: Option<String>, comparison: Comparison) -> anyhow::Result<Self> {
        if comparison == Comparison::Demanded && targets != 1 {
            bail!("this regressor predicts {targets} numbers of a sample, and a label is one (name a file by --out)");
        }
        let residuals = (labels_of.is_some() && targets == 1).then(Residuals::default);
        Ok(Errors { labels_of, rows: 0, summaries: vec![Summary::default(); targets], residuals, comparison })
    }

    /// Adds rows of predictions, `[rows, targets]`.
    pub(super) fn add(&mut self, told: &ArrayView2<'_, f32>, labels: Option<&Labels>) -> anyhow::Result<()> {
        self.rows += told.nrows();
        for (summary, target) in self.summaries.iter_mut().zip(told.columns()) {
            target.iter().for_each(|&value| summary.add(f64::from(value)));
        }
        let Some((labels, residuals)) = labels.zip(self.residuals.as_mut()) else { return Ok(()) };
        for (row, &prediction) in told.iter().enumerate() {
            let label = labels.name(row);
            if let Some(number) = label.trim().parse::<f64>().ok().filter(|number| number.is_finite()) {
                residuals.add(number, f64::from(prediction));
                continue;
            }
            let name = self.labels_of.as_deref().unwrap_or_default();
            let told = format!("`{name}` has the label `{label}`, which is no number to compare predictions with");
            match self.comparison {
                Comparison::Demanded => bail!("{told} (name a file for them by --out)"),
                Comparison::Offered => note(format_args!("{told}: errors are not told")),
            }
            self.residuals = None;
            break;
        }
        Ok(())
    }

    /// With `null` for what only labels can tell.
    pub(super) fn json(self) -> Value {
        let summaries = predictions(self.summaries.len()).into_iter().zip(self.summaries);
        let told = summaries.map(|(name, summary)| (name, summary.json())).collect::<serde_json::Map<_, _>>();
        json!({
            "rows": self.rows,
            "predictions": told,
            "root_mean_squared_error": self.residuals.as_ref().map(Residuals::root_mean_squared_error),
            "r_squared": self.residuals.as_ref().and_then(Residuals::r_squared),
        })
    }

    pub(super) fn text(self) -> String {
        let rows = predictions(self.summaries.len()).into_iter().zip(self.summaries).map(|(name, summary)| {
            [name].into_iter().chain(summary.figures().map(|figure| format!("{figure:.4}"))).collect()
        });
        let told = table(&[&["target"][..], &Summary::FIGURES].concat(), rows);
        let Some(residuals) = &self.residuals else { return told };
        let r_squared =
            residuals.r_squared().map_or("undefined, all labels are alike".to_owned(), |r| format!("{r:.4}"));
        let error = residuals.root_mean_squared_error();
        format!("{told}\n\nroot mean squared error {error:.4}\nR squared {r_squared}")
    }
}

impl Residuals {
    /// The mean of all so far moves with every number (Welford 1962).
    fn add(&mut self, number: f64, prediction: f64) {
        self.count += 1.0;
        self.squared_errors += (number - prediction).powi(2);
        let before = number - self.mean;
        self.mean += before / self.count;
        self.squared_deviations += before * (number - self.mean);
    }

    fn root_mean_squared_error(&self) -> f64 {
        (self.squared_errors / self.count).sqrt()
    }

    /// The share of the variance that the predictions explain: 1 less the squared errors over the squared
    /// deviations from the mean. Numbers that are all alike have none.
    fn r_squared(&self) -> Option<f64> {
        (self.squared_deviations > 0.0).then(|| 1.0 - self.squared_errors / self.squared_deviations)
    }
}

/// What the columns of predictions are called.
pub(super) fn predictions(targets: usize) -> Vec<String> {
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
    fn errors_are_those_of_the_definition_over_all_pieces() {
        let mut errors = errors(Comparison::Demanded);
        errors.add(&array![[1.0], [2.5]].view(), Some(&text(&["1", " 2.0"]))).expect("numbers");
        errors.add(&array![[2.0]].view(), Some(&Labels::Integers(vec![6]))).expect("numbers");
        // Squared errors 0, 0.25 and 16; deviations of 1, 2 and 6 from 3: 4, 1 and 9.
        let json = errors.json();
        let [error, share] = ["root_mean_squared_error", "r_squared"].map(|name| json[name].as_f64().expect("told"));
        assert!((error - (16.25f64 / 3.0).sqrt()).abs() < 1e-12 && (share - (1.0 - 16.25 / 14.0)).abs() < 1e-12);
        assert_eq!((&json["rows"], &json["predictions"]["prediction"]["max"]), (&json!(3), &json!(2.5)));
    }

    #[test]
    fn labels_that_are_no_numbers_end_the_comparison_and_the_run_if_there_is_nothing_else_to_tell() {
        let labels = text(&["1", "cat"]);
        let error = errors(Comparison::Demanded)
            .add(&array![[1.0], [2.0]].view(), Some(&labels))
            .expect_err("a cat")
            .to_string();
        assert!(error.contains("`d` has the label `cat`") && error.contains("--out"), "{error}");
        let mut errors = errors(Comparison::Offered);
        errors.add(&array![[1.0], [2.0]].view(), Some(&labels)).expect("predictions are written");
        errors.add(&array![[1.0]].view(), Some(&text(&["1"]))).expect("predictions are written");
        assert_eq!(errors.json()["root_mean_squared_error"], Value::Null);
        assert!(Errors::of(2, Some("d".to_owned()), Comparison::Demanded).is_err());
    }

    #[test]
    fn equal_labels_have_no_variance_to_explain() {
        let mut errors = errors(Comparison::Demanded);
        errors.add(&array![[1.0], [2.0]].view(), Some(&Labels::Integers(vec![1, 1]))).expect("numbers");
        assert!(errors.text().ends_with("R squared undefined, all labels are alike"));
    }
}
