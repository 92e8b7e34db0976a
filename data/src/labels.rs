//! Labels, one per row, and their classes.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    ops::Range,
    path::{Path, PathBuf},
};

pub use narrows_table::SEPARATOR;

use crate::{counted::counted, error::DataError, notes::Notes};

/// Joins the values of one row to a label, each as [`Labels::uniform`] writes it.
pub(crate) fn joined<'a>(values: impl Iterator<Item = Cow<'a, str>>) -> String {
    let values: Vec<Cow<'_, str>> = values.map(|value| uniform(&value).map_or(value, Cow::Owned)).collect();
    values.join(&SEPARATOR.to_string())
}

/// Labels as they are in the file, one per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// Integers.
    Integers(Vec<i64>),
    /// Text. It may contain integers.
    Text(Vec<String>),
}

impl Labels {
    pub(crate) fn from_numbers(labels: Vec<u32>) -> Self {
        Self::Integers(labels.into_iter().map(i64::from).collect())
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Text(labels) => labels.len(),
        }
    }

    /// Whether there are no labels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the label of a row as text.
    pub fn name(&self, row: usize) -> Cow<'_, str> {
        match self {
            Self::Integers(labels) => labels[row].to_string().into(),
            Self::Text(labels) => labels[row].as_str().into(),
        }
    }

    /// Joins the labels of several columns: each row gets one label, with the values separated by [`SEPARATOR`].
    pub(crate) fn joined(mut columns: Vec<Labels>) -> Self {
        if columns.len() < 2 {
            return columns.pop().unwrap_or(Labels::Integers(Vec::new()));
        }
        let rows = columns.iter().map(Labels::len).min().unwrap_or(0);
        let row = |row: usize| joined(columns.iter().map(|column| column.name(row)));
        Labels::Text((0..rows).map(row).collect())
    }

    /// Returns the labels of the given rows, in the given order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Integers(labels) => Self::Integers(rows.iter().map(|&row| labels[row]).collect()),
            Self::Text(labels) => Self::Text(rows.iter().map(|&row| labels[row].clone()).collect()),
        }
    }

    /// Appends labels. The result is text unless all labels are integers.
    pub(crate) fn append(&mut self, more: Labels) {
        match (&mut *self, more) {
            (Self::Integers(labels), Self::Integers(more)) => labels.extend(more),
            (Self::Text(labels), more) => labels.extend((0..more.len()).map(|row| more.name(row).into_owned())),
            (Self::Integers(labels), more @ Self::Text(_)) => {
                *self = Self::Text(labels.iter().map(ToString::to_string).collect());
                self.append(more);
            }
        }
    }

    /// Writes labels in one way, whatever the format of the file: a whole number without a decimal point, booleans as
    /// `true` and `false`, and text without surrounding spaces.
    pub(crate) fn uniform(self) -> Self {
        match self {
            Self::Integers(_) => self,
            Self::Text(mut labels) => {
                for label in &mut labels {
                    if let Some(other) = uniform(label) {
                        *label = other;
                    }
                }
                Self::Text(labels)
            }
        }
    }

    /// Makes labels uniform, and parses them as integers if all are integers, so that classes are sorted by number: 2
    /// before 10.
    pub(crate) fn parsed(self) -> Self {
        match self.uniform() {
            integers @ Self::Integers(_) => integers,
            Self::Text(labels) => {
                let integers: Result<_, _> = labels.iter().map(|label| label.parse()).collect();
                integers.map_or(Self::Text(labels), Self::Integers)
            }
        }
    }

    /// Returns the class index of each label, and the sorted names of the classes. They are sorted by number if all
    /// labels are integers, otherwise as text.
    pub(crate) fn encoded(self) -> (Vec<u32>, Vec<String>) {
        match self.parsed() {
            Self::Integers(labels) => encode(&labels),
            Self::Text(labels) => encode(&labels),
        }
    }
}

