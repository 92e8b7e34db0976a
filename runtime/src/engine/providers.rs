//! The execution providers of an ONNX Runtime build.
#![expect(unsafe_code, reason = "`ort` can only query one provider by name; listing them needs the C API")]

use std::{
    ffi::{CStr, c_char},
    ptr::null_mut,
};

use super::{environment::start, shutdown::Call};
use crate::{Options, library::LibraryError};

/// Returns the names of all execution providers in the build of the running ONNX Runtime. They do not necessarily work
/// on this machine.
pub(crate) fn providers(options: &Options) -> Result<Vec<String>, LibraryError> {
    start(options)?;
    let Ok(_call) = Call::begin_first() else {
        return Ok(Vec::new());
    };
    let api = ort::api();
    let (mut names, mut count): (*mut *mut c_char, i32) = (null_mut(), 0);
    // SAFETY: the environment exists, so the table of functions is that of a loaded library, which is never unloaded.
    // The function writes a pointer and a number to the places given, which are valid for writing and have these types
    // in ONNX Runtime's header. It returns a new status or null, which is what `result_from_status` takes over.
    let outcome =
        unsafe { ort::Error::result_from_status((api.GetAvailableProviders)(&raw mut names, &raw mut count)) };
    if outcome.is_err() || names.is_null() {
        return Ok(Vec::new());
    }
    let name = |index| {
        // SAFETY: on success the list has `count` pointers to NUL-terminated strings, which are valid until the list is
        // released; `index` is below `count`, and the string is copied before the release.
        unsafe { CStr::from_ptr(*names.add(index)) }.to_string_lossy().into_owned()
    };
    let providers = (0..usize::try_from(count).unwrap_or(0)).map(name).collect();
    // SAFETY: the list comes from `GetAvailableProviders`, is released once, with its original length, and is not used
    // afterwards. The status is new or null. An error here has no consequence.
    let _ = unsafe { ort::Error::result_from_status((api.ReleaseAvailableProviders)(names, count)) };
    Ok(providers)
}
