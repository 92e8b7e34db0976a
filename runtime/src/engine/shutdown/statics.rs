//! Changes a shared library that this crate has loaded: its imported function `__cxa_atexit`, with which C++ code
//! registers the destructor of a static, becomes one that does nothing. The destructors of other libraries and of the
//! program are not concerned.
#![expect(unsafe_code, reason = "reads and changes the tables of a loaded library")]

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
        let mut entries = (0..).map(|index| unsafe { &*map.dynamic.add(index) }).take_while(|entry| entry.tag != end);
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
