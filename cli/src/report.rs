//! Output of the program: results on standard output; notes, warnings and progress on standard error; and the error
//! message and exit code of a failure.

use std::{
    borrow::Cow,
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::OnceLock,
};

use anyhow::Context;
use narrows_bundle::counted;
use narrows_data::{Dataset, Note, WindowCounts};
use narrows_runtime::library::LibraryError;
use serde_json::json;

use crate::{misuse::UsageError, printable::printable};

/// Prints a result on standard output. A closed pipe, as in `narrows inspect BUNDLE | head -1`, is not an error.
/// Where a command writes rows to standard output, the result goes to standard error.
pub(crate) fn print(text: impl std::fmt::Display) -> anyhow::Result<()> {
    match STANDARD_OUTPUT.get() {
        Some(StandardOutput::Rows) => {
            note(text);
            return Ok(());
        }
        Some(StandardOutput::Results) | None => {}
    }
    let mut output = io::stdout().lock();
    match writeln!(output, "{}", printable(&text.to_string())).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write to standard output"),
    }
}

/// Prints a result without which the program is of no use. A closed pipe is an error.
pub(crate) fn print_needed(text: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}").and_then(|()| output.flush()).context("cannot write to standard output")
}

/// The end of a server by a signal. It is no failure, but the exit code is 128 plus the number of the signal.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) u8);

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("stopped")
    }
}

impl Error for Ended {}

/// Error of a program that was interrupted by a signal. The exit code is 128 plus the number of the signal.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// Number of the signal.
    pub(crate) signal: u8,
    /// Where it was interrupted, and how to continue.
    pub(crate) message: String,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Stopped {}

/// What a command does with standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandardOutput {
    /// It prints its results there.
    Results,
    /// It writes rows there, and prints its results on standard error.
    Rows,
}

/// Amount and format of the messages on standard error.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct LogOptions {
    /// Print only errors on standard error
    #[arg(long, global = true, display_order = 900)]
    quiet: bool,
    /// Format of the messages on standard error
    #[arg(long, global = true, display_order = 901, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    /// Stop with an error where the data is not read as it is, instead of printing a note: columns or files that are
    /// left out, names, colours or precision that change
    #[arg(long, global = true, display_order = 902)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// Lines of text
    #[default]
    Text,
    /// One JSON object per line, for other programs
    Json,
}

/// The options of the process. They are global because the thread that handles signals prints messages too.
static LOG_OPTIONS: OnceLock<LogOptions> = OnceLock::new();
static STANDARD_OUTPUT: OnceLock<StandardOutput> = OnceLock::new();

impl LogOptions {
    /// Sets the options of the process.
    pub(crate) fn install(self, standard_output: StandardOutput) {
        let _ = LOG_OPTIONS.set(self);
        let _ = STANDARD_OUTPUT.set(standard_output);
    }

    fn current() -> Self {
        LOG_OPTIONS.get().copied().unwrap_or_default()
    }
}

/// Prints a note on standard error, unless `--quiet` is set. Errors of writing are ignored.
pub(crate) fn note(text: impl std::fmt::Display) {
    let log = LogOptions::current();
    match log.log_format {
        _ if log.quiet => {}
        LogFormat::Text => write_line(text),
        LogFormat::Json => write_line(json!({ "event": "note", "message": text.to_string() })),
    }
}

/// Returns whether `--strict` is set.
pub(crate) fn is_strict() -> bool {
    LogOptions::current().strict
}

/// Prints a note on the data on standard error, unless `--quiet` is set.
pub(crate) fn print_note(note: &Note) {
    let log = LogOptions::current();
    let Note { code, place, text, features: _ } = note;
    match log.log_format {
        _ if log.quiet => {}
        LogFormat::Text => write_line(format_args!("note: {note}")),
        LogFormat::Json => write_line(json!({
            "event": "note", "message": note.to_string(), "code": code, "place": place, "text": text,
        })),
    }
}

/// Prints a warning on standard error, unless `--quiet` is set.
pub(crate) fn warn(text: impl std::fmt::Display) {
    let log = LogOptions::current();
    match log.log_format {
        _ if log.quiet => {}
        LogFormat::Text => write_line(format_args!("warning: {text}")),
        LogFormat::Json => write_line(json!({ "event": "warning", "message": text.to_string() })),
    }
}

/// Prints the progress of an epoch: the sentence as text if there is one, or the record as JSON.
#[cfg(feature = "train")]
pub(crate) fn report_epoch(sentence: Option<String>, record: serde_json::Value) {
    let log = LogOptions::current();
    match (log.log_format, sentence) {
        _ if log.quiet => {}
        (LogFormat::Text, Some(sentence)) => write_line(sentence),
        (LogFormat::Text, None) => {}
        (LogFormat::Json, _) => write_line(json!({ "event": "epoch", "record": record })),
    }
}

