//! Signals: the first one asks for an orderly end, a second one ends at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Knows whether somebody asked to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let (signal, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for number in [SIGINT, SIGTERM] {
            // Order matters: on the first signal `again` is still false.
            signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&again))
                .and_then(|_| signal_hook::flag::register(number, Arc::clone(&again)))
                .and_then(|_| signal_hook::flag::register_usize(number, Arc::clone(&signal), number as usize))
                .context("cannot listen for signals")?;
        }
        Ok(Stop { signal })
    }

    /// The signal that came, if one did.
    pub(crate) fn asked(&self) -> Option<u8> {
        u8::try_from(self.signal.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }
}
