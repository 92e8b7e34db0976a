//! The protocol of the crew, in every order of the threads' steps up to a number of preemptions: `just loom`.
//!
//! Each test claims what `together` promises: all calls are over when it returns or unwinds, and the caller sees what
//! they wrote. The borrowed data is leaked, so that a broken promise is a report of loom and not undefined behaviour.

use loom::{cell::UnsafeCell, model::Builder, sync::Arc, thread};

use super::*;

/// Loom reports if one thread accesses `value` while another one may write it.
#[derive(Debug)]
struct Borrowed {
    value: UnsafeCell<usize>,
    calls: AtomicUsize,
    /// The calls that read the value without a report of loom, not modelled. The crew catches a panic of the work, and
    /// a report is a panic.
    reads: std::sync::atomic::AtomicUsize,
    attempts: std::sync::atomic::AtomicUsize,
}

// SAFETY: loom checks all accesses to the value.
unsafe impl Sync for Borrowed {}

impl Borrowed {
    fn leaked() -> &'static Self {
        let (value, calls) = (UnsafeCell::new(0), AtomicUsize::new(0));
        Box::leak(Box::new(Borrowed { value, calls, reads: Default::default(), attempts: Default::default() }))
    }

    /// A call of the work: reads the value.
    fn call(&self) {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        // SAFETY: loom checks that nothing writes the value meanwhile.
        self.value.with(|value| assert_eq!(unsafe { *value }, 0, "the caller has returned"));
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// What a caller may do after the return: write the value. Returns how many calls there were.
    fn end(&self) -> usize {
        // SAFETY: loom checks that nothing reads the value meanwhile.
        self.value.with_mut(|value| unsafe { *value = 1 });
        // With the weakest order: the return itself must make the calls of the helpers visible.
        self.calls.load(Ordering::Relaxed)
    }
}

/// Runs `test` with a crew of `workers` threads and data to borrow, in every order with at most `preemptions`
/// preemptions.
fn model<const N: usize>(
    workers: usize,
    preemptions: usize,
    test: impl Fn(&Arc<Crew>, [&'static Borrowed; N]) + Send + Sync + 'static,
) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let crew = Arc::new(Crew::default());
        let serve = |_| {
            let crew = Arc::clone(&crew);
            thread::spawn(move || crew.serve())
        };
        let threads: Vec<_> = (0..workers).map(serve).collect();
        let borrowed = [(); N].map(|()| Borrowed::leaked());
        test(&crew, borrowed);
        crew.close();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic outside the work"));
        for borrowed in borrowed {
            let count = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::SeqCst);
            assert_eq!(count(&borrowed.reads), count(&borrowed.attempts), "a call after the return");
        }
    });
}

/// A panic without the message of a panic.
fn panic_silently() {
    resume_unwind(Box::new(()));
}

const SPINNING: Duration = Duration::from_micros(50);

#[test]
fn all_calls_are_over_at_the_return() {
    for spin_time in [Duration::ZERO, SPINNING] {
        model(1, 3, move |crew, [borrowed]| {
            assert_eq!(crew.together(1, spin_time, &|| borrowed.call()), Ok(()));
            assert!((1..=2).contains(&borrowed.end()));
        });
    }
}

#[test]
fn all_calls_of_two_helpers_are_over_at_the_return() {
    model(2, 2, |crew, [borrowed]| {
        assert_eq!(crew.together(2, Duration::ZERO, &|| borrowed.call()), Ok(()));
        assert!((1..=3).contains(&borrowed.end()));
    });
}

#[test]
fn a_helper_serves_one_job_after_the_other() {
    for spin_time in [Duration::ZERO, SPINNING] {
        model(1, 2, move |crew, borrowed: [_; 2]| {
            for borrowed in borrowed {
                assert_eq!(crew.together(1, spin_time, &|| borrowed.call()), Ok(()));
                assert!((1..=2).contains(&borrowed.end()));
            }
        });
    }
}

#[test]
fn two_callers_share_a_helper() {
    model(1, 2, |crew, [one, two]| {
        let call = |crew: &Crew, borrowed: &Borrowed| {
            assert_eq!(crew.together(1, Duration::ZERO, &|| borrowed.call()), Ok(()));
            assert!((1..=2).contains(&borrowed.end()));
        };
        let other = Arc::clone(crew);
        let other = thread::spawn(move || call(&other, one));
        call(crew, two);
        other.join().expect("no panic");
    });
}

#[test]
fn all_calls_are_over_when_the_work_panics_on_the_caller() {
    model(1, 3, |crew, [borrowed]| {
        let caller = thread::current().id();
        let work = || {
            borrowed.call();
            if thread::current().id() == caller {
                panic_silently();
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| crew.together(1, Duration::ZERO, &work)));
        assert!((1..=2).contains(&borrowed.end()) && outcome.is_err());
    });
}

#[test]
fn a_panic_on_a_helper_is_returned_if_the_helper_began() {
    model(1, 3, |crew, [borrowed]| {
        let caller = thread::current().id();
        let helped = crew.together(1, Duration::ZERO, &|| {
            borrowed.call();
            if thread::current().id() != caller {
                panic_silently();
            }
        });
        let expected = if borrowed.end() == 2 { Err(Panicked) } else { Ok(()) };
        assert_eq!(helped, expected);
        assert_eq!(crew.together(1, Duration::ZERO, &|| ()), Ok(()));
    });
}
