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

    // SAFETY: `malloc_trim` has this signature in glibc, for which the function is compiled (`size_t` is `usize`). It
    // takes any number of bytes, may be called at any time by any thread because it locks each arena, and only releases
    // pages that are not in use, also if the program's own allocator is another one. Its result tells whether it
    // released memory.
    let _ = unsafe { malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn values_and_panics_come_out_of_the_new_thread() {
        let caller = thread::current().id();
        let created = create_in_new_thread(|| (thread::current().id() != caller, vec![1_u8; 1 << 20]));
        // The trim has not taken memory that is in use.
        assert_eq!(created, (true, vec![1; 1 << 20]));
        let outcome = catch_unwind(|| create_in_new_thread(|| panic!("on purpose")));
        assert_eq!(outcome.err().and_then(|panic| panic.downcast_ref::<&str>().copied()), Some("on purpose"));
    }
}
