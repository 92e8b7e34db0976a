use std::{
    ptr::{from_ref, null, without_provenance},
    thread,
};

use super::*;
use crate::{Options, engine::start};

#[test]
fn calls_are_counted_until_they_end_for_the_process_and_for_each_thread() {
    let outer = Call::begin().expect("no exit");
    let inner = Call::begin_first().expect("no exit");
    assert_eq!(OWN_CALLS.get(), 2);
    assert!(RUNNING_CALLS.load(Ordering::SeqCst) >= 2);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let _call = Call::begin().expect("no exit");
            OWN_CALLS.get()
        });
        assert_eq!(other.join().expect("no panic"), 1);
    });
    drop((outer, inner));
    assert_eq!(OWN_CALLS.get(), 0);
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
fn the_statics_of_the_loaded_library_are_kept() {
    start(&Options::default()).expect("ONNX Runtime");
    // The function is replaced once more, by itself.
    assert!(keep_statics(from_ref(ort::api()).cast()));
}

#[test]
fn an_address_in_no_library_changes_nothing() {
    let on_heap = Box::new(0_u64);
    for address in [null(), from_ref(&*on_heap).cast(), without_provenance(usize::MAX)] {
        assert!(!keep_statics(address));
    }
}
