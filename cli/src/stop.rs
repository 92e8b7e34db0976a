//! Signal handling: the first signal requests an orderly stop, the second one ends the program at once.

#[cfg(not(unix))]
use std::time::Duration;
use std::{
    fs, io,
    path::{Path, PathBuf},
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

use crate::report::{note, print_error};

/// Records a received signal, and the partial output to remove before the program exits.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    signal: Arc<AtomicI32>,
    /// Whether a signal was received. It is recorded after the message about it, so that no message follows the error
    /// of the stopped verb.
    has_received: Arc<AtomicBool>,
    /// Whether the first signal is deferred: the running verb checks for it between two steps and before it publishes.
    is_deferring: Arc<AtomicBool>,
    /// Whether the first signal is the usual end, which needs no message.
    is_serving: Arc<AtomicBool>,
    partial_output: Arc<Mutex<Option<PathBuf>>>,
}

/// A write beyond the limit on the size of files (`ulimit -f`) fails with an error, as on a full disk, instead of
/// ending the program by a signal.
pub(crate) fn report_files_that_are_too_large() {
    #[cfg(unix)]
    drop(signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default()));
}

/// Whether the process was started with a signal ignored, as `nohup` ignores the end of the terminal. Only Linux says
/// so in a file; elsewhere no signal counts as ignored.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

impl Stop {
    /// Starts to listen for signals.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let stop = Stop {
            signal: Arc::default(),
            has_received: Arc::default(),
            is_deferring: Arc::default(),
            is_serving: Arc::default(),
            partial_output: Arc::default(),
        };
        stop.start_listener().context("cannot listen for signals")?;
        Ok(stop)
    }

    #[cfg(unix)]
    fn start_listener(&self) -> io::Result<()> {
        let hang_up = (!is_ignored(SIGHUP)).then_some(SIGHUP);
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM].into_iter().chain(hang_up))?;
        let listener = self.clone();
        let listen = move || signals.forever().for_each(|signal| listener.receive(signal));
        thread::Builder::new().spawn(listen).map(drop)
    }

    /// This system has no call that waits for a signal, so a thread polls for one.
    #[cfg(not(unix))]
    fn start_listener(&self) -> io::Result<()> {
        let flags = [SIGINT, SIGTERM].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
        for (signal, flag) in &flags {
            signal_hook::flag::register(*signal, Arc::clone(flag))?;
        }
        let listener = self.clone();
        let listen = move || {
            loop {
                for (signal, flag) in &flags {
                    if flag.swap(false, Ordering::Relaxed) {
                        listener.receive(*signal);
                    }
                }
                thread::sleep(Duration::from_millis(20));
            }
        };
        thread::Builder::new().spawn(listen).map(drop)
    }

    /// From now on, the first signal is only recorded, and the verb stops the program in an orderly way. Before this
    /// call, there is nothing to clean up, and a signal ends the program at once.
    pub(crate) fn defer_first_signal(&self) {
        self.is_deferring.store(true, Ordering::Relaxed);
    }

    /// From now on, the first signal is recorded without a message, because it is how a server ends.
    pub(crate) fn serve_until_signal(&self) {
        self.is_serving.store(true, Ordering::Relaxed);
        self.defer_first_signal();
    }

    /// Sets a folder or file to remove if a signal ends the program at once.
    pub(crate) fn remove_on_exit(&self, path: &Path) {
        *self.partial_output.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
    }

    /// From now on nothing is removed, because the staged output is about to be moved to its final path.
    #[cfg(feature = "train")]
    pub(crate) fn keep_output(&self) {
        *self.partial_output.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Returns the number of the received signal, if there is one.
    pub(crate) fn signal(&self) -> Option<u8> {
        u8::try_from(self.signal.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }

    fn receive(&self, signal: i32) {
        if !self.has_received.swap(true, Ordering::Relaxed) {
            if self.is_deferring.load(Ordering::Relaxed) {
                if !self.is_serving.load(Ordering::Relaxed) {
                    note("stopping after this step; send the signal again to stop at once");
                }
                self.signal.store(signal, Ordering::Relaxed);
                return;
            }
            print_error("interrupted before the first step");
        }
        if let Some(path) = self.partial_output.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        // Without the cleanup of libraries: the main thread may be inside them, and their data must not go away under
        // it.
        signal_hook::low_level::exit(128 + signal);
    }
}
