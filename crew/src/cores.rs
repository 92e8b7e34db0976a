//! Cores and the threads that compute on them, over all of the process: work is not spread over cores that have enough
//! to do.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A caller that came back within this time is taken for one that is about to call again.
const LATELY: Duration = Duration::from_micros(50);

static BUSY: AtomicUsize = AtomicUsize::new(0);
/// The seat of the caller that ended last, and the microsecond in which it did, modulo [`MOMENTS`].
static ENDED: AtomicU64 = AtomicU64::new(0);
const MOMENTS: u64 = 1 << 40;

/// Cores that this process may use. The system is asked once: its answer takes longer than a small batch.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, |cores| cores.get()))
}

/// A number of this thread, from 1.
pub fn seat() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static SEAT: Cell<u64> = const { Cell::new(0) });
    SEAT.with(|seat| {
        if seat.get() == 0 {
            seat.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        seat.get()
    })
}

/// Cores that nobody computes on, the caller itself counted as one who does.
pub fn idle() -> usize {
    cores().saturating_sub(BUSY.load(Ordering::Relaxed))
}

/// The same without one for another caller that has ended just now: for work so short that it would be in the
/// way when that comes back.
pub fn idle_for_a_moment() -> usize {
    let ended = ENDED.load(Ordering::Relaxed);
    let (other, since) = (ended / MOMENTS, moment().wrapping_sub(ended) % MOMENTS);
    let is_coming_back = other != 0 && other != seat() % (u64::MAX / MOMENTS) && since < LATELY.as_micros() as u64;
    idle().saturating_sub(usize::from(is_coming_back))
}

/// Counts a thread as one that computes, for as long as it lives.
#[derive(Debug)]
pub struct Busy(Whose);

#[derive(Debug)]
enum Whose {
    Caller,
    Helper,
}

impl Busy {
    /// A thread that computes for itself.
    pub fn caller() -> Self {
        Self::new(Whose::Caller)
    }

    /// A thread that computes for another.
    pub fn helper() -> Self {
        Self::new(Whose::Helper)
    }

    fn new(whose: Whose) -> Self {
        BUSY.fetch_add(1, Ordering::Relaxed);
        Busy(whose)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.fetch_sub(1, Ordering::Relaxed);
        match self.0 {
            Whose::Caller => {
                let seat = seat() % (u64::MAX / MOMENTS);
                ENDED.store(seat * MOMENTS + moment(), Ordering::Relaxed);
            }
            Whose::Helper => {}
        }
    }
}

/// The microsecond that it is, modulo [`MOMENTS`].
fn moment() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64 % MOMENTS
}
