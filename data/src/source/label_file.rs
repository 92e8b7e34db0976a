//! Labels in a separate file.

use std::path::Path;

use crate::{
    error::DataError,
    labels::SeparateLabels,
    notes::Notes,
    reading::LoadOptions,
    source::{csv, idx, npy},
};

/// Reads labels from an .npy, a .csv with one column, or an IDX file.
pub(crate) fn read(path: &Path, options: &LoadOptions) -> Result<SeparateLabels, DataError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let mut notes = Notes::default();
    let labels = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("npy") => npy::read_labels(path)?,
        Some("csv") => {
            let (labels, said) = csv::read_labels(path)?;
            notes.extend(said);
            labels
        }
        _ => idx::read_labels(path, options)?,
    };
    Ok(SeparateLabels { path: path.to_owned(), labels: labels.parsed(), notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;

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
            let labels = read(&path, &LoadOptions::default()).expect("two labels").labels;
            assert_eq!(labels, Labels::Integers(vec![3, 5]), "{}", path.display());
        }
    }

    #[test]
    fn one_rule_holds_for_the_labels_of_every_format() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let column = ndarray::array![[-1i8], [2], [2]];
        ndarray_npy::write_npy(path("column.npy"), &column).expect("written");
        ndarray_npy::write_npy(path("floats.npy"), &ndarray::array![-1f64, 2.0, 2.0]).expect("written");
        std::fs::write(path("text.csv"), "-1.0\n 2 \n2.00\n").expect("written");
        for name in ["column.npy", "floats.npy", "text.csv"] {
            let labels = read(&path(name), &LoadOptions::default()).expect(name).labels;
            assert_eq!(labels, Labels::Integers(vec![-1, 2, 2]), "{name}");
        }
        ndarray_npy::write_npy(path("bool.npy"), &ndarray::array![true, false]).expect("written");
        std::fs::write(path("bool.csv"), "True\nFalse\n").expect("written");
        ndarray_npy::write_npy(path("targets.npy"), &ndarray::array![0.5f32, 2.0]).expect("written");
        std::fs::write(path("targets.csv"), "0.5\n2.0\n").expect("written");
        for (name, expected) in [
            ("bool.npy", ["true", "false"]),
            ("bool.csv", ["true", "false"]),
            ("targets.npy", ["0.5", "2"]),
            ("targets.csv", ["0.5", "2"]),
        ] {
            let labels = read(&path(name), &LoadOptions::default()).expect(name).labels;
            assert_eq!(labels, Labels::Text(expected.map(str::to_owned).to_vec()), "{name}");
        }
        ndarray_npy::write_npy(path("wide.npy"), &ndarray::array![[1, 2], [3, 4]]).expect("written");
        let error = read(&path("wide.npy"), &LoadOptions::default()).expect_err("two columns").to_string();
        assert!(error.contains("has 2 dimensions, expected 1 (one label per row)"), "{error}");
    }

    #[test]
    fn a_header_and_words_for_missing_values_in_a_file_of_labels_are_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let texts = |text: &str| {
            let path = folder.path().join("labels.csv");
            std::fs::write(&path, text).expect("written");
            let labels = read(&path, &LoadOptions::default()).expect("labels");
            labels.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>()
        };
        assert!(texts("k\n1\n2\n")[0].starts_with("the first line, `k`, is a header"));
        assert!(texts("1\nNA\n2\n")[0].starts_with("`NA` is a class here and not a missing label"));
        assert_eq!(texts("1\n2\n"), [""; 0]);
    }
}
