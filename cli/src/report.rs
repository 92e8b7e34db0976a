//! What the program says: results on standard output, and how it ends badly: one sentence, and the exit
//! code that fits.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;

/// Prints a result on standard output. A reader that has seen enough and is gone is no error.
pub(crate) fn print(text: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write to standard output"),
    }
}

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

/// Says something on standard error, where progress and remarks go. Nobody may be listening.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints the error with its causes; a cause that the sentence has already told is left out.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !told.contains(&cause) {
            told = if told.is_empty() { cause } else { format!("{told}: {cause}") };
        }
    }
    note(format_args!("error: {told}"));
    error.downcast_ref::<Stopped>().map_or(ExitCode::FAILURE, |stopped| ExitCode::from(128 + stopped.signal))
}
