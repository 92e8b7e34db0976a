//! Runs a program in a process of its own, whose memory is nobody else's.
//!
//! Linux counts to a new process's peak what its parent held when it was started. So this process never
//! holds any data: whatever does is a child, too.

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

/// How often a child is looked after.
const PAUSE: Duration = Duration::from_millis(20);

/// What a program printed, and the most memory that it had, in bytes.
pub(crate) struct Ended {
    pub(crate) printed: String,
    pub(crate) peak: u64,
}

/// Runs a program to its end; what it prints goes through files in `scratch`.
///
/// # Errors
/// If it does not start or fails, with its last line, and if somebody asks to stop: then it is ended.
pub(crate) fn run(command: &mut Command, scratch: &Path, stop: &Stop) -> Result<Ended> {
    let (output, errors) = (scratch.join("output"), scratch.join("errors"));
    let program = Path::new(command.get_program()).display().to_string();
    let mut child = command
        .stdout(File::create(&output)?)
        .stderr(File::create(&errors)?)
        .spawn()
        .with_context(|| format!("{program} does not start"))?;
    let ended = loop {
        if let Some(ended) = child.try_wait4()? {
            break ended;
        }
        if let Err(asked) = stop.check() {
            // It may just have ended by itself, of the same signal.
            let _ = child.kill();
            let _ = child.wait();
            return Err(asked);
        }
        thread::sleep(PAUSE);
    };
    stop.check()?;
    if !ended.status.success() {
        let told = fs::read_to_string(&errors).unwrap_or_default();
        match told.lines().rfind(|line| !line.trim().is_empty()) {
            Some(last) => bail!("{}", last.strip_prefix("error: ").unwrap_or(last)),
            None => bail!("{program} said nothing and ended with {}", ended.status),
        }
    }
    Ok(Ended { printed: fs::read_to_string(&output)?, peak: ended.rusage.maxrss })
}
