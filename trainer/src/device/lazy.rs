//! Functions of CUDA that load their library when they are first called.
//!
//! Candle links the libraries of CUDA, so a program with the feature `cuda` would not start on a machine without them:
//! the system's loader would end it with `libcuda.so.1: cannot open shared object file`. This module therefore defines
//! the functions that Candle calls. Each of them loads its library at the first call and jumps to the library's
//! function of the same name. If there is none, it returns an error code, which Candle reports as an error.
//!
//! The linker finds these definitions, so no library is recorded in the program. In `.tools/cuda/`, which `just setup
//! cuda-compiler` makes, the libraries are archives without content. With those of a complete toolkit, LLVM's linker,
//! which Rust uses on x86-64, leaves them out, and GNU's linker may record them nevertheless.
//!
//! The names are those that `cudarc` and the compiled kernels of Candle call; a missing one is an error of the linker,
//! or brings back the library.
#![expect(unsafe_code, reason = "the functions are called by C code, and are defined with its names")]

mod functions;

use std::{
    ffi::CStr,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicPtr, Ordering},
    },
};

use libloading::Library;

use super::probe;

/// A library: how its file is called, and what its functions return if it is missing.
pub(super) struct Source {
    file: fn() -> String,
    missing: unsafe extern "C" fn() -> usize,
    library: OnceLock<Option<Library>>,
}

/// A function of a library.
#[repr(C)]
pub(super) struct Function {
    /// Where the function jumps to: [`first_call`], and later the library's function. The first field, because
    /// [`define`] reads it.
    target: AtomicPtr<()>,
    name: &'static CStr,
    source: &'static Source,
}

impl Source {
    const fn new(file: fn() -> String, missing: unsafe extern "C" fn() -> usize) -> Self {
        Source { file, missing, library: OnceLock::new() }
    }
}

impl Function {
    pub(super) const fn new(name: &'static CStr, source: &'static Source) -> Self {
        Function { target: AtomicPtr::new(first_call as unsafe extern "C" fn() as *mut ()), name, source }
    }
}

/// Returns a file name with the major version of CUDA.
fn versioned(name: &str) -> String {
    format!("lib{name}.so.{}", probe::build_version().major)
}

/// Defines functions that return an error code, for libraries that are missing.
macro_rules! codes {
    ($($name:ident = $code:literal;)*) => {
        $(
            unsafe extern "C" fn $name() -> usize {
                $code
            }
        )*
    };
}

codes! {
    // CUDA_ERROR_SHARED_OBJECT_INIT_FAILED, cudaErrorInitializationError, CUBLAS_STATUS_NOT_INITIALIZED,
    // CURAND_STATUS_INITIALIZATION_FAILED, NVRTC_ERROR_INTERNAL_ERROR, CUDNN_STATUS_NOT_INITIALIZED
    no_driver = 303;
    no_cudart = 3;
    no_cublas = 1;
    no_curand = 203;
    no_nvrtc = 11;
    no_cudnn = 1001;
}

unsafe extern "C" fn no_cudart_text() -> usize {
    c"libcudart was not found".as_ptr() as usize
}

static DRIVER: Source = Source::new(|| probe::DRIVER.to_owned(), no_driver);
/// The runtime of CUDA, which registers the kernels for quantised tensors of Candle when the program starts. Nothing
/// here uses these kernels. They work only if the system's loader finds this library.
static CUDART: Source = Source::new(|| versioned("cudart"), no_cudart);
static CUDART_TEXTS: Source = Source::new(|| versioned("cudart"), no_cudart_text);
static CUBLAS: Source = Source::new(|| versioned("cublas"), no_cublas);
static CUBLAS_LT: Source = Source::new(|| versioned("cublasLt"), no_cublas);
static CURAND: Source = Source::new(|| "libcurand.so.10".to_owned(), no_curand);
static NVRTC: Source = Source::new(|| versioned("nvrtc"), no_nvrtc);
static CUDNN: Source = Source::new(|| "libcudnn.so.9".to_owned(), no_cudnn);

/// Finds the function of the library, or the one that returns an error code, and stores it as the target.
extern "C" fn resolve(function: &Function) -> *const () {
    let source = function.source;
    let library = source.library.get_or_init(|| probe::open(Path::new(&(source.file)())).ok());
    let found = library.as_ref().and_then(|library| {
        // SAFETY: only the address is used here, and the library stays loaded until the process ends. Candle calls the
        // function with the types of NVIDIA's headers.
        unsafe { library.get::<*mut ()>(function.name) }.ok().map(|symbol| *symbol)
    });
    let target = found.unwrap_or(source.missing as *mut ());
    function.target.store(target, Ordering::Release);
    target
}

