//! Safe exit of a process while threads still compute. At exit, ONNX Runtime destroys data that running calls use.
//! Therefore the exit waits for running calls, and no new call starts.
//!
//! Exit functions run in the reverse order of their registration, and the destructors of C++ statics are among them. So
//! the wait protects the statics that exist when it is registered. ONNX Runtime creates most of its statics when it is
//! loaded and when the first session is created, and some when a session computes for the first time. The wait is
//! registered after each of these calls. That is too late for an exit during such a call, so on Linux, where most
//! programs load ONNX Runtime as a shared library, the statics that it creates after it was loaded are not destroyed.

use std::{
    cell::Cell,
    error::Error,
    fmt,
    marker::PhantomData,
    mem::forget,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

pub(super) use registration::wait_at_exit;
#[cfg(feature = "load-dynamic")]
pub(super) use statics::keep_statics;

static EXITING: AtomicBool = AtomicBool::new(false);
/// The running calls of all threads.
static RUNNING_CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The running calls of this thread. It has no destructor, so it exists as long as the thread.
    static OWN_CALLS: Cell<usize> = const { Cell::new(0) };
}

/// The process is exiting, so ONNX Runtime cannot be called any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exiting;

impl fmt::Display for Exiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the process is exiting")
    }
}

impl Error for Exiting {}

/// Guard of a call into ONNX Runtime; the call lasts until the guard is dropped. What the call creates must be dropped
/// before the guard, or be an [`OrtObject`].
#[derive(Debug)]
pub(super) struct Call {
    statics: Statics,
    /// Makes the guard stay in its thread, which counts it.
    thread: PhantomData<*const ()>,
}

/// What a call finds of the statics that ONNX Runtime creates at their first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statics {
    Exist,
    MayBeCreated,
}

impl Call {
    /// Begins a call that has been made before with the same session and the same tensors.
    pub(super) fn begin() -> Result<Self, Exiting> {
        Self::new(Statics::Exist)
    }

    /// Begins a call in which ONNX Runtime may create statics.
    pub(super) fn begin_first() -> Result<Self, Exiting> {
        Self::new(Statics::MayBeCreated)
    }

    fn new(statics: Statics) -> Result<Self, Exiting> {
        RUNNING_CALLS.fetch_add(1, Ordering::SeqCst);
        OWN_CALLS.set(OWN_CALLS.get() + 1);
        let call = Call { statics, thread: PhantomData };
        // The exit first sets EXITING and then reads RUNNING_CALLS; a call does the opposite. So at least one of
        // the two sees the other.
        if EXITING.load(Ordering::SeqCst) { Err(Exiting) } else { Ok(call) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        match self.statics {
            Statics::Exist => {}
            Statics::MayBeCreated => registration::renew(),
        }
        OWN_CALLS.set(OWN_CALLS.get() - 1);
        RUNNING_CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An object of ONNX Runtime. Dropping it is a call into ONNX Runtime; while the process exits, it is leaked instead.
#[derive(Debug)]
pub(super) struct OrtObject<T>(Option<T>);

impl<T> OrtObject<T> {
    pub(super) fn new(object: T) -> Self {
        OrtObject(Some(object))
    }
}

impl<T> Deref for OrtObject<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("present until it is dropped")
    }
}

impl<T> DerefMut for OrtObject<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("present until it is dropped")
    }
}

impl<T> Drop for OrtObject<T> {
    fn drop(&mut self) {
        let object = self.0.take();
        match Call::begin_first() {
            Ok(_call) => drop(object),
            Err(Exiting) => forget(object),
        }
    }
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "registering a function with the C library's `atexit` is unsafe")]
mod registration {
    use std::{
        process,
        sync::atomic::AtomicU32,
        thread,
        time::{Duration, Instant},
    };

    use super::{AtomicBool, AtomicUsize, EXITING, OWN_CALLS, Ordering, RUNNING_CALLS};

    /// Upper bound of the wait, for a call that never ends. A call lasts until a chunk of rows is computed or a session
    /// is created, which takes milliseconds, and seconds on an overloaded machine.
    const TIMEOUT: Duration = Duration::from_secs(60);

    /// The number of registrations after which only some calls renew it, because each one keeps 32 bytes. By then the
    /// statics exist.
    const MANY: usize = 4096;

