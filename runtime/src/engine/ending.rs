//! A process that ends while threads compute. ONNX Runtime's own clean-up would pull the ground from under them,
//! so the end waits for what is running, and nothing begins any more.
#![cfg_attr(unix, expect(unsafe_code, reason = "the C library's list of what to call at the end has no safe form"))]

use std::{
    mem::forget,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

static ENDING: AtomicBool = AtomicBool::new(false);
static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// Calls that are over.
static DONE: AtomicUsize = AtomicUsize::new(0);

/// A call into ONNX Runtime, for as long as it lives.
#[derive(Debug)]
pub(super) struct Call(());

impl Call {
    /// Begins a call, unless the process is ending.
    pub(super) fn begin() -> ort::Result<Self> {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        let call = Call(());
        // Whoever ends the process says so first and looks for calls then: one of both sees the other.
        if ENDING.load(Ordering::SeqCst) { Err(ort::Error::new("the process is ending")) } else { Ok(call) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // ONNX Runtime makes some of its statics when they are first needed, and they are destroyed before what was
        // registered earlier. So the wait is registered again behind early calls, and ever more rarely.
        if (DONE.fetch_add(1, Ordering::SeqCst) + 1).is_power_of_two() {
            watch();
        }
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Something of ONNX Runtime's, which takes part in giving it up. When the process is ending it is left to that.
#[derive(Debug)]
pub(super) struct Ours<T>(Option<T>);

impl<T> Ours<T> {
    pub(super) fn new(thing: T) -> Self {
        Ours(Some(thing))
    }
}

impl<T> Deref for Ours<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl<T> DerefMut for Ours<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("there until it is dropped")
    }
}

impl<T> Drop for Ours<T> {
    fn drop(&mut self) {
        let thing = self.0.take();
        match Call::begin() {
            Ok(_call) => drop(thing),
            Err(_) => forget(thing),
        }
    }
}

/// Has the end wait, from now on. It is to be called after ONNX Runtime was loaded: what was registered last is
/// called first.
#[cfg(unix)]
pub(super) fn watch() {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    /// A run may take long; who ends a process does not want to wait for ever.
    const PATIENCE: Duration = Duration::from_secs(2);

    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> i32;
    }

    extern "C" fn end() {
        ENDING.store(true, Ordering::SeqCst);
        let latest = Instant::now() + PATIENCE;
        while RUNNING.load(Ordering::SeqCst) > 0 && Instant::now() < latest {
            thread::sleep(Duration::from_micros(100));
        }
    }

    // SAFETY: the C library's function takes any function of this form. Where its list is full it says so, and
    // the end comes as it would without this.
    let _ = unsafe { atexit(end) };
}

#[cfg(not(unix))]
pub(super) fn watch() {}
