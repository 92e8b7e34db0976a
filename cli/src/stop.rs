//! Signals: the first one asks for an orderly end, a second one ends at once.

#[cfg(not(unix))]
use std::time::Duration;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    thread,
};

use anyhow::Context;
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::report::{complain, note};

/// Knows whether somebody asked to stop, and what must not be left behind.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    signal: Arc<AtomicI32>,
    /// Whether somebody looks for signals now: between two steps, or before something is published.
    is_watched: Arc<AtomicBool>,
    litter: Arc<Mutex<Option<PathBuf>>>,
}

impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let stop = Stop { signal: Arc::default(), is_watched: Arc::default(), litter: Arc::default() };
        stop.watch().context("cannot listen for signals")?;
        Ok(stop)
    }

    #[cfg(unix)]
    fn watch(&self) -> io::Result<()> {
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let listener = self.clone();
        thread::spawn(move || signals.forever().for_each(|signal| listener.receive(signal)));
        Ok(())
    }

    /// Without a way to wait for a signal, a thread looks for one.
    #[cfg(not(unix))]
    fn watch(&self) -> io::Result<()> {
        let flags = [SIGINT, SIGTERM].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
        for (signal, flag) in &flags {
            signal_hook::flag::register(*signal, Arc::clone(flag))?;
        }
        let listener = self.clone();
        thread::spawn(move || {
            loop {
                for (signal, flag) in &flags {
                    if flag.swap(false, Ordering::Relaxed) {
                        listener.receive(*signal);
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        Ok(())
    }

    /// From now on the first signal ends the program in an orderly way; before, there is nothing to put in
    /// order, and it ends at once.
    pub(crate) fn watch_for(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }

    /// A folder or file to remove if the program has to end at once.
    pub(crate) fn remove_on_exit(&self, path: &Path) {
        *self.litter.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
    }

    /// Nothing is to be removed any more: what was staged is about to take its place.
    #[cfg(feature = "train")]
    pub(crate) fn keep(&self) {
        *self.litter.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The signal that came, if one did.
    pub(crate) fn asked(&self) -> Option<u8> {
        u8::try_from(self.signal.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }

    fn receive(&self, signal: i32) {
        if self.signal.swap(signal, Ordering::Relaxed) == 0 {
            if self.is_watched.load(Ordering::Relaxed) {
                note("stopping after this step; the same again stops at once");
                return;
            }
            complain("interrupted before the first step");
        }
        if let Some(path) = self.litter.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        process::exit(128 + signal);
    }
}
