//! How often a run is saved, and how many states are kept.

use std::{
    fmt,
    num::{NonZeroU64, NonZeroUsize},
    str::FromStr,
};

/// When to save, and what to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cadence {
    /// When.
    pub every: Every,
    /// The newest so many checkpoints stay.
    pub keep: NonZeroUsize,
}

impl Default for Cadence {
    fn default() -> Self {
        // Two: the newest, and the one before should the newest be lost.
        Cadence { every: Every::Epoch, keep: NonZeroUsize::MIN.saturating_add(1) }
    }
}

/// When a state is saved, beside the end of the run and an interruption.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Every {
    /// After an epoch, at most once a second.
    Epoch,
    /// After so many steps.
    Steps(NonZeroU64),
    /// After the first step that ends so many seconds after the last time.
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
        let wrong =
            || format!("`{text}` says not when to save: write epoch, a number of steps like 500, or seconds like 30s");
        if text == "epoch" {
            return Ok(Every::Epoch);
        }
        match text.strip_suffix('s') {
            Some(seconds) => match seconds.parse() {
                Ok(seconds) if f64::is_finite(seconds) && seconds > 0.0 => Ok(Every::Seconds(seconds)),
                _ => Err(wrong()),
            },
            None => text.parse().map(Every::Steps).map_err(|_| wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cadence_is_read_as_it_is_written_and_nonsense_is_refused() {
        for text in ["epoch", "500", "30s", "0.5s"] {
            assert_eq!(text.parse::<Every>().map(|every| every.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "0", "-1", "s", "0s", "-1s", "nans", "infs", "epochs", "5m"] {
            assert!(text.parse::<Every>().is_err(), "{text}");
        }
    }
}
