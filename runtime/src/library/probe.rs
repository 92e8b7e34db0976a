//! Loads a candidate and reads its version.
#![expect(unsafe_code, reason = "calling the exports of a shared library is unsafe")]

use std::{
    error::Error,
    ffi::{CStr, c_char, c_void},
    path::{Path, PathBuf},
};

use libloading::Library;

use super::Refusal;

/// A loaded library with the interface of ONNX Runtime.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// The oldest supported minor version of ONNX Runtime 1, which is also the version of its C API.
const MIN_MINOR: u32 = 17;

/// `OrtApiBase` of ONNX Runtime's C header, unchanged since its first release.
#[repr(C)]
struct ApiBase {
    api: Option<unsafe extern "system" fn(u32) -> *const c_void>,
    version: Option<unsafe extern "system" fn() -> *const c_char>,
}

type GetApiBase = unsafe extern "system" fn() -> *const ApiBase;

/// Loads the library and reads its version. A usable library stays loaded until the process ends, because it is used
/// next, and ONNX Runtime cannot be unloaded safely.
pub(super) fn probe(path: &Path) -> Result<Probed, Refusal> {
    let library = open(path).map_err(|error| {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        Refusal::NotLoadable(reason)
    })?;
    // SAFETY: the symbol has this type in ONNX Runtime's header, and a library that exports the name is assumed to be
    // ONNX Runtime: no check can tell a function from other data or its type. The function pointer is used only while
    // the library is loaded: `library` lives until the end of this function, or for ever.
    let entry = *unsafe { library.get::<GetApiBase>(b"OrtGetApiBase\0") }.map_err(|_| Refusal::NoEntryPoint)?;
    let version = version(entry)?;
    let path = if path.is_absolute() {
        path.to_owned()
    } else {
        origin(entry as *const c_void).unwrap_or_else(|| path.to_owned())
    };
    std::mem::forget(library);
    Ok(Probed { path, version })
}

fn open(path: &Path) -> Result<Library, libloading::Error> {
    #[cfg(windows)]
    if !path.is_absolute() {
        use libloading::os::windows::{LOAD_LIBRARY_SEARCH_DEFAULT_DIRS, Library as WindowsLibrary};
        // SAFETY: as below. The flag keeps the loader out of the working directory.
        return unsafe { WindowsLibrary::load_with_flags(path, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS) }.map(Library::from);
    }
    // SAFETY: loading runs the library's start-up code, and unloading its exit code. The file was checked to be
    // complete and built for this processor, where the format is known, because the loader would read beyond a file
    // that is cut short. The user who put it there is responsible for its code, as for that of this program.
    #[cfg(unix)]
    return {
        use libloading::os::unix::{Library as UnixLibrary, RTLD_LOCAL, RTLD_NOW};
        // RTLD_NOW resolves all symbols at once; a missing one would otherwise end the process when it is called.
        unsafe { UnixLibrary::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Library::from)
    };
    #[cfg(not(unix))]
    // SAFETY: as above.
    unsafe {
        Library::new(path)
    }
}

fn version(entry: GetApiBase) -> Result<String, Refusal> {
    // SAFETY: ONNX Runtime's header declares the function with this signature and no precondition. The library is
    // loaded.
    let base = unsafe { entry() };
    if !base.is_aligned() {
        return Err(Refusal::NoVersion);
    }
    // SAFETY: the pointer is aligned, and it is null or points to ONNX Runtime's table, which is constant, has had
    // these two entries first since the first release, and exists as long as the library is loaded. The types of the
    // entries allow null.
    let base = unsafe { base.as_ref() }.ok_or(Refusal::NoVersion)?;
    let (Some(api), Some(version_string)) = (base.api, base.version) else {
        return Err(Refusal::NoVersion);
    };
    // SAFETY: the function of the table has this signature and no precondition.
    let text = unsafe { version_string() };
    if text.is_null() {
        return Err(Refusal::NoVersion);
    }
    // SAFETY: the pointer is not null, and ONNX Runtime returns a NUL-terminated constant of the library, which stays
    // loaded while the text is used. Bytes that are no UTF-8 are refused.
    let version = unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Refusal::NoVersion)?;

    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
        return Err(Refusal::NoVersion);
    };
    if (major, minor) < (1, MIN_MINOR) {
        return Err(Refusal::TooOld { version: version.to_owned() });
    }
    // SAFETY: the function of the table takes any number, and returns null for an unknown version.
    let is_supported = !unsafe { api(MIN_MINOR) }.is_null();
    if is_supported { Ok(version.to_owned()) } else { Err(Refusal::TooNew { version: version.to_owned() }) }
}

/// Returns the library that contains an address of ONNX Runtime; `None` if the system does not report it.
pub(crate) fn library_at(address: *const c_void) -> Option<Probed> {
    probe(&origin(address)?).ok()
}

/// Returns the file from which the system's loader mapped an address.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn origin(address: *const c_void) -> Option<PathBuf> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    /// `Dl_info` of `dlfcn.h`.
    #[repr(C)]
    struct Info {
        file: *const c_char,
        base: *mut c_void,
        symbol: *const c_char,
        address: *mut c_void,
    }

    unsafe extern "C" {
        fn dladdr(address: *const c_void, info: *mut Info) -> i32;
    }

    let null = std::ptr::null_mut();
    let mut info = Info { file: null, base: null.cast(), symbol: null, address: null.cast() };
    // SAFETY: `dladdr` accepts any address and reads nothing there. `info` has the layout of `Dl_info` on all systems
    // of the `cfg` above, and is valid for writing.
    if unsafe { dladdr(address, &raw mut info) } == 0 || info.file.is_null() {
        return None;
    }
    // SAFETY: on success the name is a NUL-terminated string of the loader, which exists as long as the library is
    // loaded; the libraries whose addresses are passed stay loaded. The name is copied at once.
    let file = unsafe { CStr::from_ptr(info.file) };
    std::path::absolute(OsStr::from_bytes(file.to_bytes())).ok()
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn origin(_: *const c_void) -> Option<PathBuf> {
    None
}
