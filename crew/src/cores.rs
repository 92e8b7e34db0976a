//! Counts the computing threads of the process, so that work is not distributed to cores that are already busy.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A caller that finished less than this time ago is expected to call again soon.
const RECENT: Duration = Duration::from_micros(50);

/// The number of computing threads.
static BUSY: AtomicUsize = AtomicUsize::new(0);
/// The caller that finished last, and when: its [`thread_number`] times [`TIME_RANGE`], plus the time in microseconds
/// modulo
/// [`TIME_RANGE`].
static LAST_FINISHED: AtomicU64 = AtomicU64::new(0);
const TIME_RANGE: u64 = 1 << 40;

/// Returns the number of cores that this process may use. Asks the system only once, because the query takes longer
/// than a small batch.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, |cores| cores.get()))
}

/// Returns the number of this thread, unique in the process, from 1.
pub fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static NUMBER: Cell<u64> = const { Cell::new(0) });
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// Returns the number of idle cores. A caller must count as busy, see [`Busy`].
pub fn idle() -> usize {
    cores().saturating_sub(BUSY.load(Ordering::Relaxed))
}

/// Returns the number of idle cores, less one if another caller has just finished.
///
/// That caller probably calls again soon, and very short tasks on its core would delay it.
pub fn idle_for_short_tasks() -> usize {
    let last = LAST_FINISHED.load(Ordering::Relaxed);
    let (caller, elapsed) = (last / TIME_RANGE, now().wrapping_sub(last) % TIME_RANGE);
    let is_expected_back =
        caller != 0 && caller != thread_number() % (u64::MAX / TIME_RANGE) && elapsed < RECENT.as_micros() as u64;
    idle().saturating_sub(usize::from(is_expected_back))
}

/// Counts a thread as busy until it is dropped.
#[derive(Debug)]
pub struct Busy(Role);

#[derive(Debug)]
enum Role {
    Caller,
    Helper,
}

impl Busy {
    /// Counts a thread that computes its own work.
    pub fn caller() -> Self {
        Self::new(Role::Caller)
    }

    /// Counts a thread of the crew that computes the work of a caller.
    pub fn helper() -> Self {
        Self::new(Role::Helper)
    }

    fn new(role: Role) -> Self {
        BUSY.fetch_add(1, Ordering::Relaxed);
        Busy(role)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.fetch_sub(1, Ordering::Relaxed);
        match self.0 {
            Role::Caller => {
                let thread_number = thread_number() % (u64::MAX / TIME_RANGE);
                LAST_FINISHED.store(thread_number * TIME_RANGE + now(), Ordering::Relaxed);
            }
            Role::Helper => {}
        }
    }
}

/// Returns the time in microseconds since the first call, modulo [`TIME_RANGE`].
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64 % TIME_RANGE
}