    static RENEWALS: AtomicUsize = AtomicUsize::new(0);
    /// The process that counts the calls.
    static PROCESS: AtomicU32 = AtomicU32::new(0);
    static HAS_GIVEN_UP: AtomicBool = AtomicBool::new(false);

    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> i32;
    }

    /// Registers the wait for running calls at exit. Call it after ONNX Runtime was loaded.
    pub(in crate::engine) fn wait_at_exit() {
        PROCESS.store(process::id(), Ordering::SeqCst);
        // SAFETY: `atexit` may be called by any thread, also during an exit, and takes any function that may be called
        // once during an exit, by the thread that exits:
        // - `wait` does not unwind: it neither panics nor calls code that does. `Instant + Duration` cannot overflow
        //   with a minute.
        // - It needs nothing that an exit destroys earlier: the statics and the thread-local variable have no
        //   destructors.
        // - The code stays loaded: a library that contains it and is unloaded calls its exit functions first.
        // It fails if its list is full; the exit then does not wait.
        let _ = unsafe { atexit(wait) };
    }

    /// Registers the wait once more, so that it runs before the destructors of the statics that exist now.
    pub(super) fn renew() {
        let number = RENEWALS.fetch_add(1, Ordering::Relaxed);
        if !EXITING.load(Ordering::SeqCst) && (number < MANY || number.is_power_of_two()) {
            wait_at_exit();
        }
    }

    extern "C" fn wait() {
        EXITING.store(true, Ordering::SeqCst);
        // In a fork of the process, the threads of the calls do not exist.
        if HAS_GIVEN_UP.load(Ordering::SeqCst) || PROCESS.load(Ordering::SeqCst) != process::id() {
            return;
        }
        let deadline = Instant::now() + TIMEOUT;
        // A call of this thread does not end: it is the call that has led to the exit, for example in a logger.
        while RUNNING_CALLS.load(Ordering::SeqCst) > OWN_CALLS.get() {
            if Instant::now() > deadline {
                HAS_GIVEN_UP.store(true, Ordering::SeqCst);
                break;
            }
            thread::sleep(Duration::from_micros(100));
        }
    }
}

#[cfg(not(unix))]
mod registration {
    pub(in crate::engine) fn wait_at_exit() {}

    pub(super) fn renew() {}
}

#[cfg(all(test, feature = "load-dynamic"))]
mod tests;

/// Changes a shared library that this crate has loaded: its imported function `__cxa_atexit`, with which C++ code
/// registers the destructor of a static, becomes one that does nothing. The destructors of other libraries and of the
/// program are not concerned.
#[cfg(all(feature = "load-dynamic", target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[expect(unsafe_code, reason = "reads and changes the tables of a loaded library")]
mod statics {
    use std::{
        ffi::{CStr, c_char, c_int, c_void},
        ptr::{null, null_mut},
        slice,
        sync::atomic::{AtomicPtr, Ordering},
    };

    /// `Dl_info` of `dlfcn.h`.
    #[repr(C)]
    struct Info {
        file: *const c_char,
        base: *const u8,
        symbol: *const c_char,
        address: *const c_void,
    }

    /// The beginning of `struct link_map` of `link.h`.
    #[repr(C)]
    struct LinkMap {
        base: usize,
        name: *const c_char,
        dynamic: *const Dynamic,
    }

    // The types of `elf.h` for 64 bits.
    #[repr(C)]
    struct Header {
        start: [u8; 32],
        segments: usize,
        middle: [u8; 16],
        segment_count: u16,
    }

    #[repr(C)]
    struct Segment {
        kind: u32,
        flags: u32,
        offset: usize,
        address: usize,
        physical_address: usize,
        file_size: usize,
        size: usize,
        alignment: usize,
    }

    #[repr(C)]
    struct Dynamic {
        tag: usize,
        value: usize,
    }

    #[repr(C)]
    struct Relocation {
        offset: usize,
        info: u64,
        addend: i64,
    }

    #[repr(C)]
    struct Symbol {
        name: u32,
        info: u8,
        other: u8,
        section: u16,
        value: u64,
        size: u64,
    }

    const RELRO_SEGMENT: u32 = 0x6474_e552;
    /// The relocations that store the address of a function, `R_X86_64_GLOB_DAT` and `R_X86_64_JUMP_SLOT`.
    const FUNCTION_ADDRESS: [u64; 2] = [6, 7];
    const PAGE: usize = 4096;
    const READ: c_int = 1;
    const WRITE: c_int = 2;

    unsafe extern "C" {
        fn dladdr1(address: *const c_void, info: *mut Info, extra: *mut *mut c_void, flags: c_int) -> c_int;
        fn mprotect(start: *mut c_void, length: usize, protection: c_int) -> c_int;
    }

    extern "C" fn register_nothing(_: *const c_void, _: *const c_void, _: *const c_void) -> c_int {
        0
    }

