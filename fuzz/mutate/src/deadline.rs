//! The time limit of a case: one second of the processor, so that a busy machine makes no difference.

use std::{
    fs,
    time::{Duration, Instant},
};

/// Processor time that a case may take.
const PROCESSOR_LIMIT: Duration = Duration::from_secs(1);
/// Time that a case may take if it waits for something.
const WAITING_LIMIT: Duration = Duration::from_secs(60);
/// A tick of the times in /proc.
const TICK: Duration = Duration::from_millis(10);

/// The time since the last finished case.
pub(crate) struct Deadline {
    process: u32,
    done: u64,
    since: Instant,
    processor: Duration,
}

impl Deadline {
    pub(crate) fn of(process: u32) -> Self {
        Deadline { process, done: 0, since: Instant::now(), processor: processor_time(process) }
    }

    /// Returns whether the current case takes too long, when `done` cases are finished.
    pub(crate) fn is_over(&mut self, done: u64) -> bool {
        if done != self.done {
            let (since, processor) = (Instant::now(), processor_time(self.process));
            *self = Deadline { done, since, processor, process: self.process };
            return false;
        }
        // The case may have begun just after the last call, so the time is measured from one call to another.
        let processor = processor_time(self.process).saturating_sub(self.processor);
        processor > PROCESSOR_LIMIT || self.since.elapsed() > WAITING_LIMIT
    }
}

/// Returns the processor time of a process; zero if it has ended.
fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may contain spaces. After it, the 12th and 13th fields are the times.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    TICK * ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_time_of_this_process_grows() {
        let before = processor_time(std::process::id());
        let start = Instant::now();
        while processor_time(std::process::id()) <= before {
            assert!(start.elapsed() < Duration::from_secs(30));
        }
    }
}
