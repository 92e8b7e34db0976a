//! Slots: sessions, each with tensors for the sizes of batches that it has seen, lent to one run at a time.

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use narrows_crew::seat;

use crate::{
    Error,
    engine::{Frame, Graph, Session},
};

/// Bytes of tensors that a slot keeps at most, beside those of its last run.
const KEPT: usize = 16 << 20;

/// Time between two handovers of a slot to one who waits, at least.
const FAIR: Duration = Duration::from_millis(1);

/// The slots of one graph. No lock is held while one computes.
#[derive(Debug)]
pub(crate) struct Pool {
    most: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Slot>,
    made: usize,
    /// Threads that wait for a slot.
    waiting: usize,
    /// Idle slots that are meant for those who wait, and for nobody who comes now.
    promised: usize,
    /// When a slot was last promised.
    handed_over: Instant,
}

/// A session and its tensors.
#[derive(Debug)]
pub(crate) struct Slot {
    session: Session,
    /// The longest unused first.
    frames: VecDeque<Frame>,
    /// The thread that used it last, in whose cache the weights may still be.
    seat: u64,
}

/// A slot on loan.
#[derive(Debug)]
pub(crate) struct Loan<'a> {
    pool: &'a Pool,
    slot: Option<Slot>,
}

impl Pool {
    /// A pool of `most` slots, of which one is there.
    pub(crate) fn new(first: Session, most: usize) -> Self {
        let most = most.max(1);
        let idle = vec![Slot { session: first, frames: VecDeque::new(), seat: seat() }];
        let state = State { idle, made: 1, waiting: 0, promised: 0, handed_over: Instant::now() };
        Pool { most, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Slots that there can be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// An idle slot, the one that this thread used last if that is among them; otherwise a new one, as long
    /// as there are fewer than there can be; otherwise the next that comes back.
    pub(crate) fn lend(&self, graph: &Graph) -> Result<Loan<'_>, Error> {
        let seat = seat();
        let mut state = lock(&self.state);
        let mut has_waited = false;
        loop {
            if has_waited || state.idle.len() > state.promised {
                let known = state.idle.iter().rposition(|slot| slot.seat == seat);
                let slot = known.map(|at| state.idle.swap_remove(at)).or_else(|| state.idle.pop());
                if let Some(slot) = slot {
                    state.promised -= usize::from(has_waited && state.promised > 0);
                    return Ok(Loan { pool: self, slot: Some(Slot { seat, ..slot }) });
                }
            }
            if state.made < self.most {
                state.made += 1;
                drop(state);
                // Gives the place back if the session cannot be made.
                let mut loan = Loan { pool: self, slot: None };
                loan.slot = Some(Slot { session: graph.session()?, frames: VecDeque::new(), seat });
                return Ok(loan);
            }
            state.waiting += 1;
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            has_waited = true;
        }
    }
}

impl Slot {
    /// Tensors for `rows` rows: those of an earlier run of as many, or new ones.
    pub(crate) fn frame(&mut self, graph: &Graph, rows: usize) -> Result<Frame, Error> {
        let known = self.frames.iter().rposition(|frame| frame.rows() == rows).and_then(|at| self.frames.remove(at));
        known.map_or_else(|| graph.frame(rows), Ok)
    }

    /// Runs the graph on what a frame holds, and leaves the outputs in it.
    pub(crate) fn run(&mut self, frame: &mut Frame, graph: &Graph) -> Result<(), Error> {
        self.session.run(frame, graph)
    }

    /// Keeps tensors for another run. Where they become too many, those longest unused go.
    pub(crate) fn keep(&mut self, frame: Frame) {
        let mut bytes: usize = self.frames.iter().map(Frame::bytes).sum();
        while bytes > KEPT {
            bytes -= self.frames.pop_front().map_or(bytes, |frame| frame.bytes());
        }
        self.frames.push_back(frame);
    }
}

impl Deref for Loan<'_> {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        self.slot.as_ref().expect("set when it was lent")
    }
}

impl DerefMut for Loan<'_> {
    fn deref_mut(&mut self) -> &mut Slot {
        self.slot.as_mut().expect("set when it was lent")
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.pool.state);
        match self.slot.take() {
            Some(slot) => state.idle.push(slot),
            None => state.made -= 1,
        }
        // Whoever runs already may take a slot again at once, since waking another costs more than a small run.
        // But now and then one is kept for those who wait, or they might wait for long.
        if state.waiting > state.promised && state.handed_over.elapsed() > FAIR {
            state.promised += 1;
            state.handed_over = Instant::now();
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}

/// What these locks guard is whole between any two statements, so a panic elsewhere cannot have spoilt it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
