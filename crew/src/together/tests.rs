use std::{
    sync::atomic::{AtomicBool, AtomicUsize},
    time::Instant,
};

use super::*;

const SPIN_TIME: Duration = Duration::from_micros(50);
/// Upper bound of a wait for a helper, which normally comes within milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a test that panics is repeated. Miri needs seconds for each panic.
const PANICS: usize = if cfg!(miri) { 2 } else { 100 };
/// How often each of many callers calls the crew.
const CALLS: usize = if cfg!(miri) { 5 } else { 500 };

/// Runs a test with a crew of its own, whose threads end afterwards. Unlike the crew of the process it has helpers on
/// every machine.
fn with_crew(workers: usize, test: impl FnOnce(&Crew)) {
    let crew = Crew::default();
    thread::scope(|scope| {
        (0..workers).for_each(|_| drop(scope.spawn(|| crew.serve())));
        let outcome = catch_unwind(AssertUnwindSafe(|| test(&crew)));
        crew.close();
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

/// Waits until the condition is true.
fn wait_until(condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "no helper came within {PATIENCE:?}");
        thread::yield_now();
    }
}

/// Counts the calls that have begun and those that have returned or unwound.
#[derive(Debug, Default)]
struct Calls {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

/// Counts the end of a call, also when it panics.
struct End<'a>(&'a Calls);

impl Calls {
    fn begin(&self) -> End<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        End(self)
    }

    fn assert_all_ended(&self) {
        assert_eq!(self.begun.load(Ordering::SeqCst), self.ended.load(Ordering::SeqCst), "begun and ended calls");
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn many_callers_share_the_crew_and_the_work_of_each_is_complete_on_return() {
    thread::scope(|scope| {
        for caller in 0..16 {
            scope.spawn(move || {
                for round in 0..CALLS {
                    let (parts, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
                    let helpers = (caller + round) % 4;
                    let done = together(helpers, SPIN_TIME, &|| {
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
    with_crew(3, |crew| {
        for _ in 0..PANICS {
            let outcome = catch_unwind(|| {
                let work = || assert_ne!(thread::current().id(), caller, "on purpose");
                crew.together(3, SPIN_TIME, &work)
            });
            assert!(outcome.is_err());
            let started = AtomicUsize::new(0);
            let helped = crew.together(1, SPIN_TIME, &|| {
                started.fetch_add(1, Ordering::SeqCst);
                if thread::current().id() == caller {
                    wait_until(|| started.load(Ordering::SeqCst) == 2);
                } else {
                    panic!("on purpose");
                }
            });
            assert_eq!(helped, Err(Panicked));
        }
        assert_eq!(crew.together(3, SPIN_TIME, &|| ()), Ok(()));
    });
}

#[test]
fn no_call_runs_after_the_return_although_helpers_are_slower_than_the_caller() {
    let caller = thread::current().id();
    with_crew(3, |crew| {
        for spin_time in [Duration::ZERO, SPIN_TIME].repeat(PANICS / 10 + 1) {
            let calls = Calls::default();
            let done = crew.together(3, spin_time, &|| {
                let _end = calls.begin();
                match thread::current().id() == caller {
                    true => wait_until(|| calls.begun.load(Ordering::SeqCst) > 1),
                    false => thread::sleep(Duration::from_millis(3)),
                }
            });
            calls.assert_all_ended();
            assert_eq!(done, Ok(()));
        }
    });
}

#[test]
fn no_call_runs_after_a_panic_of_the_caller() {
    let caller = thread::current().id();
    with_crew(3, |crew| {
        for spin_time in [Duration::ZERO, SPIN_TIME].repeat(PANICS / 10 + 1) {
            let calls = Calls::default();
            let work = || {
                let _end = calls.begin();
                if thread::current().id() == caller {
                    wait_until(|| calls.begun.load(Ordering::SeqCst) > 1);
                    panic!("on purpose");
                }
                thread::sleep(Duration::from_millis(3));
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| crew.together(3, spin_time, &work)));
            calls.assert_all_ended();
            assert!(outcome.is_err());
        }
    });
}

#[test]
fn a_call_that_no_helper_has_begun_at_the_return_is_withdrawn() {
    // Without threads all calls stay open until the return. A helper that comes later must find none of them.
    let crew = Crew::default();
    let calls = AtomicUsize::new(0);
    let count = || {
        calls.fetch_add(1, Ordering::SeqCst);
    };
    assert_eq!(crew.together(7, SPIN_TIME, &count), Ok(()));
    assert_eq!((crew.state().jobs.len(), crew.open.load(Ordering::SeqCst)), (0, 0));
    crew.close();
    thread::scope(|scope| drop(scope.spawn(|| crew.serve())));
    assert_eq!(calls.into_inner(), 1);
}

#[test]
fn a_panic_in_the_destructor_of_a_helpers_panic_leaves_the_crew_working() {
    static DROPPED: AtomicBool = AtomicBool::new(false);
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            DROPPED.store(true, Ordering::SeqCst);
            panic!("in a destructor, on purpose");
        }
    }

    let caller = thread::current().id();
    let started = AtomicUsize::new(0);
    with_crew(1, |crew| {
        let helped = crew.together(1, SPIN_TIME, &|| {
            started.fetch_add(1, Ordering::SeqCst);
            match thread::current().id() == caller {
                true => wait_until(|| started.load(Ordering::SeqCst) == 2),
                false => resume_unwind(Box::new(Payload)),
            }
        });
        assert_eq!(helped, Err(Panicked));
        assert_eq!(crew.together(1, SPIN_TIME, &|| ()), Ok(()));
    });
    assert!(DROPPED.load(Ordering::SeqCst));
}

#[test]
fn the_longest_spin_time_does_not_panic_while_a_helper_works() {
    let caller = thread::current().id();
    with_crew(1, |crew| {
        let calls = Calls::default();
        let work = || {
            let _end = calls.begin();
            match thread::current().id() == caller {
                true => wait_until(|| calls.begun.load(Ordering::SeqCst) == 2),
                false => thread::sleep(Duration::from_millis(20)),
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| crew.together(1, Duration::MAX, &work)));
        calls.assert_all_ended();
        assert_eq!(outcome.ok(), Some(Ok(())));
        // The helper spins until its next job, whose spin time ends.
        let calls = Calls::default();
        let work = || {
            let _end = calls.begin();
            wait_until(|| calls.begun.load(Ordering::SeqCst) == 2);
        };
        assert_eq!(crew.together(1, SPIN_TIME, &work), Ok(()));
    });
}
