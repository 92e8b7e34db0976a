//! Labels: read from a file of their own, and numbered by the class that each names.

use std::{collections::BTreeSet, path::Path};

use crate::{csv, error::DataError, idx, npy};

/// Labels as they were written, one a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Labels {
    /// Every label is an integer, so classes sort by number: 2 before 10.
    Integers(Vec<i64>),
    /// Classes sort by their text.
    Text(Vec<String>),
}

impl Labels {
    pub(crate) fn from_text(labels: Vec<String>) -> Self {
        let integers: Result<_, _> = labels.iter().map(|label| label.parse()).collect();
        integers.map_or(Self::Text(labels), Self::Integers)
    }

    pub(crate) fn from_numbers(labels: Vec<u32>) -> Self {
        Self::Integers(labels.into_iter().map(i64::from).collect())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Text(labels) => labels.len(),
        }
    }

    /// Each label as the index of its class, and the names of the classes, sorted.
    pub(crate) fn numbered(self) -> (Vec<u32>, Vec<String>) {
        match self {
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

/// Reads the labels of `rows` samples from a .npy of integers, a .csv of one column, or an IDX
/// file. A negative number, which often stands for a missing label, is refused.
pub(crate) fn read(path: &Path, rows: usize) -> Result<Labels, DataError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let labels = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("npy") => Labels::from_numbers(npy::read_labels(path)?),
        Some("csv") => csv::read_labels(path)?,
        _ => Labels::from_numbers(idx::read(path)?.into_labels(path)?),
    };
    if let Labels::Integers(labels) = &labels {
        for (row, &label) in labels.iter().enumerate() {
            if u32::try_from(label).is_err() {
                let (path, value) = (path.to_owned(), label.to_string());
                return Err(DataError::LabelRange { path, row, value });
            }
        }
    }
    check_count(path, rows, labels.len())?;
    Ok(labels)
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
        Labels::from_text(labels.iter().map(|&label| label.to_owned()).collect()).numbered()
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
    fn every_kind_of_label_file_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            path
        };
        let npy = folder.path().join("labels.npy");
        ndarray_npy::write_npy(&npy, &ndarray::array![3i64, 5]).expect("written");
        let files =
            [npy, write("labels.csv", b"digit\n3\n5\n"), write("labels-idx1-ubyte", &idx::encode(&[2], &[3, 5]))];
        for path in files {
            let labels = read(&path, 2).expect("two labels");
            assert_eq!(labels, Labels::Integers(vec![3, 5]), "{}", path.display());
        }
    }

    #[test]
    fn wrong_counts_and_negative_labels_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, "1\n-1\n").expect("written");
        let error = read(&path, 2).expect_err("a negative label");
        assert!(error.to_string().contains("the label of row 1 is -1, expected 0 to"), "{error}");

        std::fs::write(&path, "1\n2\n").expect("written");
        let error = read(&path, 3).expect_err("one label short");
        assert!(error.to_string().contains("2 labels for 3 rows"), "{error}");
    }
}
