//! Where data comes from: the words that name it, and how it is read.

use narrows_data::{Channels, Character, Header, Missing, Reading, Size};
use serde::{Deserialize, Serialize};

use crate::options::Group;

/// The data to learn from, and the data to judge by where it is named apart: flags and keys of a configuration at
/// once, of a training run and of a transfer alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct DataOptions {
    /// What is read, and how.
    #[serde(flatten)]
    #[cfg_attr(feature = "clap", command(flatten))]
    pub reading: Reading,
    /// Data to watch training by, read as --data is; without it, rows of the training part are held out
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SPEC", help_heading = "Data"))]
    pub valid: Option<String>,
    /// File with a label for every row of --valid
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", requires = "valid", help_heading = "Data"))]
    pub valid_labels: Option<String>,
    /// Data to test with, read as --data is [default: what the data sets apart itself]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SPEC", help_heading = "Data"))]
    pub test: Option<String>,
    /// File with a label for every row of --test
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", requires = "test", help_heading = "Data"))]
    pub test_labels: Option<String>,
}

impl DataOptions {
    /// With every file and every set that is named put as `rename` says.
    pub fn with_paths(&self, rename: impl Fn(&String) -> String) -> DataOptions {
        let renamed = |path: &Option<String>| path.as_ref().map(&rename);
        let Reading { data, labels, .. } = &self.reading;
        DataOptions {
            reading: Reading { data: renamed(data), labels: renamed(labels), ..self.reading.clone() },
            valid: renamed(&self.valid),
            valid_labels: renamed(&self.valid_labels),
            test: renamed(&self.test),
            test_labels: renamed(&self.test_labels),
        }
    }

    /// With files named without their folders: what a manifest may hold, so that the same run in another place gives
    /// the same bytes.
    pub fn without_folders(&self) -> DataOptions {
        self.with_paths(|path| {
            let path = std::path::Path::new(path);
            path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy()).into_owned()
        })
    }
}

impl Group for DataOptions {
    fn keys() -> Vec<&'static str> {
        [Reading::KEYS, &["valid", "valid_labels", "test", "test_labels"]].concat()
    }

    fn or(&self, other: &DataOptions) -> DataOptions {
        let first = |one: &Option<String>, other: &Option<String>| one.clone().or_else(|| other.clone());
        DataOptions {
            reading: self.reading.or(&other.reading),
            valid: first(&self.valid, &other.valid),
            valid_labels: first(&self.valid_labels, &other.valid_labels),
            test: first(&self.test, &other.test),
            test_labels: first(&self.test_labels, &other.test_labels),
        }
    }

    fn example() -> DataOptions {
        DataOptions {
            reading: Reading {
                data: Some("digits".to_owned()),
                labels: Some("labels.npy".to_owned()),
                label_column: Some("species".to_owned()),
                columns: Some(vec!["height".to_owned(), "width".to_owned()]),
                ignore: Some(vec!["id".to_owned(), "date".to_owned()]),
                key: Some("x_train".to_owned()),
                delimiter: Some(Character(b';')),
                quote: Some(Character(b'"')),
                header: Some(Header::Yes),
                missing: Some(Missing::Median),
                resize: Some(Size { width: 28, height: 28 }),
                channels: Some(Channels::Grey),
            },
            valid: Some("valid.csv".to_owned()),
            valid_labels: Some("valid-labels.npy".to_owned()),
            test: Some("test.csv".to_owned()),
            test_labels: Some("test-labels.npy".to_owned()),
        }
    }
}
