//! Creation of a session without freed memory that the allocator keeps.
//!
//! A session that is created has copies of the weights for a moment. The allocator of glibc keeps their memory in the
//! arena of the thread, because small values of the session are stored next to it: a copy for every session.
#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "`malloc_trim` is a function of the C library")
)]

use std::{panic::resume_unwind, thread};

/// Calls `create` in a new thread and then returns freed memory to the operating system. A new thread uses the arena of
/// the last thread that ended, so the calls, one after the other, share an arena. If the system refuses a thread, the
/// caller's thread is used.
pub(super) fn create_in_new_thread<T: Send>(create: impl Fn() -> T + Sync) -> T {
    let create_and_trim = || {
        let created = create();
        trim();
        created
    };
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, create_and_trim) {
        Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
        Err(_) => create_and_trim(),
    })
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    unsafe extern "C" {
        fn malloc_trim(keep: usize) -> i32;
    }

    // SAFETY: `malloc_trim` takes any number of bytes, may be called at any time by any thread, and only releases pages
    // that are not in use. Its result tells whether it released memory.
    let _ = unsafe { malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
