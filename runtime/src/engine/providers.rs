//! The execution providers of an ONNX Runtime build.
#![expect(unsafe_code, reason = "`ort` can only query one provider by name; listing them needs the C API")]

use std::{
    ffi::{CStr, c_char},
    ptr::null_mut,
};

use super::environment::start;
use crate::{Options, library::LibraryError};

/// Returns the names of all execution providers in the build of the running ONNX Runtime. They do not necessarily work
/// on this machine.
pub(crate) fn providers(options: &Options) -> Result<Vec<String>, LibraryError> {
    start(options)?;
    let api = ort::api();
    let (mut names, mut count): (*mut *mut c_char, i32) = (null_mut(), 0);
    // SAFETY: both pointers are valid for writing, and the returned status is owned by the result.
    let outcome =
        unsafe { ort::Error::result_from_status((api.GetAvailableProviders)(&raw mut names, &raw mut count)) };
    if outcome.is_err() || names.is_null() {
        return Ok(Vec::new());
    }
    let name = |index| {
        // SAFETY: the list has `count` names, each a NUL-terminated string.
        unsafe { CStr::from_ptr(*names.add(index)) }.to_string_lossy().into_owned()
    };
    let providers = (0..usize::try_from(count).unwrap_or(0)).map(name).collect();
    // SAFETY: the list is released once, with its original length. An error here has no consequence.
    let _ = unsafe { ort::Error::result_from_status((api.ReleaseAvailableProviders)(names, count)) };
    Ok(providers)
}
