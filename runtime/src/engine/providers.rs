//! The execution providers that are compiled into an ONNX Runtime.
#![expect(unsafe_code, reason = "`ort` asks for one provider by its name, and has no list of them")]

use std::{
    ffi::{CStr, c_char},
    ptr::null_mut,
};

use super::environment::start;
use crate::{Options, library::LibraryError};

/// The names of all execution providers that this process's ONNX Runtime was built with, which is not to
/// say that they work here.
pub(crate) fn providers(options: &Options) -> Result<Vec<String>, LibraryError> {
    start(options)?;
    let api = ort::api();
    let (mut names, mut count): (*mut *mut c_char, i32) = (null_mut(), 0);
    // SAFETY: both are written to where the call succeeds, and the status is taken over.
    let listed = unsafe { ort::Error::result_from_status((api.GetAvailableProviders)(&raw mut names, &raw mut count)) };
    if listed.is_err() || names.is_null() {
        return Ok(Vec::new());
    }
    let name = |at| {
        // SAFETY: there are `count` names, each of them a string with a NUL at its end.
        unsafe { CStr::from_ptr(*names.add(at)) }.to_string_lossy().into_owned()
    };
    let found = (0..usize::try_from(count).unwrap_or(0)).map(name).collect();
    // SAFETY: the list as it was received, released once; what failed there is of no use to anybody.
    let _ = unsafe { ort::Error::result_from_status((api.ReleaseAvailableProviders)(names, count)) };
    Ok(found)
}
