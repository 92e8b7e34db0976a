//! Messages, numbers and progress.

use std::{
    io::{ErrorKind, IsTerminal, Write},
    time::Duration,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Returns the message of an error with its causes, each once and without the frames that engines put around them.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = plain(&cause.to_string());
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.retain(|part| !text.contains(part.as_str()));
            parts.push(text);
        }
    }
    let escaped = |character: char| match character {
        '\n' => "\n".to_owned(),
        other if other.is_control() => other.escape_default().to_string(),
        other => other.to_string(),
    };
    parts.join(": ").trim_end().chars().map(escaped).collect()
}

/// Writes a line to standard output. A reader that ended, as in `| head`, is no error.
pub(crate) fn print(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Removes the frames of DataFusion and Ballista, which say nothing to a user.
fn plain(text: &str) -> String {
    if let Some(message) = narrows_datafusion::Error::in_text(text) {
        return message.to_owned();
    }
    if ["h2 protocol error", "error reading a body from connection"].iter().any(|sign| text.contains(sign)) {
        return "the scheduler ended or does not answer; the same command continues the job when there is one"
            .to_owned();
    }
    const FRAMES: [&str; 9] = [
        "External error: ",
        "Execution error: ",
        "Error during planning: ",
        "Arrow error: ",
        "DataFusion error: ",
        "DataFusionError: ",
        "External(",
        "Configuration error: ",
        "Invalid or Unsupported Configuration: ",
    ];
    let mut text = match status_message(text) {
        Some(message) => message,
        None => text.to_owned(),
    };
    for frame in FRAMES {
        text = text.replace(frame, "");
    }
    text
}

/// Returns the message in the debugging form of a status of gRPC.
fn status_message(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Status { code: ")?;
    let (_, rest) = rest.split_once("message: \"")?;
    let (message, _) = rest.split_once("\", metadata: ").or_else(|| rest.split_once("\", source: "))?;
    Some(message.replace("\\\"", "\"").replace("\\n", "\n"))
}

/// Returns a progress bar of bytes, drawn only on a terminal.
pub(crate) fn progress(bytes: u64, is_quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if is_quiet || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = "{msg} {bar:40} {bytes} of {total_bytes}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