/// Returns whether a progress bar can be drawn: text format, not quiet, and standard error is a terminal.
pub(crate) fn can_draw_bar() -> bool {
    let log = LogOptions::current();
    !log.quiet && log.log_format == LogFormat::Text && io::IsTerminal::is_terminal(&io::stderr())
}

fn write_line(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{}", printable(&text.to_string()));
}

/// Prints an error on standard error, even if `--quiet` is set.
pub(crate) fn print_error(message: &str) {
    let message = cut(message);
    match LogOptions::current().log_format {
        LogFormat::Text => write_line(format_args!("error: {message}")),
        LogFormat::Json => write_line(json!({ "event": "error", "message": message })),
    }
}

/// Leaves out the middle of a message that is too long to be read: a file can contain names of any length, and any
/// number of them.
fn cut(message: &str) -> Cow<'_, str> {
    const FIRST: usize = 3000;
    const LAST: usize = 1000;

    let Some(left_out) = message.chars().count().checked_sub(FIRST + LAST).filter(|&count| count > 0) else {
        return Cow::Borrowed(message);
    };
    let first: String = message.chars().take(FIRST).collect();
    let last: String = message.chars().skip(FIRST + left_out).collect();
    Cow::Owned(format!("{first} ... ({left_out} characters are left out) ... {last}"))
}

/// Prints an error of the command line as text. `message` is that of clap, which ends with a line feed.
pub(crate) fn print_plain(message: &str) {
    write_line(message.trim_end());
}

/// Prints an error of the command line as JSON. `message` is that of clap.
pub(crate) fn print_usage(message: &str) {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message = message.split("\n\nFor more information").next().unwrap_or(message).trim_end();
    write_line(json!({ "event": "error", "message": message }));
}

/// Prints an error with its causes, and returns the exit code.
pub(crate) fn print_failure(error: &anyhow::Error) -> ExitCode {
    if let Some(ended) = error.downcast_ref::<Ended>() {
        note(ended);
        return ExitCode::from(128 + ended.0);
    }
    print_error(&described(error));
    match (error.downcast_ref::<Stopped>(), error.downcast_ref::<UsageError>()) {
        (Some(stopped), _) => ExitCode::from(128 + stopped.signal),
        (None, Some(_)) => ExitCode::from(2),
        (None, None) => ExitCode::FAILURE,
    }
}

/// Describes an error with its causes. A cause whose text the message already contains is left out.
pub(crate) fn described(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(|cause| shortened(cause).map_or_else(|| cause.to_string(), str::to_owned)) {
        if !message.contains(&cause) {
            message = if message.is_empty() { cause } else { format!("{message}: {cause}") };
        }
    }
    message
}

/// Returns a short message for a cause whose own message lists every place that was searched.
fn shortened(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let library = match cause.downcast_ref() {
        Some(narrows_runtime::Error::Library(library)) => Some(library),
        Some(_) => None,
        None => cause.downcast_ref(),
    };
    matches!(library, Some(LibraryError::NotFound { .. })).then_some(
        "ONNX Runtime was not found; run `just setup` in a checkout of narrows, or set ORT_DYLIB_PATH to the library; \
         `narrows doctor` lists the places that were searched",
    )
}

/// Prints what a recording consists of.
pub(crate) fn note_windows(recording: impl std::fmt::Display, counts: WindowCounts) {
    let WindowCounts { steps, windows, gaps, uncovered } = counts;
    let are = if uncovered == 1 { "is" } else { "are" };
    note(format_args!(
        "{recording}: {}, {}, {}; {} {are} in no window",
        counted(steps, "time step"),
        counted(windows, "window"),
        if gaps == 1 { "1 gap in time".to_owned() } else { format!("{gaps} gaps in time") },
        counted(uncovered, "step")
    ));
}

/// Prints what the recording of each part consists of, if the samples are windows of recordings.
pub(crate) fn note_recordings(data: &Dataset) {
    for (name, part) in data.parts() {
        if let Some(windows) = part.values.windows() {
            note_windows(format_args!("{name} recording"), windows.counts());
        }
    }
}

/// Joins words with commas. Of a long list, only the first ones are shown and the rest is counted.
pub(crate) fn join_first(words: &[String]) -> String {
    const MAX_SHOWN: usize = 12;
    let first = words.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if words.len() > MAX_SHOWN { format!("{first} and {} more", words.len() - MAX_SHOWN) } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_message_that_is_too_long_is_left_out() {
        assert_eq!(cut("short"), "short");
        let long = cut(&format!("cannot read {}: no such file", "ä".repeat(5000))).into_owned();
        assert!(long.starts_with("cannot read ää") && long.ends_with("ä: no such file"), "{long}");
        assert!(long.contains(" ... (1026 characters are left out) ... ") && long.chars().count() < 4100, "{long}");
    }
}
