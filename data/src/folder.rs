//! A folder with the four files of an MNIST-like set: images and labels, to train and to test.

use std::path::{Path, PathBuf};

use crate::{
    dataset::{Dataset, Part, Values},
    error::DataError,
    idx::{self, Idx},
    labels::{Labels, check_count},
};

/// A file that was read, and where it lies.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) idx: Idx,
}

/// The images and the labels of one part.
pub(crate) struct Pair {
    pub(crate) images: Found,
    pub(crate) labels: Found,
}

/// The parts of a set, read but not yet taken for samples and labels.
pub(crate) struct Files {
    pub(crate) train: Pair,
    pub(crate) test: Option<Pair>,
}

/// Whether the folder has the file without which there is no set.
pub(crate) fn has_training_images(folder: &Path) -> bool {
    find(folder, "train-images", 3).is_some()
}

/// Reads the four files; the two of the test part may both be missing.
pub(crate) fn read(folder: &Path) -> Result<Files, DataError> {
    let test = ["t10k-images", "t10k-labels"].into_iter().zip([3, 1]);
    let has_test = test.into_iter().any(|(stem, rank)| find(folder, stem, rank).is_some());
    let train = Pair { images: require(folder, "train-images", 3)?, labels: require(folder, "train-labels", 1)? };
    let test = if has_test {
        let images = require(folder, "t10k-images", 3)?;
        Some(Pair { images, labels: require(folder, "t10k-labels", 1)? })
    } else {
        None
    };
    Ok(Files { train, test })
}

/// Turns files into a data set; classes are the labels that occur in either part, sorted.
pub(crate) fn assemble(name: String, files: Files) -> Result<Dataset, DataError> {
    let (values, sample_shape, mut labels) = read_pair(files.train)?;
    let range = values.range();
    let train_rows = labels.len();
    let mut test_values = None;
    if let Some(pair) = files.test {
        let path = pair.images.path.clone();
        let (values, found, test_labels) = read_pair(pair)?;
        if found != sample_shape {
            return Err(DataError::SampleShape { path, expected: sample_shape, found });
        }
        labels.extend(test_labels);
        test_values = Some(values);
    }
    let (mut labels, classes) = Labels::from_numbers(labels).numbered();
    let test_labels = labels.split_off(train_rows);
    let part = |values, labels| Part { values, labels: Some(labels) };
    Ok(Dataset {
        name,
        sample_shape,
        range,
        train: part(values, labels),
        test: test_values.map(|values| part(values, test_labels)),
        classes: Some(classes),
    })
}

fn read_pair(pair: Pair) -> Result<(Values, Vec<usize>, Vec<u32>), DataError> {
    let (values, shape) = pair.images.idx.into_samples(&pair.images.path)?;
    let labels = pair.labels.idx.into_labels(&pair.labels.path)?;
    check_count(&pair.labels.path, values.rows(), labels.len())?;
    Ok((values, shape, labels))
}

fn require(folder: &Path, stem: &str, rank: u8) -> Result<Found, DataError> {
    let Some(path) = find(folder, stem, rank) else {
        let missing = format!("{stem}-idx{rank}-ubyte");
        return Err(DataError::FolderIncomplete { folder: folder.to_owned(), missing });
    };
    let idx = idx::read(&path)?;
    Ok(Found { path, idx })
}

/// Mirrors write `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, raw or gzipped.
fn find(folder: &Path, stem: &str, rank: u8) -> Option<PathBuf> {
    let names =
        ["", ".gz"].into_iter().flat_map(|end| ["-", "."].map(|joint| format!("{stem}{joint}idx{rank}-ubyte{end}")));
    names.map(|name| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    type Files<'a> = &'a [(&'a str, Vec<u8>)];

    fn load(files: Files) -> Result<Dataset, DataError> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        assemble("set".to_owned(), read(folder.path())?)
    }

    fn train() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("train-images-idx3-ubyte", idx::encode(&[2, 1, 2], &[1, 2, 3, 4])),
            ("train-labels.idx1-ubyte", idx::encode(&[2], &[9, 5])),
        ]
    }

    fn with(more: Files) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = train();
        for (name, bytes) in more {
            files.retain(|(known, _)| known != name);
            files.push((name.to_string().leak(), bytes.clone()));
        }
        files
    }

    #[test]
    fn both_parts_share_their_classes() {
        let set = load(&with(&[
            ("t10k-images-idx3-ubyte", idx::encode(&[1, 1, 2], &[5, 6])),
            ("t10k-labels-idx1-ubyte", idx::encode(&[1], &[7])),
        ]))
        .expect("a whole set");
        assert_eq!(set.sample_shape, [1, 2]);
        assert_eq!(set.range, (0.0, 255.0));
        assert_eq!(set.classes, Some(["5", "7", "9"].map(str::to_owned).to_vec()));
        assert_eq!(set.train.labels, Some(vec![2, 0]));
        let test = set.test.expect("a test part");
        assert_eq!(test.values, Values::U8(array![[5, 6]]));
        assert_eq!(test.labels, Some(vec![1]));
    }

    #[test]
    fn test_part_may_be_missing() {
        assert_eq!(load(&train()).expect("a training part").test, None);
    }

    #[test]
    fn faults_name_the_file() {
        let images = idx::encode(&[1, 2, 2], &[1, 2, 3, 4]);
        let cases: [(Files, &str); 4] = [
            (&[("t10k-images-idx3-ubyte", images.clone())], "has no t10k-labels-idx1-ubyte (or"),
            (&[("t10k-labels-idx1-ubyte", idx::encode(&[1], &[1]))], "has no t10k-images-idx3"),
            (
                &[("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", idx::encode(&[1], &[1]))],
                "shape [2, 2], but those of the training part [1, 2]",
            ),
            (&[("train-labels.idx1-ubyte", idx::encode(&[3], &[1, 2, 3]))], "3 labels for 2 rows"),
        ];
        for (more, expected) in cases {
            let message = load(&with(more)).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