/// Returns a label as [`Labels::uniform`] writes it, if that differs.
fn uniform(label: &str) -> Option<String> {
    /// Up to this size, `f64` has every integer.
    const MAX_INTEGER: f64 = (1u64 << 53) as f64;
    let trimmed = label.trim();
    match trimmed {
        "True" | "TRUE" => return Some("true".to_owned()),
        "False" | "FALSE" => return Some("false".to_owned()),
        _ => {}
    }
    let is_number = trimmed.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let number = if is_number && trimmed.parse::<i64>().is_err() { trimmed.parse::<f64>().ok() } else { None };
    match number {
        Some(number) if number.fract() == 0.0 && number.abs() <= MAX_INTEGER => Some((number as i64).to_string()),
        Some(_) | None => (trimmed.len() < label.len()).then(|| trimmed.to_owned()),
    }
}

fn encode<T: Ord + ToString>(labels: &[T]) -> (Vec<u32>, Vec<String>) {
    let classes: Vec<&T> = labels.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let index = |label| classes.partition_point(|&class| class < label) as u32;
    let indices = labels.iter().map(index).collect();
    (indices, classes.iter().map(|class| class.to_string()).collect())
}

/// Labels of a separate file or array, one per row of the data.
#[derive(Clone, Debug)]
pub(crate) struct SeparateLabels {
    /// The file of the labels, for error messages.
    pub(crate) path: PathBuf,
    pub(crate) labels: Labels,
    /// What was passed over or interpreted.
    pub(crate) notes: Notes,
}

impl SeparateLabels {
    /// Checks that there is one label for each of the `rows` rows of `data`.
    pub(crate) fn check_count(&self, data: &Path, rows: usize) -> Result<(), DataError> {
        if self.labels.len() == rows { Ok(()) } else { Err(self.wrong_count(data, counted(rows, "row"))) }
    }

    /// Returns the labels of rows of `data`, of which there are at least `rows.end`.
    pub(crate) fn of_rows(&self, data: &Path, rows: Range<usize>) -> Result<Labels, DataError> {
        if rows.end > self.labels.len() {
            return Err(self.wrong_count(data, format!("at least {}", counted(rows.end, "row"))));
        }
        Ok(self.labels.select(&rows.collect::<Vec<_>>()))
    }

    fn wrong_count(&self, data: &Path, rows: String) -> DataError {
        DataError::LabelCount { path: self.path.clone(), found: self.labels.len(), data: data.to_owned(), rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(labels: &[&str]) -> (Vec<u32>, Vec<String>) {
        Labels::Text(labels.iter().map(|&label| label.to_owned()).collect()).encoded()
    }

    #[test]
    fn integers_are_sorted_by_number_and_text_by_letter() {
        let cases: [(&[&str], &[u32], &[&str]); 3] = [
            (&["10", "2", "10"], &[1, 0, 1], &["2", "10"]),
            (&["b", "a", "10"], &[2, 1, 0], &["10", "a", "b"]),
            (&["-1", "1"], &[0, 1], &["-1", "1"]),
        ];
        for (labels, indices, classes) in cases {
            let classes = classes.iter().map(|&class| class.to_owned()).collect();
            assert_eq!(encoded(labels), (indices.to_vec(), classes));
        }
    }

    #[test]
    fn a_wrong_number_of_labels_is_refused_with_both_files() {
        let labels = SeparateLabels {
            path: "labels.csv".into(),
            labels: Labels::from_numbers(vec![3]),
            notes: Notes::default(),
        };
        let data = Path::new("codes.npy");
        let complete = labels.check_count(data, 3).expect_err("two labels short").to_string();
        assert!(complete.starts_with("labels.csv has 1 label, but codes.npy has 3 rows"), "{complete}");
        let streamed = labels.of_rows(data, 0..2).expect_err("one label short").to_string();
        assert!(streamed.starts_with("labels.csv has 1 label, but codes.npy has at least 2 rows"), "{streamed}");
        assert!(labels.check_count(data, 1).is_ok() && labels.of_rows(data, 0..1).is_ok());
    }
}
