//! Named data sets: the folders of their files, and the checksums of their content.

use std::path::{Path, PathBuf};

use crate::{
    error::DataError,
    open_data::OpenData,
    reading::LoadOptions,
    source::{folder, idx},
};

/// A published data set of ten classes in four IDX files.
pub(crate) struct NamedSet {
    pub(crate) name: &'static str,
    /// The folder of the package of a Linux distribution.
    system_folder: Option<&'static str>,
    classes: [&'static str; 10],
    hashes: Hashes,
}

/// SHA-256 of the decompressed files, because mirrors compress differently.
struct Hashes {
    train_images: &'static str,
    train_labels: &'static str,
    test_images: &'static str,
    test_labels: &'static str,
}

const MNIST: NamedSet = NamedSet {
    name: "mnist",
    system_folder: None,
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    hashes: Hashes {
        train_images: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        train_labels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        test_images: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        test_labels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
};

const FASHION_MNIST: NamedSet = NamedSet {
    name: "fashion-mnist",
    // The Debian package dataset-fashion-mnist.
    system_folder: Some("/usr/share/datasets/fashion-mnist"),
    classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    hashes: Hashes {
        train_images: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        train_labels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        test_images: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        test_labels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
};

/// Returns the data set with this name.
pub(crate) fn named(name: &str) -> Option<&'static NamedSet> {
    [&MNIST, &FASHION_MNIST].into_iter().find(|set| set.name == name)
}

/// Opens a data set in `data/sets/<name>/` of the folder in the options, or in the system folder.
pub(crate) fn open(set: &NamedSet, options: &LoadOptions) -> Result<OpenData, DataError> {
    let root = options.sets.as_deref().unwrap_or(Path::new("."));
    let own = root.join("data/sets").join(set.name);
    let folders: Vec<PathBuf> = [own].into_iter().chain(set.system_folder.map(PathBuf::from)).collect();
    let Some(found) = folders.iter().find(|folder| folder::has_training_images(folder)) else {
        return Err(DataError::SetMissing { name: set.name, folders });
    };
    let files = folder::files(found)?;
    let hashes = &set.hashes;
    check(set.name, &files.train.images, hashes.train_images, options)?;
    check(set.name, &files.train.labels, hashes.train_labels, options)?;
    let Some(test) = &files.test else {
        let missing = "t10k-images-idx3-ubyte".to_owned();
        return Err(DataError::FolderIncomplete { folder: found.clone(), missing });
    };
    check(set.name, &test.images, hashes.test_images, options)?;
    check(set.name, &test.labels, hashes.test_labels, options)?;
    let data = folder::open_files(set.name.to_owned(), &files, options)?;
    Ok(OpenData { classes: Some(set.classes.map(str::to_owned).to_vec()), ..data })
}

fn check(name: &'static str, path: &Path, expected: &str, options: &LoadOptions) -> Result<(), DataError> {
    let found = idx::sha256(path, options)?;
    if found == expected {
        return Ok(());
    }
    let (path, expected) = (path.to_owned(), expected.to_owned());
    Err(DataError::SetAltered { name, path, expected, found })
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;
    use crate::{Dataset, fingerprint::hex, load};

    fn write_set(root: &Path, name: &str) {
        let folder = root.join("data/sets").join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for part in ["train", "t10k"] {
            let images = idx::encode(&[1, 1, 2], &[1, 2]);
            std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).expect("written");
            let labels = idx::encode(&[1], &[7]);
            std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).expect("written");
        }
    }

    fn load_from(name: &str, root: &Path) -> Result<Dataset, DataError> {
        load(name, &LoadOptions { sets: Some(root.to_owned()), ..LoadOptions::default() })
    }

    #[test]
    fn modified_files_are_refused_with_both_hashes() {
        let root = tempfile::tempdir().expect("a folder");
        write_set(root.path(), "mnist");
        let message = load_from("mnist", root.path()).expect_err("another file").to_string();
        assert!(message.contains(MNIST.hashes.train_images), "{message}");
        let found = hex(&sha2::Sha256::digest(idx::encode(&[1, 1, 2], &[1, 2])));
        assert!(message.contains(&found), "{message}");
    }

    #[test]
    fn a_missing_data_set_is_refused_with_the_command_to_download_it() {
        let root = tempfile::tempdir().expect("a folder");
        let message = load_from("mnist", root.path()).expect_err("no files").to_string();
        assert!(message.contains("download it with `just data mnist`"), "{message}");
    }

    #[test]
    fn every_data_set_is_found_by_its_name() {
        for name in ["mnist", "fashion-mnist"] {
            assert_eq!(named(name).map(|set| set.name), Some(name));
        }
        assert!(named("digits").is_none());
    }

    /// The data sets are too large for the repository. `NARROWS_SETS` is a folder that contains them in `data/sets/`.
    #[test]
    #[ignore = "needs mnist and fashion-mnist; set NARROWS_SETS"]
    fn published_sets_are_accepted() {
        let root = std::env::var_os("NARROWS_SETS").expect("NARROWS_SETS is set");
        for set in [&MNIST, &FASHION_MNIST] {
            let dataset = load_from(set.name, Path::new(&root)).expect("the published files");
            let test = dataset.test.expect("a test part");
            assert_eq!((dataset.train.values.rows(), test.values.rows()), (60_000, 10_000));
            assert_eq!(dataset.sample_shape, [28, 28]);
            let labels = dataset.train.labels.expect("labels");
            assert_eq!(labels.iter().max(), Some(&9));
        }
    }
}
