//! Names of the libraries that a shared library needs, read from its file.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

const HEADER: usize = 64;
const SEGMENT_HEADER: usize = 56;
const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
/// Limits for broken files. Libraries have a dozen segments, and tables of some hundred kilobytes.
const MAX_SEGMENTS: u64 = 1000;
const MAX_TABLE: u64 = 16 << 20;

/// A segment: its type, place in the file, address and size in the file.
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

/// Returns the names that the loader will look for, in the order of the file. Supports 64-bit little-endian ELF files.
///
/// # Errors
/// If the file cannot be read, or is no such file.
pub(crate) fn needed(path: &Path) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let segments = segments(&mut file)?;
    let dynamic = segments.iter().find(|segment| segment.kind == PT_DYNAMIC).ok_or_else(invalid)?;
    let table = read(&mut file, dynamic.offset, dynamic.size)?;
    let entries: Vec<_> = table.chunks_exact(16).map(|entry| (number(entry, 0, 8), number(entry, 8, 8))).collect();
    let value = |tag| entries.iter().find(|(each, _)| *each == tag).map(|&(_, value)| value).ok_or_else(invalid);
    let (address, size) = (value(DT_STRTAB)?, value(DT_STRSZ)?);
    // The table of strings is given by its address in memory.
    let holds = |segment: &&Segment| segment.kind == PT_LOAD && address.wrapping_sub(segment.address) < segment.size;
    let segment = segments.iter().find(holds).ok_or_else(invalid)?;
    let strings = read(&mut file, segment.offset.saturating_add(address - segment.address), size)?;

    let names = entries.iter().filter(|(tag, _)| *tag == DT_NEEDED).map(|&(_, start)| {
        let rest = usize::try_from(start).ok().and_then(|start| strings.get(start..)).ok_or_else(invalid)?;
        let name = rest.split(|&byte| byte == 0).next().unwrap_or(rest);
        String::from_utf8(name.to_vec()).map_err(|_| invalid())
    });
    names.collect()
}

fn segments(file: &mut File) -> io::Result<Vec<Segment>> {
    let header = read(file, 0, HEADER as u64)?;
    let (start, size, count) = (number(&header, 32, 8), number(&header, 54, 2), number(&header, 56, 2));
    if !header.starts_with(b"\x7fELF\x02\x01") || size != SEGMENT_HEADER as u64 || count > MAX_SEGMENTS {
        return Err(invalid());
    }
    let table = read(file, start, size * count)?;
    let segment = |bytes: &[u8]| Segment {
        kind: number(bytes, 0, 4),
        offset: number(bytes, 8, 8),
        address: number(bytes, 16, 8),
        size: number(bytes, 32, 8),
    };
    Ok(table.chunks_exact(SEGMENT_HEADER).map(segment).collect())
}

fn read(file: &mut File, offset: u64, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_TABLE {
        return Err(invalid());
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    match file.take(size).read_to_end(&mut bytes)? as u64 == size {
        true => Ok(bytes),
        false => Err(invalid()),
    }
}

fn invalid() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

/// Returns the little-endian number of `width` bytes at `offset`.
fn number(bytes: &[u8], offset: usize, width: usize) -> u64 {
    bytes.iter().skip(offset).take(width).rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
    fn the_libraries_that_this_program_needs_are_listed() {
        let names = needed(&std::env::current_exe().expect("this program")).expect("an ELF file");
        assert!(names.iter().any(|name| name.starts_with("libc.so")), "{names:?}");
        assert!(names.iter().all(|name| name.contains(".so")), "{names:?}");
    }

    #[test]
    fn a_file_that_is_cut_short_or_changed_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("library.so");
        let whole = std::fs::read(std::env::current_exe().expect("this program")).expect("a readable file");
        let head = &whole[..whole.len().min(4096)];
        for length in [0, 3, 63, 64, 200, head.len()] {
            std::fs::write(&path, &head[..length.min(head.len())]).expect("a writable folder");
            assert!(needed(&path).is_err(), "{length} bytes");
        }
        for place in 0..HEADER {
            let mut changed = head.to_vec();
            changed[place] ^= 0xff;
            std::fs::write(&path, changed).expect("a writable folder");
            assert!(needed(&path).is_err(), "byte {place}");
        }
    }
}