/// Calls [`resolve`] with the function whose address [`define`] left in `r11`, and jumps to the result with all
/// arguments as they were.
///
/// The saved registers are those that can hold arguments in the System V ABI. `al` counts the vector registers of a
/// function with a variable number of arguments.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn first_call() {
    core::arch::naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "and rsp, -16",
        "sub rsp, 192",
        "mov [rsp], rdi",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "mov [rsp + 48], rax",
        "movups [rsp + 64], xmm0",
        "movups [rsp + 80], xmm1",
        "movups [rsp + 96], xmm2",
        "movups [rsp + 112], xmm3",
        "movups [rsp + 128], xmm4",
        "movups [rsp + 144], xmm5",
        "movups [rsp + 160], xmm6",
        "movups [rsp + 176], xmm7",
        "mov rdi, r11",
        "call {resolve}",
        "mov r11, rax",
        "mov rdi, [rsp]",
        "mov rsi, [rsp + 8]",
        "mov rdx, [rsp + 16]",
        "mov rcx, [rsp + 24]",
        "mov r8, [rsp + 32]",
        "mov r9, [rsp + 40]",
        "mov rax, [rsp + 48]",
        "movups xmm0, [rsp + 64]",
        "movups xmm1, [rsp + 80]",
        "movups xmm2, [rsp + 96]",
        "movups xmm3, [rsp + 112]",
        "movups xmm4, [rsp + 128]",
        "movups xmm5, [rsp + 144]",
        "movups xmm6, [rsp + 160]",
        "movups xmm7, [rsp + 176]",
        "leave",
        "jmp r11",
        resolve = sym resolve,
    )
}

/// As above, for the ABI of AArch64: the function is in `x16`, and `x8` can hold the address of the result.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn first_call() {
    core::arch::naked_asm!(
        "stp x29, x30, [sp, #-224]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "str x8, [sp, #80]",
        "stp q0, q1, [sp, #96]",
        "stp q2, q3, [sp, #128]",
        "stp q4, q5, [sp, #160]",
        "stp q6, q7, [sp, #192]",
        "mov x0, x16",
        "bl {resolve}",
        "mov x16, x0",
        "ldp x0, x1, [sp, #16]",
        "ldp x2, x3, [sp, #32]",
        "ldp x4, x5, [sp, #48]",
        "ldp x6, x7, [sp, #64]",
        "ldr x8, [sp, #80]",
        "ldp q0, q1, [sp, #96]",
        "ldp q2, q3, [sp, #128]",
        "ldp q4, q5, [sp, #160]",
        "ldp q6, q7, [sp, #192]",
        "ldp x29, x30, [sp], #224",
        "br x16",
        resolve = sym resolve,
    )
}

/// Defines the functions of a library.
macro_rules! define {
    ($source:ident: $($name:ident)*) => {
        $(
            #[expect(non_snake_case, reason = "NVIDIA's name")]
            mod $name {
                use $crate::device::lazy::{$source, Function, text};

                static FUNCTION: Function = Function::new(text(concat!(stringify!($name), "\0")), &$source);

                #[unsafe(no_mangle)]
                #[unsafe(naked)]
                unsafe extern "C" fn $name() {
                    #[cfg(target_arch = "x86_64")]
                    core::arch::naked_asm!(
                        "lea r11, [rip + {function}]",
                        "jmp qword ptr [r11]",
                        function = sym FUNCTION,
                    );
                    #[cfg(target_arch = "aarch64")]
                    core::arch::naked_asm!(
                        "adrp x16, {function}",
                        "add x16, x16, :lo12:{function}",
                        "ldr x17, [x16]",
                        "br x17",
                        function = sym FUNCTION,
                    );
                }
            }
        )*
    };
}
use define;

/// Returns a text that ends in NUL. Called at compile time.
const fn text(name: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(name.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a name that ends in NUL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{probe::look, seen::Driver};

    #[test]
    fn without_a_driver_candle_returns_an_error_and_does_not_panic() {
        match look().driver {
            Driver::Missing(_) => assert!(candle_core::Device::new_cuda(0).is_err()),
            Driver::Loaded { .. } => eprintln!("skipped: this machine has a driver"),
        }
    }

    #[test]
    fn a_function_that_is_missing_returns_the_error_code_of_its_library() {
        static SOURCE: Source = Source::new(|| "libnarrows-missing.so.1".to_owned(), no_curand);
        static FUNCTION: Function = Function::new(c"curandCreateGenerator", &SOURCE);
        let target = resolve(&FUNCTION);
        assert_eq!(target, no_curand as *const ());
        assert_eq!(FUNCTION.target.load(Ordering::Acquire).cast_const(), target);
    }
}