    /// Keeps the statics that the library with this address creates from now on, until the process ends. Returns
    /// whether the library was changed: a library that does not import the function, or is loaded in an unknown way, is
    /// not.
    ///
    /// Call it for a library that this crate has loaded, before calling its functions.
    pub(in crate::engine) fn keep_statics(address: *const c_void) -> bool {
        /// `RTLD_DL_LINKMAP`
        const LINK_MAP: c_int = 2;

        let (mut info, mut map) = (Info { file: null(), base: null(), symbol: null(), address: null() }, null_mut());
        // SAFETY: `dladdr1` accepts any address, and both places are valid for writing. With this flag, it writes a
        // pointer to the `link_map` of the library to the second one.
        let found = unsafe { dladdr1(address, &raw mut info, &raw mut map, LINK_MAP) } != 0;
        // SAFETY: on success the pointer is that of a `link_map`, which exists as long as the library is loaded. ONNX
        // Runtime is never unloaded.
        let Some(map) = unsafe { map.cast::<LinkMap>().as_ref() }.filter(|_| found && !info.base.is_null()) else {
            return false;
        };
        // SAFETY: the loader has read the library with these tables, and has accepted them. They stay in memory.
        let slots = unsafe { slots_of(map) };
        // SAFETY: the loader maps a library from its ELF header on.
        let protected = unsafe { protected_range(info.base) };
        slots.iter().all(|&slot| {
            let is_protected = protected.0 <= slot && slot < protected.1;
            let page = (slot & !(PAGE - 1)) as *mut c_void;
            // SAFETY: the page is one of the library's data. Making it writable breaks no assumption of others.
            if is_protected && unsafe { mprotect(page, PAGE, READ | WRITE) } != 0 {
                return false;
            }
            // SAFETY: the slot is aligned, writable and holds the address of `__cxa_atexit`, which the library reads
            // whenever it calls the function. Other threads may read it at the same time, and see either address. The
            // new function has the same signature, and its code stays loaded for as long as the process runs, like the
            // library: a program does not unload this crate while ONNX Runtime, which it has loaded, computes.
            let slot = unsafe { AtomicPtr::from_ptr(slot as *mut *mut c_void) };
            slot.store(register_nothing as *mut c_void, Ordering::SeqCst);
            // SAFETY: the loader had protected this page in the same way, so nothing writes to it.
            let _ = is_protected && unsafe { mprotect(page, PAGE, READ) } == 0;
            true
        }) && !slots.is_empty()
    }

    /// Returns the addresses of the pointers through which the library calls `__cxa_atexit`.
    ///
    /// # Safety
    /// `map` describes a library that stays loaded.
    unsafe fn slots_of(map: &LinkMap) -> Vec<usize> {
        let [end, strings, symbols] = [0, 5, 6];
        let tables = [(7, 8), (23, 2)];
        let value = |wanted: usize| {
            // SAFETY: the dynamic section ends with an entry of tag 0.
            let mut entries =
                (0..).map(|index| unsafe { &*map.dynamic.add(index) }).take_while(|entry| entry.tag != end);
            entries.find(|entry| entry.tag == wanted).map(|entry| entry.value)
        };
        // The loader stores absolute addresses, unless the section is read-only.
        let address = |tag| value(tag).map(|value| if value < map.base { map.base + value } else { value });
        let (Some(strings), Some(symbols)) = (address(strings), address(symbols)) else {
            return Vec::new();
        };
        let relocations = tables.iter().filter_map(|&(table, size)| {
            let (table, size) = (address(table)? as *const Relocation, value(size)?);
            // SAFETY: the section gives the address of the table and its size in bytes.
            Some(unsafe { slice::from_raw_parts(table, size / size_of::<Relocation>()) })
        });
        let calls_it = |relocation: &&Relocation| {
            let (symbol, kind) = (relocation.info >> 32, relocation.info & 0xffff_ffff);
            // SAFETY: a relocation of a function has the index of its symbol, which has the offset of its name.
            FUNCTION_ADDRESS.contains(&kind)
                && unsafe {
                    let symbol = &*(symbols as *const Symbol).add(symbol as usize);
                    CStr::from_ptr((strings as *const c_char).add(symbol.name as usize)) == c"__cxa_atexit"
                }
        };
        relocations.flatten().filter(calls_it).map(|relocation| map.base + relocation.offset).collect()
    }

    /// Returns the addresses from and to which the loader has made the library's data read-only.
    ///
    /// # Safety
    /// `base` points to the ELF header of a loaded library.
    unsafe fn protected_range(base: *const u8) -> (usize, usize) {
        // SAFETY: the header is at this address, and the table of segments follows at the offset that it gives. Both
        // are in the first mapped segment.
        let segments = unsafe {
            let header = &*base.cast::<Header>();
            slice::from_raw_parts(base.add(header.segments).cast::<Segment>(), header.segment_count.into())
        };
        let range = |segment: &Segment| {
            let start = base as usize + segment.address;
            // The loader protects whole pages only.
            (start & !(PAGE - 1), (start + segment.size) & !(PAGE - 1))
        };
        segments.iter().find(|segment| segment.kind == RELRO_SEGMENT).map_or((0, 0), range)
    }
}

#[cfg(all(feature = "load-dynamic", not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))))]
mod statics {
    pub(in crate::engine) fn keep_statics(_: *const std::ffi::c_void) -> bool {
        false
    }
}
