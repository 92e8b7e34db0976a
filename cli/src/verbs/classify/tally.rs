//! Counts how often each class is predicted, and how often correctly.

use std::collections::HashMap;

use anyhow::{Context, anyhow};
use narrows_data::Labels;
use narrows_runtime::Error;
use serde_json::{Value, json};

use crate::table::table;

/// Counts of rows by class, in constant memory.
pub(super) struct Tally<'a> {
    classes: &'a [String],
    indices: HashMap<&'a str, usize>,
    /// Name of the data set of the labels, if there are labels.
    labels_of: Option<String>,
    rows: usize,
    counts: Vec<Counts>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    predicted: usize,
    labelled: usize,
    correct: usize,
}

impl<'a> Tally<'a> {
    pub(super) fn of(classes: &'a [String], labels_of: Option<String>) -> Self {
        let indices = classes.iter().enumerate().map(|(index, class)| (class.as_str(), index)).collect();
        Tally { classes, indices, labels_of, rows: 0, counts: vec![Counts::default(); classes.len()] }
    }

    /// Adds rows by their predicted class indices. Labels are compared with the names of the classes, never with their
    /// indices: the label `1` is the class named `1`, which need not have the index 1.
    pub(super) fn add(&mut self, predicted: &[usize], labels: Option<&Labels>) -> anyhow::Result<()> {
        self.rows += predicted.len();
        for (row, &class) in predicted.iter().enumerate() {
            let label = labels.map(|labels| self.index_of(&labels.name(row))).transpose()?;
            if let Some(counts) = self.counts.get_mut(class) {
                counts.predicted += 1;
                counts.correct += usize::from(label == Some(class));
            }
            if let Some(counts) = label.and_then(|label| self.counts.get_mut(label)) {
                counts.labelled += 1;
            }
        }
        Ok(())
    }

    fn index_of(&self, label: &str) -> anyhow::Result<usize> {
        let unknown = || Error::UnknownClass { class: label.to_owned(), classes: self.classes.to_vec() };
        let index = self.indices.get(label).copied();
        let remedy =
            "correct the label, remove its rows, or train the head on rows of that class with `narrows transfer`";
        let context = || format!("labels of `{}`", self.labels_of.as_deref().unwrap_or_default());
        index.ok_or_else(|| anyhow!("{}; {remedy}", unknown())).with_context(context)
    }

    fn correct(&self) -> usize {
        self.counts.iter().map(|counts| counts.correct).sum()
    }

    fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.rows as f64
    }

    /// Returns the counts as JSON, with `null` for those that need labels if there are none.
    pub(super) fn json(&self) -> Value {
        let if_labelled = |value: Value| if self.labels_of.is_some() { value } else { Value::Null };
        let classes = self.classes.iter().zip(&self.counts).map(|(class, counts)| {
            let Counts { predicted, labelled, correct } = counts;
            let (labelled, correct) = (if_labelled(json!(labelled)), if_labelled(json!(correct)));
            json!({ "class": class, "predicted": predicted, "labelled": labelled, "correct": correct })
        });
        json!({
            "rows": self.rows,
            "accuracy": if_labelled(json!(self.accuracy())),
            "correct": if_labelled(json!(self.correct())),
            "classes": classes.collect::<Vec<_>>(),
        })
    }

    /// Formats the counts; `counted_rows` is the number of rows with their parts.
    pub(super) fn text(&self, counted_rows: &str) -> String {
        let columns = if self.labels_of.is_some() { 4 } else { 2 };
        let rows = self.classes.iter().zip(&self.counts).map(|(class, Counts { predicted, labelled, correct })| {
            let cells = [class.clone(), predicted.to_string(), labelled.to_string(), correct.to_string()];
            cells.into_iter().take(columns).collect()
        });
        let heading: Vec<_> = ["class", "predicted", "actual", "correct"].into_iter().take(columns).collect();
        let counts = table(&heading, rows);
        match &self.labels_of {
            Some(_) => {
                format!("{counts}\n\naccuracy {:.4} ({} of {counted_rows})", self.accuracy(), self.correct())
            }
            None => counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        ["1", "2", "cat"].map(str::to_owned).to_vec()
    }

    #[test]
    fn labels_are_compared_by_name_however_they_are_stored() {
        let classes = classes();
        let mut tally = Tally::of(&classes, Some("d".to_owned()));
        tally.add(&[0, 1, 1], Some(&Labels::Integers(vec![1, 2, 1]))).expect("known");
        tally.add(&[2, 0], Some(&Labels::Text(vec!["cat".to_owned(), "cat".to_owned()]))).expect("known");
        let json = tally.json();
        assert_eq!((&json["rows"], &json["correct"], &json["accuracy"]), (&json!(5), &json!(3), &json!(0.6)));
        assert_eq!(json["classes"][2], json!({ "class": "cat", "predicted": 1, "labelled": 2, "correct": 1 }));
        let text = tally.text("5 test rows");
        assert!(text.ends_with("accuracy 0.6000 (3 of 5 test rows)"), "{text}");

        let error = tally.add(&[0], Some(&Labels::Integers(vec![0]))).expect_err("no name");
        let message = format!("{error:#}");
        assert_eq!(
            message,
            "labels of `d`: there is no class `0`, this model has `1`, `2`, `cat`; correct the label, remove its rows, or \
             train the head on rows of that class with `narrows transfer`"
        );
    }

    #[test]
    fn without_labels_there_is_no_accuracy() {
        let classes = classes();
        let mut tally = Tally::of(&classes, None);
        tally.add(&[1, 1], None).expect("no labels");
        let json = tally.json();
        assert_eq!((&json["accuracy"], &json["classes"][1]["correct"]), (&Value::Null, &Value::Null));
        assert_eq!(json["classes"][1]["predicted"], json!(2));
        let text = tally.text("2 rows");
        assert!(!text.contains("correct") && !text.contains("accuracy"), "{text}");
    }
}
