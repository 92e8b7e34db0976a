//! Data sets named on the command line, read in chunks of rows for a model.

mod arguments;
mod batch;
mod binarize;
mod like_model;
mod range_check;
mod remembered;
mod steps;
mod stream;

#[cfg(feature = "train")]
use std::path::Path;
use std::{fmt, sync::Arc};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use narrows_bundle::{Contract, Sample};
use narrows_data::{DataError, Features, Limits, LoadOptions, Missing, Reading, Streams, table::Schema};

#[cfg(feature = "train")]
pub(crate) use self::remembered::inherited;
pub(crate) use self::{
    arguments::SampleArguments,
    batch::Batch,
    binarize::{BinarizeArguments, Binarizer},
    like_model::{MissingAdvice, fill_values, read_like_model, read_preferred},
    steps::for_each_step_batch,
    stream::InputStream,
};
use crate::report::join_first;

/// The data set and how it is read.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    /// What the features of a mixed table are, if not their values alone.
    #[arg(skip)]
    features: Option<Features>,
}

impl fmt::Display for DataArguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.spec())
    }
}

impl DataArguments {
    pub(crate) fn spec(&self) -> &str {
        self.reading.data.as_deref().unwrap_or("digits")
    }

    /// Returns whether the user named a data set.
    pub(crate) fn is_named(&self) -> bool {
        self.reading.data.is_some()
    }

    /// Returns the files of the data as options of a command; empty for data sets that are known by name.
    pub(crate) fn as_words(&self) -> String {
        let files = [("--data", &self.reading.data), ("--labels", &self.reading.labels)];
        let given = files.into_iter().filter_map(|(option, file)| Some((option, file.as_ref()?)));
        let given = given.filter(|(_, file)| !narrows_data::is_known(file) && !narrows_data::is_standard_input(file));
        given.map(|(option, file)| format!(" {option} {}", quoted(file))).collect()
    }

    /// Returns the same options for another data set.
    pub(crate) fn with_spec(&self, spec: &str) -> Self {
        let reading = Reading { data: Some(spec.to_owned()), ..self.reading.clone() };
        DataArguments { reading, limits: self.limits.clone(), features: self.features }
    }

    /// Opens the data as streams of chunks, read as the training data of a model was read. Keeps missing values if
    /// `has_fill`, because the caller then replaces them.
    fn stream(&self, manifest: &impl Contract, has_fill: bool) -> anyhow::Result<Streams> {
        let streams = read_like_model(&self.reading, manifest, |reading| {
            let missing = if has_fill { reading.missing.or(Some(Missing::Keep)) } else { reading.missing };
            read_preferred(&Reading { missing, ..reading.clone() }, reading, |reading| {
                Ok(narrows_data::stream(self.spec(), &self.options(reading, manifest))?)
            })
        });
        streams.map_err(|error| self.explain(error, &manifest.sample().columns))
    }

    /// Adds to the error about a missing column that the column is one of the model's.
    fn explain(&self, error: anyhow::Error, columns: &Option<Vec<String>>) -> anyhow::Error {
        match (columns, error.downcast_ref()) {
            (Some(columns), Some(DataError::ColumnUnknown { .. })) if self.reading.columns.is_none() => anyhow!(
                "{error}; this model takes the columns {}: rename those of the file, or select them in this order with \
                 --columns",
                join_first(columns)
            ),
            _ => error,
        }
    }

    fn options(&self, reading: &Reading, manifest: &impl Contract) -> LoadOptions {
        let (schema, features) = columns_of(manifest.sample());
        let features = self.features.unwrap_or(features);
        LoadOptions { reading: reading.clone(), limits: self.limits.clone(), sets: None, schema, features }
    }
}

/// Returns the columns that a model takes: those of the schema of a mixed table, or only numbers.
pub(crate) fn columns_of(sample: &Sample) -> (Option<Arc<Schema>>, Features) {
    match &sample.table {
        Some(schema) => (Some(Arc::new(schema.clone())), Features::Values),
        None => (None, Features::Numbers),
    }
}

/// Which part of a data set to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The training rows followed by the test rows
    All,
    /// The training rows
    Train,
    /// The test rows
    Test,
}

/// The program as it was called, so that printed commands work even if it is not on the PATH, and in every folder.
#[cfg(feature = "train")]
pub(crate) fn program() -> String {
    let Some(program) = std::env::args_os().next() else { return "narrows".to_owned() };
    let program = Path::new(&program);
    // A name without a folder is found on the PATH.
    if program.components().count() > 1 { absolute_word(program) } else { quoted(&program.to_string_lossy()) }
}

/// Returns the absolute path, quoted for the shell, so that printed commands work in every folder.
#[cfg(feature = "train")]
pub(crate) fn absolute_word(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    quoted(&absolute.as_deref().unwrap_or(path).to_string_lossy())
}

/// Quotes a word for the shell where it needs quotes.
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
