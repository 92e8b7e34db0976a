//! Safe exit of a process while threads still compute. At exit, ONNX Runtime destroys data that running calls use.
//! Therefore the exit waits for running calls, and no new call starts.
//!
//! Exit functions run in the reverse order of their registration, and the destructors of C++ statics are among them. So
//! the wait protects the statics that exist when it is registered. ONNX Runtime creates most of its statics when it is
//! loaded and when the first session is created, and some when a session computes for the first time. The wait is
//! registered after each of these calls. That is too late for an exit during such a call, so on Linux, where most
//! programs load ONNX Runtime as a shared library, the statics that it creates after it was loaded are not destroyed.

use std::{
    cell::Cell,
    error::Error,
    fmt,
    marker::PhantomData,
    mem::forget,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

pub(super) use registration::wait_at_exit;
#[cfg(feature = "load-dynamic")]
pub(super) use statics::keep_statics;

static EXITING: AtomicBool = AtomicBool::new(false);
/// The running calls of all threads.
static RUNNING_CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The running calls of this thread. It has no destructor, so it exists as long as the thread.
    static OWN_CALLS: Cell<usize> = const { Cell::new(0) };
}

/// The process is exiting, so ONNX Runtime cannot be called any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exiting;

impl fmt::Display for Exiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the process is exiting")
    }
}

impl Error for Exiting {}

/// Guard of a call into ONNX Runtime; the call lasts until the guard is dropped. What the call creates must be dropped
/// before the guard, or be an [`OrtObject`].
#[derive(Debug)]
pub(super) struct Call {
    statics: Statics,
    /// Makes the guard stay in its thread, which counts it.
    thread: PhantomData<*const ()>,
}

/// What a call finds of the statics that ONNX Runtime creates at their first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statics {
    Exist,
    MayBeCreated,
}

impl Call {
    /// Begins a call that has been made before with the same session and the same tensors.
    pub(super) fn begin() -> Result<Self, Exiting> {
        Self::new(Statics::Exist)
    }

    /// Begins a call in which ONNX Runtime may create statics.
    pub(super) fn begin_first() -> Result<Self, Exiting> {
        Self::new(Statics::MayBeCreated)
    }

    fn new(statics: Statics) -> Result<Self, Exiting> {
        RUNNING_CALLS.fetch_add(1, Ordering::SeqCst);
        OWN_CALLS.set(OWN_CALLS.get() + 1);
        let call = Call { statics, thread: PhantomData };
        // The exit first sets EXITING and then reads RUNNING_CALLS; a call does the opposite. So at least one of
        // the two sees the other.
        if EXITING.load(Ordering::SeqCst) { Err(Exiting) } else { Ok(call) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        match self.statics {
            Statics::Exist => {}
            Statics::MayBeCreated => registration::renew(),
        }
        OWN_CALLS.set(OWN_CALLS.get() - 1);
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
        match Call::begin_first() {
            Ok(_call) => drop(object),
            Err(Exiting) => forget(object),
        }
    }
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "registering a function with the C library's `atexit` is unsafe")]
mod registration {
    use std::{
        process,
        sync::atomic::AtomicU32,
        thread,
        time::{Duration, Instant},
    };

    use super::{AtomicBool, AtomicUsize, EXITING, OWN_CALLS, Ordering, RUNNING_CALLS};

    /// Upper bound of the wait, for a call that never ends. A call lasts until a chunk of rows is computed or a session
    /// is created, which takes milliseconds, and seconds on an overloaded machine.
    const TIMEOUT: Duration = Duration::from_secs(60);

    /// The number of registrations after which only some calls renew it, because each one keeps 32 bytes. By then the
    /// statics exist.
    const MANY: usize = 4096;

    static RENEWALS: AtomicUsize = AtomicUsize::new(0);
    /// The process that counts the calls.
    static PROCESS: AtomicU32 = AtomicU32::new(0);
    static HAS_GIVEN_UP: AtomicBool = AtomicBool::new(false);

    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> i32;
    }

    /// Registers the wait for running calls at exit. Call it after ONNX Runtime was loaded.
    pub(in crate::engine) fn wait_at_exit() {
        PROCESS.store(process::id(), Ordering::SeqCst);
        // SAFETY: `atexit` may be called by any thread, also during an exit, and takes any function that may be called
        // once during an exit, by the thread that exits:
        // - `wait` does not unwind: it neither panics nor calls code that does. `Instant + Duration` cannot overflow
        //   with a minute.
        // - It needs nothing that an exit destroys earlier: the statics and the thread-local variable have no
        //   destructors.
        // - The code stays loaded: a library that contains it and is unloaded calls its exit functions first.
        // It fails if its list is full; the exit then does not wait.
        let _ = unsafe { atexit(wait) };
    }

    /// Registers the wait once more, so that it runs before the destructors of the statics that exist now.
    pub(super) fn renew() {
        let number = RENEWALS.fetch_add(1, Ordering::Relaxed);
        if !EXITING.load(Ordering::SeqCst) && (number < MANY || number.is_power_of_two()) {
            wait_at_exit();
        }
    }

    extern "C" fn wait() {
        EXITING.store(true, Ordering::SeqCst);
        // In a fork of the process, the threads of the calls do not exist.
        if HAS_GIVEN_UP.load(Ordering::SeqCst) || PROCESS.load(Ordering::SeqCst) != process::id() {
            return;
        }
        let deadline = Instant::now() + TIMEOUT;
        // A call of this thread does not end: it is the call that has led to the exit, for example in a logger.
        while RUNNING_CALLS.load(Ordering::SeqCst) > OWN_CALLS.get() {
            if Instant::now() > deadline {
                HAS_GIVEN_UP.store(true, Ordering::SeqCst);
                break;
            }
            thread::sleep(Duration::from_micros(100));
        }
    }
}

#[cfg(not(unix))]
mod registration {
    pub(in crate::engine) fn wait_at_exit() {}

    pub(super) fn renew() {}
}

#[cfg(all(test, feature = "load-dynamic"))]
mod tests;

#[cfg(all(feature = "load-dynamic", target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod statics;

#[cfg(all(feature = "load-dynamic", not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))))]
mod statics {
    pub(in crate::engine) fn keep_statics(_: *const std::ffi::c_void) -> bool {
        false
    }
}
