//! The options that name the data sets and control how they are read.

use std::num::NonZeroUsize;

use narrows_data::{Channels, Character, Depth, Header, InputFormat, Missing, Reading, SampleKind, Size};
use serde::{Deserialize, Serialize};

use crate::options::Group;

/// Options for the training data and for separate validation and test data, both as flags and as keys of a
/// configuration file. A training run and a transfer share them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct DataOptions {
    /// The training data and how it is read.
    #[serde(flatten)]
    #[cfg_attr(feature = "clap", command(flatten))]
    pub reading: Reading,
    /// Validation data, in the same form as --data [default: rows held out by --valid-fraction]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SPEC", help_heading = "Data"))]
    pub valid: Option<String>,
    /// File with one label per row of --valid, in the same form as --labels [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", requires = "valid", help_heading = "Data"))]
    pub valid_labels: Option<String>,
    /// Test data, in the same form as --data [default: the test part of --data, if it has one]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SPEC", help_heading = "Data"))]
    pub test: Option<String>,
    /// File with one label per row of --test, in the same form as --labels [default: none]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", requires = "test", help_heading = "Data"))]
    pub test_labels: Option<String>,
}

impl DataOptions {
    /// Returns the same options with `rename` applied to every file name and data set name.
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

    /// Returns the same options with folders removed from file names. The manifest stores these, so that a run on files
    /// in another folder writes the same bytes.
    pub fn without_folders(&self) -> DataOptions {
        self.with_paths(without_folder)
    }
}

/// Removes the folder from a file name.
pub(crate) fn without_folder(path: &String) -> String {
    let path = std::path::Path::new(path);
    path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy()).into_owned()
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
                input_format: Some(InputFormat::Csv),
                labels: Some("labels.npy".to_owned()),
                label_column: Some("species".to_owned()),
                columns: Some(vec!["height".to_owned(), "width".to_owned()]),
                ignore: Some(vec!["id".to_owned(), "date".to_owned()]),
                key: Some("x_train".to_owned()),
                delimiter: Some(Character(b';')),
                quote: Some(Character(b'"')),
                decimal: Some(Character(b',')),
                thousands: Some(Character(b'.')),
                header: Some(Header::Yes),
                date_columns: "when=cyclic".parse().ok().map(|column| vec![column]),
                types: "height=number".parse().ok().map(|column| vec![column]),
                max_levels: NonZeroUsize::new(500),
                missing: Some(Missing::Median),
                resize: Some(Size { width: 28, height: 28 }),
                channels: Some(Channels::Grey),
                depth: Some(Depth::Sixteen),
                sample: Some(SampleKind::Series),
                window: Some(128),
                hop: Some(64),
                time_column: Some("time".to_owned()),
                group_column: Some("machine".to_owned()),
            },
            valid: Some("valid.csv".to_owned()),
            valid_labels: Some("valid-labels.npy".to_owned()),
            test: Some("test.csv".to_owned()),
            test_labels: Some("test-labels.npy".to_owned()),
        }
    }
}
