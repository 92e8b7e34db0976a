//! Checks of a library file before the system's loader opens it.
//!
//! Loaders block on a pipe, crash the process on a truncated library (because mapped pages have no data in the file),
//! and give vague errors for a library built for another processor. This module detects these cases from the header
//! of the file.

use std::{
    env::consts::ARCH,
    fs::File,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::Path,
};

use super::Refusal;

/// Processor codes of the ELF header, with the names that Rust uses.
const MACHINES: [(u16, &str); 9] = [
    (3, "x86"),
    (20, "powerpc"),
    (21, "powerpc64"),
    (22, "s390x"),
    (40, "arm"),
    (62, "x86_64"),
    (183, "aarch64"),
    (243, "riscv64"),
    (258, "loongarch64"),
];
const HEADER: usize = 64;
const SEGMENT_HEADER: usize = 56;
/// Segment type `PT_LOAD`: the loader maps the segment.
const PT_LOAD: u32 = 1;

/// Checks that a file exists and can be read. On systems with ELF libraries, also checks that it is a complete shared
/// library for this processor; the loaders of other systems check that themselves.
pub(super) fn check(path: &Path) -> Result<(), Refusal> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Refusal::Missing,
        _ => Refusal::Unreadable(error),
    };
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Refusal::NotAFile);
    }
    let mut file = File::open(path).map_err(unreadable)?;
    if cfg!(all(unix, not(target_vendor = "apple"))) {
        check_elf(&mut file, metadata.len())
    } else if metadata.len() == 0 {
        Err(Refusal::NotALibrary)
    } else {
        Ok(())
    }
}

fn check_elf(file: &mut (impl Read + Seek), length: u64) -> Result<(), Refusal> {
    let mut header = [0; HEADER];
    if file.read_exact(&mut header).is_err() || !header.starts_with(b"\x7fELF") {
        return Err(Refusal::NotALibrary);
    }
    let (is_64_bit, is_little) = (header[4] == 2, header[5] == 1);
    let machine = number(&header, 18, 2);
    let same_format = is_64_bit == cfg!(target_pointer_width = "64") && is_little == cfg!(target_endian = "little");
    let expected = MACHINES.iter().find(|(_, name)| *name == ARCH);
    if !same_format || expected.is_some_and(|&(expected, _)| u64::from(expected) != machine) {
        let name = MACHINES.iter().find(|(number, _)| u64::from(*number) == machine);
        let found = match name {
            Some((_, name)) if same_format || *name != ARCH => (*name).to_owned(),
            _ => format!("another machine (ELF number {machine})"),
        };
        return Err(Refusal::OtherMachine { found, expected: ARCH.to_owned() });
    }
    if is_64_bit && is_little { check_segments(file, &header, length) } else { Ok(()) }
}

/// Checks that every segment that the loader maps is inside the file.
fn check_segments(file: &mut (impl Read + Seek), header: &[u8], length: u64) -> Result<(), Refusal> {
    let (start, size, count) = (number(header, 32, 8), number(header, 54, 2), number(header, 56, 2));
    let end = start.saturating_add(size.saturating_mul(count));
    if end > length {
        return Err(Refusal::Truncated { needed: end, found: length });
    }
    if size != SEGMENT_HEADER as u64 || file.seek(SeekFrom::Start(start)).is_err() {
        return Err(Refusal::NotALibrary);
    }
    for _ in 0..count {
        let mut segment = [0; SEGMENT_HEADER];
        file.read_exact(&mut segment).map_err(Refusal::Unreadable)?;
        let needed = number(&segment, 8, 8).saturating_add(number(&segment, 32, 8));
        if number(&segment, 0, 4) == u64::from(PT_LOAD) && needed > length {
            return Err(Refusal::Truncated { needed, found: length });
        }
    }
    Ok(())
}

/// Returns the little-endian number of `width` bytes at `offset`.
fn number(bytes: &[u8], offset: usize, width: usize) -> u64 {
    bytes.iter().skip(offset).take(width).rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
