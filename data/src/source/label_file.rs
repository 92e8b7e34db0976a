//! Labels in a separate file.

use std::path::Path;

use crate::{
    error::DataError,
    labels::Labels,
    reading::LoadOptions,
    source::{csv, idx, npy},
};

/// Reads labels from an .npy of integers or floats, a .csv with one column, or an IDX file.
///
/// Refuses negative integers, which often represent a missing label.
pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<Labels, DataError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let labels = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("npy") => npy::read_labels(path)?,
        Some("csv") => csv::read_labels(path)?,
        _ => Labels::from_numbers(idx::read_labels(path, options)?),
    };
    let labels = labels.parsed();
    if let Labels::Integers(labels) = &labels {
        for (row, &label) in labels.iter().enumerate() {
            if u32::try_from(label).is_err() {
                let (path, value) = (path.to_owned(), label.to_string());
                return Err(DataError::LabelRange { path, row, value });
            }
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_from_every_format() {
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
            let labels = read(&path, &LoadOptions::default()).expect("two labels");
            assert_eq!(labels, Labels::Integers(vec![3, 5]), "{}", path.display());
        }
    }

    #[test]
    fn a_negative_label_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, "1\n-1\n").expect("written");
        let error = read(&path, &LoadOptions::default()).expect_err("a negative label");
        assert!(error.to_string().contains("the label of row 1 is -1, expected 0 to"), "{error}");
    }
}
