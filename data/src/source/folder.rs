//! A folder with the four files of an MNIST-like data set: images and labels for training and testing.

use std::path::{Path, PathBuf};

use crate::{
    error::DataError,
    labels::SeparateLabels,
    notes::Notes,
    open_data::{OpenData, OpenPart},
    reading::LoadOptions,
    source::idx,
};

/// The paths of the images and the labels of a part.
pub(crate) struct Pair {
    pub(crate) images: PathBuf,
    pub(crate) labels: PathBuf,
}

/// The paths of the files of a data set.
pub(crate) struct Files {
    pub(crate) train: Pair,
    pub(crate) test: Option<Pair>,
}

/// Whether the folder contains the training images, without which there is no data set.
pub(crate) fn has_training_images(folder: &Path) -> bool {
    find(folder, "train-images", 3).is_some()
}

/// Finds the four files. Both files of the test part may be missing.
pub(crate) fn files(folder: &Path) -> Result<Files, DataError> {
    let test = ["t10k-images", "t10k-labels"].into_iter().zip([3, 1]);
    let has_test = test.into_iter().any(|(stem, rank)| find(folder, stem, rank).is_some());
    let pair = |part: &str| {
        let images = require(folder, &format!("{part}-images"), 3)?;
        Ok(Pair { images, labels: require(folder, &format!("{part}-labels"), 1)? })
    };
    Ok(Files { train: pair("train")?, test: has_test.then(|| pair("t10k")).transpose()? })
}

/// Opens the files of a folder. The classes are the labels that occur in any part.
pub(crate) fn open(name: String, folder: &Path, options: &LoadOptions) -> Result<OpenData, DataError> {
    open_files(name, &files(folder)?, options)
}

pub(crate) fn open_files(name: String, files: &Files, options: &LoadOptions) -> Result<OpenData, DataError> {
    let part = |pair: &Pair| -> Result<OpenPart, DataError> {
        let opened = idx::open(&pair.images, options)?;
        let labels = idx::read_labels(&pair.labels, options)?;
        let labels = SeparateLabels { path: pair.labels.clone(), labels, notes: Notes::default() };
        Ok(OpenPart { path: pair.images.clone(), opened, labels: Some(labels) })
    };
    let (train, test) = (part(&files.train)?, files.test.as_ref().map(part).transpose()?);
    Ok(OpenData { name, train, test, classes: None })
}

fn require(folder: &Path, stem: &str, rank: u8) -> Result<PathBuf, DataError> {
    find(folder, stem, rank).ok_or_else(|| {
        let missing = format!("{stem}-idx{rank}-ubyte");
        DataError::FolderIncomplete { folder: folder.to_owned(), missing }
    })
}

/// Finds a file. Mirrors name it `train-images-idx3-ubyte` or `train-images.idx3-ubyte`, raw or gzipped.
fn find(folder: &Path, stem: &str, rank: u8) -> Option<PathBuf> {
    let names = ["", ".gz"]
        .into_iter()
        .flat_map(|end| ["-", "."].map(|separator| format!("{stem}{separator}idx{rank}-ubyte{end}")));
    names.map(|name| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::{Dataset, Values};

    type Files<'a> = &'a [(&'a str, Vec<u8>)];

    fn load(files: Files) -> Result<Dataset, DataError> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        crate::load(&folder.path().to_string_lossy(), &LoadOptions::default())
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
    fn both_parts_have_the_same_classes() {
        let set = load(&with(&[
            ("t10k-images-idx3-ubyte", idx::encode(&[1, 1, 2], &[5, 6])),
            ("t10k-labels-idx1-ubyte", idx::encode(&[1], &[7])),
        ]))
        .expect("a complete data set");
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
    fn errors_name_the_file() {
        let images = idx::encode(&[1, 2, 2], &[1, 2, 3, 4]);
        let cases: [(Files, &str); 4] = [
            (&[("t10k-images-idx3-ubyte", images.clone())], "has no t10k-labels-idx1-ubyte (or"),
            (&[("t10k-labels-idx1-ubyte", idx::encode(&[1], &[1]))], "has no t10k-images-idx3"),
            (
                &[("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", idx::encode(&[1], &[1]))],
                "shape [2, 2], but samples of the training part have shape [1, 2]",
            ),
            (&[("train-labels.idx1-ubyte", idx::encode(&[3], &[1, 2, 3]))], "has 3 labels, but"),
        ];
        for (more, expected) in cases {
            let message = load(&with(more)).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
