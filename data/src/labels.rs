//! Labels, one a row, and the classes that they name.

use std::{borrow::Cow, collections::BTreeSet, path::Path};

use crate::error::DataError;

/// Labels as they were written, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// Integers.
    Integers(Vec<i64>),
    /// Text, which may be that of integers.
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

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of a row as text.
    pub fn name(&self, row: usize) -> Cow<'_, str> {
        match self {
            Self::Integers(labels) => labels[row].to_string().into(),
            Self::Text(labels) => labels[row].as_str().into(),
        }
    }

    /// The labels of these rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Integers(labels) => Self::Integers(rows.iter().map(|&row| labels[row]).collect()),
            Self::Text(labels) => Self::Text(rows.iter().map(|&row| labels[row].clone()).collect()),
        }
    }

    /// Adds labels below those that are there.
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

    /// As integers where all of them are, so that classes sort by number: 2 before 10.
    pub(crate) fn settled(self) -> Self {
        match self {
            Self::Integers(_) => self,
            Self::Text(labels) => {
                let integers: Result<_, _> = labels.iter().map(|label| label.parse()).collect();
                integers.map_or(Self::Text(labels), Self::Integers)
            }
        }
    }

    /// Each label as the index of its class, and the names of the classes, sorted: by number where all of
    /// them are integers, else by text.
    pub(crate) fn numbered(self) -> (Vec<u32>, Vec<String>) {
        match self.settled() {
            Self::Integers(labels) => number(&labels),
            Self::Text(labels) => number(&labels),
        }
    }
}

fn number<T: Ord + ToString>(labels: &[T]) -> (Vec<u32>, Vec<String>) {
    let classes: Vec<&T> = labels.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let index = |label| classes.partition_point(|&class| class < label) as u32;
    let indices = labels.iter().map(index).collect();
    (indices, classes.iter().map(|class| class.to_string()).collect())
}

/// Refuses any number of labels but one a row.
pub(crate) fn check_count(path: &Path, rows: usize, labels: usize) -> Result<(), DataError> {
    if labels == rows {
        return Ok(());
    }
    Err(DataError::LabelCount { path: path.to_owned(), expected: rows, found: labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(labels: &[&str]) -> (Vec<u32>, Vec<String>) {
        Labels::Text(labels.iter().map(|&label| label.to_owned()).collect()).numbered()
    }

    #[test]
    fn integers_sort_by_number_and_text_by_letter() {
        let cases: [(&[&str], &[u32], &[&str]); 3] = [
            (&["10", "2", "10"], &[1, 0, 1], &["2", "10"]),
            (&["b", "a", "10"], &[2, 1, 0], &["10", "a", "b"]),
            (&["-1", "1"], &[0, 1], &["-1", "1"]),
        ];
        for (labels, indices, classes) in cases {
            let classes = classes.iter().map(|&class| class.to_owned()).collect();
            assert_eq!(numbered(labels), (indices.to_vec(), classes));
        }
    }

    #[test]
    fn a_wrong_count_is_refused() {
        let error = check_count(Path::new("labels.csv"), 3, 2).expect_err("one label short");
        assert!(error.to_string().contains("2 labels for 3 rows"), "{error}");
    }
}
