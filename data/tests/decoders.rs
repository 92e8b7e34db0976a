//! Panics of decoders on damaged files. It is a separate program with one test, because it replaces the panic hook of
//! the process.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
};

use narrows_data::{DataError, LoadOptions, load, silence_decoders};

static MESSAGES: AtomicUsize = AtomicUsize::new(0);

/// A table of several types with a changed byte, on which the decoder of Parquet panics.
const PANICS: &[u8] = include_bytes!("decoders/panics.parquet");

#[test]
fn a_decoder_s_panic_is_an_error_whose_message_reaches_the_hook_only_without_silence() {
    panic::set_hook(Box::new(|_| {
        MESSAGES.fetch_add(1, Ordering::Relaxed);
    }));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("panics.parquet");
    std::fs::write(&path, PANICS).expect("written");
    let read = || load(&path.to_string_lossy(), &LoadOptions::default());
    assert!(matches!(read(), Err(DataError::TableDamaged { .. })));
    assert_eq!(MESSAGES.load(Ordering::Relaxed), 1, "the library alone does not change the hook");
    silence_decoders();
    silence_decoders();
    assert!(matches!(read(), Err(DataError::TableDamaged { .. })));
    assert_eq!(MESSAGES.load(Ordering::Relaxed), 1);
    panic::catch_unwind(|| panic!("of a program")).expect_err("panicked");
    assert_eq!(MESSAGES.load(Ordering::Relaxed), 2, "other panics reach the previous hook");
}
