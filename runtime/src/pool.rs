//! The session pool. Each slot is a session with cached tensors for recent batch sizes; one run at a time uses a slot.

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use narrows_crew::thread_number;

use crate::{
    Error,
    engine::{Frame, Graph, OutputSet, Session},
};

/// Maximum size of the cached tensors of a slot in bytes, without those of its last run.
const CACHE_LIMIT: usize = 16 << 20;

/// Minimum time between two reservations of a slot for a waiting thread.
const RESERVATION_INTERVAL: Duration = Duration::from_millis(1);

/// The slots of one graph. The lock is not held during a run.
#[derive(Debug)]
pub(crate) struct Pool {
    max_slots: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Slot>,
    /// Number of slots that exist, idle or in use.
    slot_count: usize,
    /// Number of threads that wait for a slot.
    waiting: usize,
    /// Number of idle slots that are reserved for waiting threads; new callers cannot take them.
    reserved: usize,
    /// Time of the last reservation.
    last_reservation: Instant,
}

/// A session and its cached tensors.
#[derive(Debug)]
pub(crate) struct Slot {
    session: Session,
    /// Ordered by last use, the least recently used first.
    frames: VecDeque<Frame>,
    /// The thread that used the slot last; its core's cache may still contain the weights.
    thread_number: u64,
}

/// A slot in use; dropping it returns the slot to the pool.
#[derive(Debug)]
pub(crate) struct SlotGuard<'a> {
    pool: &'a Pool,
    slot: Option<Slot>,
}

impl Pool {
    /// Creates a pool of at most `max_slots` slots, with one existing session.
    pub(crate) fn new(first: Session, max_slots: usize) -> Self {
        let max_slots = max_slots.max(1);
        let idle = vec![Slot { session: first, frames: VecDeque::new(), thread_number: thread_number() }];
        let state = State { idle, slot_count: 1, waiting: 0, reserved: 0, last_reservation: Instant::now() };
        Pool { max_slots, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Returns the maximum number of slots.
    pub(crate) fn max_slots(&self) -> usize {
        self.max_slots
    }

    /// Drops all cached tensors.
    pub(crate) fn clear(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.idle.iter_mut().for_each(|slot| slot.frames.clear());
    }

    /// Acquires a slot: an idle one, preferably the one that this thread used last; otherwise a new one, if the
    /// maximum is not reached; otherwise the next one that is returned.
    pub(crate) fn acquire(&self, graph: &Graph) -> Result<SlotGuard<'_>, Error> {
        let thread_number = thread_number();
        let mut state = lock(&self.state);
        let mut has_waited = false;
        loop {
            if has_waited || state.idle.len() > state.reserved {
                let last_used = state.idle.iter().rposition(|slot| slot.thread_number == thread_number);
                let slot = last_used.map(|index| state.idle.swap_remove(index)).or_else(|| state.idle.pop());
                if let Some(slot) = slot {
                    state.reserved -= usize::from(has_waited && state.reserved > 0);
                    return Ok(SlotGuard { pool: self, slot: Some(Slot { thread_number, ..slot }) });
                }
            }
            if state.slot_count < self.max_slots {
                state.slot_count += 1;
                drop(state);
                // If the session cannot be created, dropping the guard decrements the slot count.
                let mut guard = SlotGuard { pool: self, slot: None };
                guard.slot = Some(Slot { session: graph.further_session()?, frames: VecDeque::new(), thread_number });
                return Ok(guard);
            }
            state.waiting += 1;
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            has_waited = true;
        }
    }
}

impl Slot {
    /// Returns tensors for `rows` rows and the wanted outputs, from the cache or newly allocated.
    pub(crate) fn frame(&mut self, graph: &Graph, rows: usize, wanted: OutputSet) -> Result<Frame, Error> {
        let cached = self.frames.iter().rposition(|frame| frame.fits(rows, wanted));
        let cached = cached.and_then(|index| self.frames.remove(index));
        cached.map_or_else(|| graph.frame(rows, wanted), Ok)
    }

    /// Runs the graph on the inputs of a frame, and stores the outputs in it.
    pub(crate) fn run(&mut self, frame: &mut Frame, graph: &Graph) -> Result<(), Error> {
        self.session.run(frame, graph)
    }

    /// Caches tensors for later runs. Above the limit, the least recently used ones are dropped.
    pub(crate) fn keep(&mut self, frame: Frame) {
        let mut bytes: usize = self.frames.iter().map(Frame::bytes).sum();
        while bytes > CACHE_LIMIT {
            bytes -= self.frames.pop_front().map_or(bytes, |frame| frame.bytes());
        }
        self.frames.push_back(frame);
    }
}

impl Deref for SlotGuard<'_> {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        self.slot.as_ref().expect("set when the slot was acquired")
    }
}

impl DerefMut for SlotGuard<'_> {
    fn deref_mut(&mut self) -> &mut Slot {
        self.slot.as_mut().expect("set when the slot was acquired")
    }
}

impl Drop for SlotGuard<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.pool.state);
        match self.slot.take() {
            Some(slot) => state.idle.push(slot),
            None => state.slot_count -= 1,
        }
        // The running thread may acquire a slot again immediately, because waking another thread costs more than a
        // small run. From time to time a slot is reserved for the waiting threads, so that they do not starve.
        if state.waiting > state.reserved && state.last_reservation.elapsed() > RESERVATION_INTERVAL {
            state.reserved += 1;
            state.last_reservation = Instant::now();
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}

/// Locks a mutex and ignores poisoning: the guarded state is consistent after every statement, so a panic of another
/// thread cannot have corrupted it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
