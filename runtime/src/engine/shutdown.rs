//! Safe exit of a process while threads still compute. At exit, ONNX Runtime destroys data that running calls use.
//! Therefore the exit waits for running calls, and no new call starts.
#![cfg_attr(unix, expect(unsafe_code, reason = "registering a function with the C library's `atexit` is unsafe"))]

use std::{
    mem::forget,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

static EXITING: AtomicBool = AtomicBool::new(false);
static RUNNING_CALLS: AtomicUsize = AtomicUsize::new(0);
/// Number of finished calls.
static FINISHED_CALLS: AtomicUsize = AtomicUsize::new(0);

/// Guard of a call into ONNX Runtime; the call lasts until the guard is dropped.
#[derive(Debug)]
pub(super) struct Call(());

impl Call {
    /// Begins a call; fails if the process is exiting.
    pub(super) fn begin() -> ort::Result<Self> {
        RUNNING_CALLS.fetch_add(1, Ordering::SeqCst);
        let call = Call(());
        // The exit first sets EXITING and then reads RUNNING_CALLS; a call does the opposite. So at least one of
        // the two sees the other.
        if EXITING.load(Ordering::SeqCst) { Err(ort::Error::new("the process is exiting")) } else { Ok(call) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // ONNX Runtime creates some of its statics at their first use, and they are destroyed before functions that
        // were registered earlier run. So the wait is registered again after early calls, with growing intervals.
        if (FINISHED_CALLS.fetch_add(1, Ordering::SeqCst) + 1).is_power_of_two() {
            wait_at_exit();
        }
        RUNNING_CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An object of ONNX Runtime. Dropping it is a call into ONNX Runtime; while the process exits, it is leaked instead.
#[derive(Debug)]
pub(super) struct OrtObject<T>(Option<T>);

impl<T> OrtObject<T> {
    pub(super) fn new(object: T) -> Self {
        OrtObject(Some(object))
    }
}

impl<T> Deref for OrtObject<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("present until it is dropped")
    }
}

impl<T> DerefMut for OrtObject<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("present until it is dropped")
    }
}

impl<T> Drop for OrtObject<T> {
    fn drop(&mut self) {
        let object = self.0.take();
        match Call::begin() {
            Ok(_call) => drop(object),
            Err(_) => forget(object),
        }
    }
}

/// Registers the wait for running calls at exit. Call it after ONNX Runtime was loaded, because functions that were
/// registered last run first.
#[cfg(unix)]
pub(super) fn wait_at_exit() {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    /// Upper bound of the wait, because a run can take long.
    const TIMEOUT: Duration = Duration::from_secs(2);

    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> i32;
    }

    extern "C" fn wait() {
        EXITING.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + TIMEOUT;
        while RUNNING_CALLS.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_micros(100));
        }
    }

    // SAFETY: `atexit` takes any function of this type. It fails if its list is full; the exit then does not wait.
    let _ = unsafe { atexit(wait) };
}

#[cfg(not(unix))]
pub(super) fn wait_at_exit() {}
