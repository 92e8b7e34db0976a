//! Calls of decoders that panic on some damaged files.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    /// Whether this thread runs a decoder whose panics become errors.
    static IS_DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Calls a decoder. `None` if it panics.
pub(crate) fn caught<T>(decode: impl FnOnce() -> T) -> Option<T> {
    let before = IS_DECODING.replace(true);
    // Unwind safety: the state of the decoder is not used after a panic.
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    IS_DECODING.set(before);
    outcome.ok()
}

/// Keeps the message of a decoder's panic from the standard error.
///
/// The decoders of Parquet and of images panic on some damaged files. The panic is always caught, and returned as a
/// [`DataError`](crate::DataError), but the panic hook of the process has already printed a message then. This crate
/// does not change the hook by itself. A program that calls this function when it starts replaces the hook by one that
/// ignores the panics of decoders, and calls the previous hook for all others. Further calls have no effect.
pub fn silence_decoders() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_DECODING.get() {
                previous(panic);
            }
        }));
    });
}
