//! How often each class was told, and how often rightly.

use std::collections::HashMap;

use anyhow::Context;
use narrows_data::Labels;
use narrows_runtime::Error;
use serde_json::{Value, json};

use crate::table::table;

/// Counts of rows by class, in constant memory.
pub(super) struct Tally<'a> {
    classes: &'a [String],
    numbers: HashMap<&'a str, usize>,
    /// The data that the labels belong to, if it has some.
    labels_of: Option<String>,
    rows: usize,
    counts: Vec<Counts>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    told: usize,
    labelled: usize,
    right: usize,
}

impl<'a> Tally<'a> {
    pub(super) fn of(classes: &'a [String], labels_of: Option<String>) -> Self {
        let numbers = classes.iter().enumerate().map(|(number, class)| (class.as_str(), number)).collect();
        Tally { classes, numbers, labels_of, rows: 0, counts: vec![Counts::default(); classes.len()] }
    }

    /// Adds rows whose classes were told so. Labels are compared by name: a number that is none of the names
    /// would be taken for the class at another place.
    pub(super) fn add(&mut self, told: &[usize], labels: Option<&Labels>) -> anyhow::Result<()> {
        self.rows += told.len();
        for (row, &class) in told.iter().enumerate() {
            let label = labels.map(|labels| self.number_of(&labels.name(row))).transpose()?;
            if let Some(counts) = self.counts.get_mut(class) {
                counts.told += 1;
                counts.right += usize::from(label == Some(class));
            }
            if let Some(counts) = label.and_then(|label| self.counts.get_mut(label)) {
                counts.labelled += 1;
            }
        }
        Ok(())
    }

    fn number_of(&self, label: &str) -> anyhow::Result<usize> {
        let unknown = || Error::UnknownClass { class: label.to_owned(), classes: self.classes.to_vec() };
        let number = self.numbers.get(label).copied();
        let place = || format!("labels of `{}`", self.labels_of.as_deref().unwrap_or_default());
        number.ok_or_else(unknown).with_context(place)
    }

    fn right(&self) -> usize {
        self.counts.iter().map(|counts| counts.right).sum()
    }

    fn accuracy(&self) -> f64 {
        self.right() as f64 / self.rows as f64
    }

    /// With `null` for what only labels can tell.
    pub(super) fn json(&self) -> Value {
        let known = |value: Value| if self.labels_of.is_some() { value } else { Value::Null };
        let classes = self.classes.iter().zip(&self.counts).map(|(class, counts)| {
            let Counts { told, labelled, right } = counts;
            json!({ "class": class, "told": told, "labelled": known(json!(labelled)), "right": known(json!(right)) })
        });
        json!({
            "rows": self.rows,
            "accuracy": known(json!(self.accuracy())),
            "right": known(json!(self.right())),
            "classes": classes.collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self) -> String {
        let columns = if self.labels_of.is_some() { 4 } else { 2 };
        let rows = self.classes.iter().zip(&self.counts).map(|(class, Counts { told, labelled, right })| {
            let cells = [class.clone(), told.to_string(), labelled.to_string(), right.to_string()];
            cells.into_iter().take(columns).collect()
        });
        let heading: Vec<_> = ["class", "told", "labelled", "right"].into_iter().take(columns).collect();
        let counts = table(&heading, rows);
        match &self.labels_of {
            Some(_) => format!("{counts}\n\naccuracy {:.4} ({} of {} rows)", self.accuracy(), self.right(), self.rows),
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
        assert_eq!((&json["rows"], &json["right"], &json["accuracy"]), (&json!(5), &json!(3), &json!(0.6)));
        assert_eq!(json["classes"][2], json!({ "class": "cat", "told": 1, "labelled": 2, "right": 1 }));
        assert!(tally.text().ends_with("accuracy 0.6000 (3 of 5 rows)"), "{}", tally.text());

        let error = tally.add(&[0], Some(&Labels::Integers(vec![0]))).expect_err("no name");
        let told = format!("{error:#}");
        assert_eq!(told, "labels of `d`: there is no class `0`, this model has `1`, `2`, `cat`");
    }

    #[test]
    fn without_labels_nothing_is_right_or_wrong() {
        let classes = classes();
        let mut tally = Tally::of(&classes, None);
        tally.add(&[1, 1], None).expect("no labels");
        let json = tally.json();
        assert_eq!((&json["accuracy"], &json["classes"][1]["right"]), (&Value::Null, &Value::Null));
        assert_eq!(json["classes"][1]["told"], json!(2));
        assert!(!tally.text().contains("right") && !tally.text().contains("accuracy"), "{}", tally.text());
    }
}
