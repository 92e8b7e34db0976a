//! Data as arguments, and as chunks of rows for a model.

mod arguments;
mod like_model;
mod stream;

use std::fmt;

use clap::{Args, ValueEnum};
use narrows_data::{Limits, LoadOptions, Missing, Reading, Streams};

pub(crate) use self::{
    arguments::SampleArguments,
    like_model::{fill_of, preferring, with_columns},
    stream::{Batch, InputStream},
};

/// Where samples come from, and how they are read.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
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

    /// A chunk at a time, with the columns that the model was fitted on where nobody chose others. Missing values
    /// may be there if something fills them in.
    fn stream(&self, columns: &Option<Vec<String>>, is_filled: bool) -> anyhow::Result<Streams> {
        let mut preferred = with_columns(&self.reading, columns);
        if is_filled {
            preferred.missing.get_or_insert(Missing::Keep);
        }
        preferring(&preferred, &self.reading, |reading| Ok(narrows_data::stream(self.spec(), &self.options(reading))?))
    }

    fn options(&self, reading: &Reading) -> LoadOptions {
        LoadOptions { reading: reading.clone(), limits: self.limits.clone(), sets: None }
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
