//! The threads: one fewer than there are cores, started when the first work for them comes, shared by the whole
//! process and kept for its life.
//!
//! A caller works along, so nothing waits for a thread to wake up. Once the list of jobs has grown to the
//! length that it is needed in, nothing is allocated.
#![expect(unsafe_code, reason = "threads that live on are handed work that borrows from a caller")]

use std::{
    hint::spin_loop,
    mem::{forget, take, transmute},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::cores::{Busy, cores};

/// A helper's work ended in a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

type Work<'a> = &'a (dyn Fn() + Sync);

/// Calls `work` on this thread and on up to `helpers` others at the same time, and returns when all of
/// these calls have. How many helpers come is left to chance: the work must divide itself.
///
/// Afterwards helpers look for more work for as long as `patience` before they sleep: at least what waking them
/// costs, some 50 microseconds, and longer where the next work is sure to come.
///
/// # Errors
/// If the work panics on a helper. Where it panics on this thread, the panic goes on when all have returned.
pub fn together(helpers: usize, patience: Duration, work: Work<'_>) -> Result<(), Panicked> {
    if helpers == 0 {
        work();
        return Ok(());
    }
    let crew = Crew::with(helpers);
    // SAFETY: the crew forgets the reference before this function returns or unwinds: `finish` is reached
    // in any case, it withdraws what no helper has begun, and waits for what one has.
    let lasting = unsafe { transmute::<Work<'_>, Work<'static>>(work) };
    let job = crew.post(lasting, helpers, patience);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let helped = crew.finish(job, patience);
    match outcome {
        Ok(()) => helped,
        Err(panic) => resume_unwind(panic),
    }
}

/// The threads, and what there is to do for them.
#[derive(Debug, Default)]
struct Crew {
    state: Mutex<State>,
    /// Calls that helpers may still begin, over all jobs.
    open: AtomicUsize,
    posted: Condvar,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: Vec<Job>,
    posted: u64,
    workers: usize,
    asleep: usize,
}

struct Job {
    number: u64,
    work: Work<'static>,
    patience: Duration,
    /// Calls that helpers may still begin.
    open: usize,
    running: usize,
    outcome: Result<(), Panicked>,
}

impl Crew {
    /// The crew of this process, with `helpers` threads if there are as many cores beside the caller's.
    fn with(helpers: usize) -> &'static Crew {
        static CREW: OnceLock<Crew> = OnceLock::new();

        let crew = CREW.get_or_init(Crew::default);
        let mut state = crew.state();
        while state.workers < helpers.min(cores() - 1) {
            let name = format!("narrows-{}", state.workers);
            // Where the system gives no more threads, those that there are do the work.
            if thread::Builder::new().name(name).spawn(|| crew.serve()).is_err() {
                break;
            }
            state.workers += 1;
        }
        drop(state);
        crew
    }

    fn post(&self, work: Work<'static>, helpers: usize, patience: Duration) -> u64 {
        let mut state = self.state();
        state.posted += 1;
        let number = state.posted;
        state.jobs.push(Job { number, work, patience, open: helpers, running: 0, outcome: Ok(()) });
        self.open.fetch_add(helpers, Ordering::Release);
        for _ in 0..helpers.min(state.asleep) {
            self.posted.notify_one();
        }
        number
    }

    /// Withdraws what is still open of a job, and waits for what is running.
    fn finish(&self, number: u64, patience: Duration) -> Result<(), Panicked> {
        let mut state = self.state();
        let withdrawn = state.job(number).map_or(0, |job| take(&mut job.open));
        self.open.fetch_sub(withdrawn, Ordering::Release);
        let patience_ends = Instant::now() + patience;
        while state.job(number).is_some_and(|job| job.running > 0) {
            if Instant::now() < patience_ends {
                drop(state);
                (0..64).for_each(|_| spin_loop());
                state = self.state();
            } else {
                state = self.finished.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let at = state.jobs.iter().position(|job| job.number == number);
        at.map_or(Ok(()), |at| state.jobs.swap_remove(at).outcome)
    }

    /// What each thread does.
    fn serve(&self) {
        let mut state = self.state();
        let mut patience = Duration::ZERO;
        loop {
            let Some(job) = state.jobs.iter_mut().find(|job| job.open > 0) else {
                state = self.wait(state, patience);
                continue;
            };
            job.open -= 1;
            job.running += 1;
            let (number, work) = (job.number, job.work);
            patience = job.patience;
            self.open.fetch_sub(1, Ordering::Release);
            drop(state);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let _busy = Busy::helper();
                work();
            }));
            // What a panic leaves might panic again when it is dropped, and somebody waits for this job.
            let outcome = outcome.map_err(|payload| {
                forget(payload);
                Panicked
            });
            state = self.state();
            // The job is there for as long as it counts something as running.
            if let Some(job) = state.job(number) {
                job.running -= 1;
                job.outcome = job.outcome.and(outcome);
            }
            self.finished.notify_all();
        }
    }

    /// Returns when there may be something to do.
    fn wait<'a>(&'a self, state: MutexGuard<'a, State>, patience: Duration) -> MutexGuard<'a, State> {
        drop(state);
        let patience_ends = Instant::now() + patience;
        while Instant::now() < patience_ends {
            for _ in 0..64 {
                if self.open.load(Ordering::Acquire) > 0 {
                    return self.state();
                }
                spin_loop();
            }
        }
        let mut state = self.state();
        if self.open.load(Ordering::Acquire) == 0 {
            state.asleep += 1;
            state = self.posted.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep -= 1;
        }
        state
    }

    /// What it guards is whole between any two statements, so a panic elsewhere cannot have spoilt it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_micros(50);

    #[test]
    fn many_callers_share_the_crew_and_each_gets_all_of_its_work_done_before_it_goes_on() {
        thread::scope(|scope| {
            for caller in 0..16 {
                scope.spawn(move || {
                    for round in 0..500 {
                        let (parts, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
                        let helpers = (caller + round) % 4;
                        let done = together(helpers, PATIENCE, &|| {
                            while let part @ 0..100 = parts.fetch_add(1, Ordering::Relaxed) {
                                sum.fetch_add(part, Ordering::Relaxed);
                            }
                        });
                        assert_eq!((done, sum.into_inner()), (Ok(()), 4950));
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_leaves_the_crew_working() {
        let caller = thread::current().id();
        for _ in 0..100 {
            let own =
                catch_unwind(|| together(3, PATIENCE, &|| assert_ne!(thread::current().id(), caller, "on purpose")));
            assert!(own.is_err());
            let begun = AtomicUsize::new(0);
            let helped = together(1, PATIENCE, &|| {
                begun.fetch_add(1, Ordering::SeqCst);
                if thread::current().id() == caller {
                    // Long enough for a helper to begin, where there is one.
                    let end = Instant::now() + Duration::from_millis(20);
                    while begun.load(Ordering::SeqCst) < 2 && Instant::now() < end {
                        thread::yield_now();
                    }
                } else {
                    panic!("on purpose");
                }
            });
            assert_eq!(helped.is_err(), begun.into_inner() > 1);
        }
        assert_eq!(together(3, PATIENCE, &|| ()), Ok(()));
    }
}
