//! Runs a program in a child process, to measure its peak memory.
//!
//! On Linux the peak memory of a process includes the memory that its parent had when it started the process. So this
//! process never loads data; all work on data happens in child processes.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

use super::stop::Stop;

/// Interval at which a child process is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The output of a program and its peak memory in bytes.
pub(crate) struct Finished {
    pub(crate) printed: String,
    pub(crate) peak: u64,
}

/// Runs a program until it exits. Its output is captured in files in `scratch`.
///
/// # Errors
/// If the program does not start or fails (the message is its last line), or on a request to stop, which kills the
/// program.
pub(crate) fn run(command: &mut Command, scratch: &Path, stop: &Stop) -> Result<Finished> {
    let (output, errors) = (scratch.join("output"), scratch.join("errors"));
    let program = Path::new(command.get_program()).display().to_string();
    let mut child = command
        .stdout(File::create(&output)?)
        .stderr(File::create(&errors)?)
        .spawn()
        .with_context(|| format!("{program} cannot be started"))?;
    let ended = loop {
        if let Some(ended) = child.try_wait4()? {
            break ended;
        }
        if let Err(interrupted) = stop.check() {
            // The child may already have exited because of the same signal.
            let _ = child.kill();
            let _ = child.wait();
            return Err(interrupted);
        }
        thread::sleep(POLL_INTERVAL);
    };
    stop.check()?;
    if !ended.status.success() {
        let messages = fs::read_to_string(&errors).unwrap_or_default();
        match messages.lines().rfind(|line| !line.trim().is_empty()) {
            Some(last) => bail!("{}", last.strip_prefix("error: ").unwrap_or(last)),
            None => bail!("{program} printed no error message and exited with {}", ended.status),
        }
    }
    Ok(Finished { printed: fs::read_to_string(&output)?, peak: ended.rusage.maxrss })
}
