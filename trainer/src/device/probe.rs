//! Looks for the NVIDIA driver, its GPUs and the libraries of CUDA, without Candle.
#![expect(unsafe_code, reason = "loading a shared library and calling its functions is unsafe")]

use std::{
    error::Error,
    ffi::{CStr, c_char, c_int, c_uint},
    path::Path,
    ptr::null,
    sync::OnceLock,
};

use candle_core::cuda_backend::cudarc::driver::sys::CUDA_VERSION;
use libloading::Library;
use narrows_crew::{load_from, nvidia_folders};

use super::{
    seen::{Driver, DriverCode, Seen},
    version::CudaVersion,
};

pub(super) const DRIVER: &str = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };

type Initialize = unsafe extern "system" fn(c_uint) -> c_int;
type ReadNumber = unsafe extern "system" fn(*mut c_int) -> c_int;
type ErrorName = unsafe extern "system" fn(c_int, *mut *const c_char) -> c_int;

/// Returns the CUDA version that this program was built with.
pub(super) fn build_version() -> CudaVersion {
    CudaVersion::from_number(CUDA_VERSION)
}

/// The CUDA version of the compiler of `kernels.ptx`, which also needs a driver.
const KERNELS_VERSION: CudaVersion = CudaVersion { major: 13, minor: 0 };

/// Looks for everything that training needs. Libraries that are found stay loaded, so that Candle uses these.
pub(super) fn look() -> Seen {
    static DRIVER_LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    static MISSING: OnceLock<Vec<String>> = OnceLock::new();

    let driver = match DRIVER_LIBRARY.get_or_init(|| open(Path::new(DRIVER)).map_err(|error| reason_of(&error))) {
        Ok(library) => start(library),
        Err(reason) => Driver::Missing(reason.clone()),
    };
    let missing = MISSING
        .get_or_init(|| load_from(&nvidia_folders(), libraries(), |path| open(path).map(std::mem::forget).is_ok()));
    Seen { build: build_version().max(KERNELS_VERSION), driver, missing: missing.clone() }
}

/// Returns the names of the libraries that Candle calls. On Windows they are linked, so the program does not start
/// without them.
fn libraries() -> Vec<String> {
    if cfg!(windows) {
        return Vec::new();
    }
    let major = build_version().major;
    let mut names =
        vec![format!("libcublasLt.so.{major}"), format!("libcublas.so.{major}"), "libcurand.so.10".to_owned()];
    if cfg!(feature = "cudnn") {
        names.push("libcudnn.so.9".to_owned());
    }
    names
}

pub(super) fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: loading runs the start-up code of the library. The names are those of NVIDIA's libraries, and the folders
    // those of the loader and of an installation of CUDA: whoever installed it is responsible for its code.
    unsafe { Library::new(path) }
}

/// Returns the text of the system's loader.
fn reason_of(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Starts the driver, and asks for its version and the number of GPUs.
fn start(library: &Library) -> Driver {
    let number = |name: &str| {
        // SAFETY: the function has this type in NVIDIA's header, and takes a pointer to a number that it writes.
        let function = unsafe { library.get::<ReadNumber>(name) }.ok()?;
        let mut number = 0;
        // SAFETY: as above; the library is loaded as long as `library` exists.
        match unsafe { function(&raw mut number) } {
            0 => Some(Ok(u32::try_from(number).unwrap_or(0))),
            code => Some(Err(code)),
        }
    };
    let version = number("cuDriverGetVersion").and_then(Result::ok).map(CudaVersion::from_number);
    // SAFETY: the function has this type in NVIDIA's header. Its argument must be zero.
    let initialized = match unsafe { library.get::<Initialize>("cuInit") } {
        // SAFETY: as above.
        Ok(initialize) => unsafe { initialize(0) },
        Err(error) => return Driver::Missing(reason_of(&error)),
    };
    let gpus = match initialized {
        0 => number("cuDeviceGetCount").unwrap_or(Ok(0)),
        code => Err(code),
    };
    Driver::Loaded { version, gpus: gpus.map_err(|code| DriverCode { code, name: name_of(library, code) }) }
}

/// Returns the driver's name of an error.
fn name_of(library: &Library, code: c_int) -> Option<String> {
    // SAFETY: the function has this type in NVIDIA's header. It writes a pointer to a constant text, or null.
    let function = unsafe { library.get::<ErrorName>("cuGetErrorName") }.ok()?;
    let mut name = null();
    // SAFETY: as above; the pointer is valid for writing.
    let outcome = unsafe { function(code, &raw mut name) };
    if outcome != 0 || name.is_null() {
        return None;
    }
    // SAFETY: on success the driver returns a text that ends in NUL and exists as long as the library is loaded.
    Some(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}
