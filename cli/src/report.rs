//! How the program ends badly: one sentence, and the exit code that fits.

use std::{error::Error, process::ExitCode};

/// Interrupted by a signal, with the conventional exit code of 128 plus its number.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// The signal's number.
    pub(crate) signal: u8,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("interrupted: nothing was written")
    }
}

impl Error for Stopped {}

/// Prints the error with its causes; a cause that the sentence has already told is left out.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !told.contains(&cause) {
            told = if told.is_empty() { cause } else { format!("{told}: {cause}") };
        }
    }
    eprintln!("error: {told}");
    error.downcast_ref::<Stopped>().map_or(ExitCode::FAILURE, |stopped| ExitCode::from(128 + stopped.signal))
}
