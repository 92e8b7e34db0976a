//! Data and bundles as arguments.

use std::{fmt, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use narrows_data::{Dataset, LoadOptions, Values};
use narrows_runtime::{Autoencoder, Samples};

/// Where samples come from.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// digits, mnist, fashion-mnist, a folder of IDX files, or a .csv, .npy or IDX file
    #[arg(long, value_name = "SPEC", default_value = "digits")]
    data: String,
    /// File with a label for every row (.npy, .csv or IDX)
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Column of a .csv that holds the labels, by name or number from 0
    #[arg(long, value_name = "NAME")]
    label_column: Option<String>,
}

impl fmt::Display for DataArguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.data)
    }
}

impl DataArguments {
    /// The data that training options name.
    #[cfg(feature = "train")]
    pub(crate) fn of(options: &narrows_trainer::Options) -> Self {
        DataArguments {
            data: options.data.clone().unwrap_or_else(|| "digits".to_owned()),
            labels: options.labels.as_ref().map(PathBuf::from),
            label_column: options.label_column.clone(),
        }
    }

    /// The flags that name the same data again, to be pasted into a shell.
    #[cfg(feature = "train")]
    pub(crate) fn as_flags(&self) -> String {
        let labels = self.labels.as_ref().map(|path| format!(" --labels {}", quoted(&path.to_string_lossy())));
        let column = self.label_column.as_ref().map(|name| format!(" --label-column {}", quoted(name)));
        format!("--data {}{}{}", quoted(&self.data), labels.unwrap_or_default(), column.unwrap_or_default())
    }

    pub(crate) fn load(&self) -> anyhow::Result<Dataset> {
        let options = LoadOptions {
            labels: self.labels.clone(),
            label_column: self.label_column.clone(),
            ..LoadOptions::default()
        };
        Ok(narrows_data::load(&self.data, &options)?)
    }
}

/// This program as it was called, so that commands work where it is not on the path.
#[cfg(feature = "train")]
pub(crate) fn program() -> String {
    std::env::args().next().map_or_else(|| "narrows".to_owned(), |program| quoted(&program))
}

/// A word as a shell takes it, in quotes where it needs them.
#[cfg(feature = "train")]
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./:\\+@".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The training rows, then the test rows
    All,
    /// The training rows
    Train,
    /// The test rows
    Test,
}

/// Rows to run a model on, with labels in the model's own numbering where it takes them.
pub(crate) struct Rows {
    parts: Vec<(Values, Option<Vec<i64>>)>,
}

impl Rows {
    /// The rows of one part of a data set.
    pub(crate) fn of(dataset: Dataset, part: Part, model: &Autoencoder) -> anyhow::Result<Self> {
        let Dataset { name, train, test, classes, .. } = dataset;
        let chosen = match (part, test) {
            (Part::All, test) => std::iter::once(train).chain(test).collect(),
            (Part::Train, _) => vec![train],
            (Part::Test, Some(test)) => vec![test],
            (Part::Test, None) => bail!("`{name}` has no test part (leave --part out)"),
        };
        let numbers = model.takes_labels().then(|| numbering(classes.as_deref(), model, &name)).transpose()?;
        let parts = chosen.into_iter().map(|part| {
            let labels = match (&numbers, part.labels) {
                (None, _) => None,
                (Some(numbers), Some(labels)) => Some(labels.iter().map(|&label| numbers[label as usize]).collect()),
                (Some(_), None) => bail!("this model is told the class of every sample, and `{name}` has no labels (name them by --labels or --label-column)"),
            };
            Ok((part.values, labels))
        });
        Ok(Rows { parts: parts.collect::<anyhow::Result<_>>()? })
    }

    /// Runs something on every part and returns the results in order.
    pub(crate) fn map<T>(
        &self,
        mut run: impl FnMut(Samples<'_>) -> Result<T, narrows_runtime::Error>,
    ) -> Result<Vec<T>, narrows_runtime::Error> {
        self.parts
            .iter()
            .map(|(values, labels)| {
                let samples = match values {
                    Values::U8(values) => Samples::from(values.view()),
                    Values::F32(values) => Samples::from(values.view()),
                };
                run(match labels {
                    Some(labels) => samples.labelled(labels),
                    None => samples,
                })
            })
            .collect()
    }
}

/// The model's number for each class of a data set, matched by name: sets may hold other classes, or
/// the same ones in another order.
pub(crate) fn numbering(classes: Option<&[String]>, model: &Autoencoder, name: &str) -> anyhow::Result<Vec<i64>> {
    let classes = classes.unwrap_or_default();
    let number = |class: &String| {
        let number = model.class_named(class).with_context(|| format!("labels of `{name}`"))?;
        Ok(number as i64)
    };
    classes.iter().map(number).collect()
}
