//! How often a run saves a checkpoint, and how many checkpoints it keeps.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroUsize},
    str::FromStr,
    time::Instant,
};

/// When to save a checkpoint, and how many to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cadence {
    /// When to save.
    pub every: Every,
    /// Number of checkpoints to keep; older ones are deleted.
    pub keep: NonZeroUsize,
}

impl Default for Cadence {
    fn default() -> Self {
        // Two: the newest, and the previous one in case the newest is damaged.
        Cadence { every: Every::Epoch, keep: NonZeroUsize::MIN.saturating_add(1) }
    }
}

/// Time and step of the last saved checkpoint.
#[derive(Debug)]
pub(crate) struct Saved {
    at: Instant,
    step: u64,
}

impl Saved {
    /// A checkpoint that is saved now, after this step; step 0 for none.
    pub(crate) fn at(step: u64) -> Self {
        Saved { at: Instant::now(), step }
    }
}

impl Cadence {
    /// Whether to save after this step.
    pub(crate) fn is_due_after_step(self, step: u64, saved: &Saved) -> bool {
        match self.every {
            Every::Epoch => false,
            Every::Steps(steps) => step.is_multiple_of(steps.get()),
            Every::Seconds(seconds) => saved.at.elapsed().as_secs_f64() >= seconds,
        }
    }

    /// Whether to save after the current epoch. The first epoch is always saved, so that the run can be resumed. After
    /// that at most one checkpoint per second is written: short epochs must not wait for the disk.
    pub(crate) fn is_due_after_epoch(self, saved: &Saved) -> bool {
        let is_late = saved.step == 0 || saved.at.elapsed().as_secs_f64() >= 1.0;
        matches!(self.every, Every::Epoch) && is_late
    }
}

/// When a checkpoint is saved, in addition to those at the end of the run and at an interruption.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Every {
    /// After an epoch, at most once per second.
    Epoch,
    /// After every N steps.
    Steps(NonZeroU64),
    /// After the first step that ends at least this many seconds after the last checkpoint.
    Seconds(f64),
}

impl fmt::Display for Every {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Every::Epoch => formatter.write_str("epoch"),
            Every::Steps(steps) => write!(formatter, "{steps}"),
            Every::Seconds(seconds) => write!(formatter, "{seconds}s"),
        }
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || format!("`{text}` is not an interval: write epoch, a number of steps (500) or seconds (30s)");
        if text == "epoch" {
            return Ok(Every::Epoch);
        }
        match text.strip_suffix('s') {
            Some(seconds) => match seconds.parse() {
                Ok(seconds) if f64::is_finite(seconds) && seconds > 0.0 => Ok(Every::Seconds(seconds)),
                _ => Err(invalid()),
            },
            None => text.parse().map(Every::Steps).map_err(|_| invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_parses_back_to_itself_and_invalid_text_is_rejected() {
        for text in ["epoch", "500", "30s", "0.5s"] {
            assert_eq!(text.parse::<Every>().map(|every| every.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "0", "-1", "s", "0s", "-1s", "nans", "infs", "epochs", "5m"] {
            assert!(text.parse::<Every>().is_err(), "{text}");
        }
    }
}
