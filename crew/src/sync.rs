//! Locks, atomics and bounded spinning. In the tests of `model.rs` they are those of loom, which runs a test in every
//! order of the threads' steps.

#[cfg(all(test, loom))]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicUsize};
#[cfg(not(all(test, loom)))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicUsize};

pub(crate) use self::spin::Spin;

#[cfg(not(all(test, loom)))]
mod spin {
    use std::{
        hint::spin_loop,
        time::{Duration, Instant},
    };

    /// The number of short pauses between two looks at the clock.
    const PAUSES: usize = 64;

    /// Spinning for a limited time.
    #[derive(Debug)]
    pub(crate) struct Spin {
        /// `None` if the clock cannot represent it.
        end: Option<Instant>,
    }

    impl Spin {
        /// Starts the time.
        pub(crate) fn start(duration: Duration) -> Self {
            Spin { end: Instant::now().checked_add(duration) }
        }

        /// Returns whether there is time left.
        pub(crate) fn continues(&mut self) -> bool {
            self.end.is_none_or(|end| Instant::now() < end)
        }

        /// Spins for about a microsecond.
        pub(crate) fn rest(&self) {
            (0..PAUSES).for_each(|_| spin_loop());
        }

        /// Spins for about a microsecond, or until the condition is true. Returns whether it was.
        pub(crate) fn finds(&self, condition: impl Fn() -> bool) -> bool {
            (0..PAUSES).any(|_| {
                let is_true = condition();
                if !is_true {
                    spin_loop();
                }
                is_true
            })
        }
    }
}

/// Without a clock: a spin is a fixed number of steps, because loom runs every order of the steps.
#[cfg(all(test, loom))]
mod spin {
    use std::time::Duration;

    use loom::thread::yield_now;

    /// Spinning for one step, or for none if the duration is zero.
    #[derive(Debug)]
    pub(crate) struct Spin {
        steps: usize,
    }

    impl Spin {
        pub(crate) fn start(duration: Duration) -> Self {
            Spin { steps: usize::from(!duration.is_zero()) }
        }

        pub(crate) fn continues(&mut self) -> bool {
            let continues = self.steps > 0;
            self.steps = self.steps.saturating_sub(1);
            continues
        }

        pub(crate) fn rest(&self) {
            yield_now();
        }

        pub(crate) fn finds(&self, condition: impl Fn() -> bool) -> bool {
            condition()
        }
    }
}
