//! The threads of the crew: one fewer than there are cores. They are started on first use, shared by the process, and
//! never end.
//!
//! The caller works too, so a job never depends on a thread waking up. Once the list of jobs has reached its largest
//! length, nothing is allocated.
#![expect(unsafe_code, reason = "long-lived threads receive work that borrows from the caller")]

use std::{
    any::Any,
    mem::{forget, take, transmute},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{OnceLock, PoisonError, atomic::Ordering},
    thread,
    time::Duration,
};

use crate::{
    cores::{Busy, cores},
    sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Spin},
};

/// The work panicked on a helper thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

type Work<'a> = &'a (dyn Fn() + Sync);

/// Calls `work` on this thread and on up to `helpers` other threads at the same time. Returns when all calls have
/// returned.
///
/// The number of helpers that join depends on timing, so `work` must distribute its parts itself, for example with an
/// atomic counter.
///
/// Afterwards helpers spin for the duration `spin_time` before they sleep. It should be at least the cost of waking
/// them, about 50 microseconds, and longer if more work is certain to follow.
///
/// # Errors
/// [`Panicked`] if the work panics on a helper.
///
/// # Panics
/// If the work panics on this thread. The panic continues after all calls have returned.
pub fn together(helpers: usize, spin_time: Duration, work: Work<'_>) -> Result<(), Panicked> {
    if helpers == 0 {
        work();
        return Ok(());
    }
    Crew::with(helpers).together(helpers, spin_time, work)
}

/// The threads and their jobs.
#[derive(Debug, Default)]
struct Crew {
    state: Mutex<State>,
    /// The number of calls that helpers may still start, over all jobs.
    open: AtomicUsize,
    /// Notified when a job is posted.
    posted: Condvar,
    /// Notified when a call returns.
    finished: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: Vec<Job>,
    /// The number of jobs posted so far.
    posted: u64,
    /// The number of threads.
    workers: usize,
    /// The number of sleeping threads.
    asleep: usize,
    /// Whether the threads end when they find no job. Only crews of tests end.
    #[cfg(test)]
    is_closed: bool,
}

struct Job {
    number: u64,
    work: Work<'static>,
    spin_time: Duration,
    /// The number of calls that helpers may still start.
    open: usize,
    /// The number of running calls of helpers.
    running: usize,
    outcome: Result<(), Panicked>,
}

impl Crew {
    /// Returns the crew of this process. Starts threads up to `helpers`, but at most one fewer than there are cores.
    fn with(helpers: usize) -> &'static Crew {
        static CREW: OnceLock<Crew> = OnceLock::new();

        let crew = CREW.get_or_init(Crew::default);
        let mut state = crew.state();
        while state.workers < helpers.min(cores() - 1) {
            let name = format!("narrows-{}", state.workers);
            // If the system cannot start more threads, the existing ones do the work.
            if thread::Builder::new().name(name).spawn(|| crew.serve()).is_err() {
                break;
            }
            state.workers += 1;
        }
        drop(state);
        crew
    }

    /// The same as [`together`], with the threads of this crew.
    fn together(&self, helpers: usize, spin_time: Duration, work: Work<'_>) -> Result<(), Panicked> {
        // SAFETY: only the lifetime changes, so the types have the same layout. The reference is used only while `work`
        // is borrowed, which is until this function returns or unwinds:
        // - Helpers get the reference from the job, and only `post` puts it there.
        // - Every path from `post` leads through `finish`: a panic of `work` on this thread is caught, `post` and
        //   `finish` do not panic, and locks ignore poisoning.
        // - `finish` first takes all calls that have not started from the job, under the lock under which helpers start
        //   calls. So no call starts afterwards.
        // - `finish` then waits until no call is running, and removes the job with the reference. A helper counts a
        //   call as finished only after `work` has returned or unwound, and keeps no part of it: the payload of a panic
        //   is `'static`, and dropped before. The lock orders what the calls did before the return.
        // The helpers use `work` from other threads, which `Sync` allows.
        let work_static = unsafe { transmute::<Work<'_>, Work<'static>>(work) };
        let job = self.post(work_static, helpers, spin_time);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let helped = self.finish(job, spin_time);
        match outcome {
            Ok(()) => helped,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Adds a job and wakes sleeping threads. Returns the number of the job.
    fn post(&self, work: Work<'static>, helpers: usize, spin_time: Duration) -> u64 {
        let mut state = self.state();
        state.posted += 1;
        let number = state.posted;
        state.jobs.push(Job { number, work, spin_time, open: helpers, running: 0, outcome: Ok(()) });
        self.open.fetch_add(helpers, Ordering::Release);
        for _ in 0..helpers.min(state.asleep) {
            self.posted.notify_one();
        }
        number
    }

    /// Withdraws the calls of a job that have not started, and waits for the running ones.
    fn finish(&self, number: u64, spin_time: Duration) -> Result<(), Panicked> {
        let mut state = self.state();
        let withdrawn = state.job(number).map_or(0, |job| take(&mut job.open));
        self.open.fetch_sub(withdrawn, Ordering::Release);
        let mut spin = Spin::start(spin_time);
        while state.job(number).is_some_and(|job| job.running > 0) {
            if spin.continues() {
                drop(state);
                spin.rest();
                state = self.state();
            } else {
                state = self.finished.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let index = state.jobs.iter().position(|job| job.number == number);
        index.map_or(Ok(()), |index| state.jobs.swap_remove(index).outcome)
    }

    /// The loop of each thread: takes jobs and runs them.
    fn serve(&self) {
        let mut state = self.state();
        let mut spin_time = Duration::ZERO;
        loop {
            let Some(job) = state.jobs.iter_mut().find(|job| job.open > 0) else {
                #[cfg(test)]
                if state.is_closed {
                    return;
                }
                state = self.wait(state, spin_time);
                continue;
            };
            job.open -= 1;
            job.running += 1;
            let (number, work) = (job.number, job.work);
            spin_time = job.spin_time;
            self.open.fetch_sub(1, Ordering::Release);
            drop(state);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let _busy = Busy::helper();
                work();
            }));
            let outcome = outcome.map_err(|payload| {
                discard(payload);
                Panicked
            });
            state = self.state();
            // The job is not removed while `running` is above 0.
            if let Some(job) = state.job(number) {
                job.running -= 1;
                job.outcome = job.outcome.and(outcome);
            }
            self.finished.notify_all();
        }
    }

    /// Waits for work: spins for the duration `spin_time`, then sleeps. May return without work.
    fn wait<'a>(&'a self, state: MutexGuard<'a, State>, spin_time: Duration) -> MutexGuard<'a, State> {
        drop(state);
        let mut spin = Spin::start(spin_time);
        while spin.continues() {
            if spin.finds(|| self.open.load(Ordering::Acquire) > 0) {
                return self.state();
            }
        }
        let mut state = self.state();
        #[cfg(test)]
        if state.is_closed {
            return state;
        }
        if self.open.load(Ordering::Acquire) == 0 {
            state.asleep += 1;
            state = self.posted.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
        state
    }

    /// Lets the threads end.
    #[cfg(test)]
    fn close(&self) {
        self.state().is_closed = true;
        self.posted.notify_all();
    }

    /// Locks the state. Ignores poisoning, because the state is consistent after every statement.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the payload of a panic. That may panic again, but a caller waits for the job. So the second payload is leaked.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        forget(second);
    }
}

impl State {
    fn job(&mut self, number: u64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.number == number)
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Job")
            .field("number", &self.number)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, not(loom)))]
mod tests;
