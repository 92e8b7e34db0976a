//! What the program says: results on standard output, remarks and progress on standard error, and how it
//! ends badly: one sentence, and the exit code that fits.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::OnceLock,
};

use anyhow::Context;
use serde_json::json;

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
    /// Where, and how to go on.
    pub(crate) told: String,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.told)
    }
}

impl Error for Stopped {}

/// How much is said on standard error, and how.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Voice {
    /// Say nothing on standard error but errors
    #[arg(long, global = true)]
    quiet: bool,
    /// What is said on standard error: lines of text, or one JSON object a line
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// One voice a process: the thread that hears signals speaks with it too.
static VOICE: OnceLock<Voice> = OnceLock::new();

impl Voice {
    /// Makes this the voice of the program.
    pub(crate) fn take(self) {
        let _ = VOICE.set(self);
    }

    fn current() -> Self {
        VOICE.get().copied().unwrap_or_default()
    }
}

/// Says something on standard error, where progress and remarks go. Nobody may be listening.
pub(crate) fn note(text: impl std::fmt::Display) {
    let voice = Voice::current();
    match voice.log_format {
        _ if voice.quiet => {}
        LogFormat::Text => say(text),
        LogFormat::Json => say(json!({ "event": "note", "message": text.to_string() })),
    }
}

/// Says a warning.
pub(crate) fn warn(text: impl std::fmt::Display) {
    let voice = Voice::current();
    match voice.log_format {
        _ if voice.quiet => {}
        LogFormat::Text => say(format_args!("warning: {text}")),
        LogFormat::Json => say(json!({ "event": "warning", "message": text.to_string() })),
    }
}

/// Says how an epoch went: a sentence for people, or the record for programs.
#[cfg(feature = "train")]
pub(crate) fn tell_epoch(sentence: Option<String>, record: serde_json::Value) {
    let voice = Voice::current();
    match (voice.log_format, sentence) {
        _ if voice.quiet => {}
        (LogFormat::Text, Some(sentence)) => say(sentence),
        (LogFormat::Text, None) => {}
        (LogFormat::Json, _) => say(json!({ "event": "epoch", "record": record })),
    }
}

/// Whether a bar may be drawn.
pub(crate) fn may_draw() -> bool {
    let voice = Voice::current();
    !voice.quiet && voice.log_format == LogFormat::Text && io::IsTerminal::is_terminal(&io::stderr())
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says what went wrong, however quiet the voice.
pub(crate) fn complain(told: &str) {
    match Voice::current().log_format {
        LogFormat::Text => say(format_args!("error: {told}")),
        LogFormat::Json => say(json!({ "event": "error", "message": told })),
    }
}

/// Prints the error with its causes; a cause that the sentence has already told is left out.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !told.contains(&cause) {
            told = if told.is_empty() { cause } else { format!("{told}: {cause}") };
        }
    }
    complain(&told);
    error.downcast_ref::<Stopped>().map_or(ExitCode::FAILURE, |stopped| ExitCode::from(128 + stopped.signal))
}

/// Words side by side, the first of them where they are many.
pub(crate) fn first_of(words: &[String]) -> String {
    const MOST: usize = 12;
    let first = words.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if words.len() > MOST { format!("{first} and {} more", words.len() - MOST) } else { first }
}
