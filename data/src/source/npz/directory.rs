//! The central directory at the end of a ZIP archive, which contains the offsets of its entries.
//!
//! The directory is untrusted, so this parser is strict: the directory must end where the end record starts, its size
//! is limited, and there is no search for lost entries.

use std::{fs::File, io};

use super::entry::{Entry, Packing};
use crate::read_at::read_at;

/// The largest directory in bytes: a hundred bytes for each of a hundred thousand arrays.
const MAX_SIZE: u64 = 10 << 20;

/// The size of the end record without its comment.
const END: usize = 22;
/// The longest comment.
const COMMENT: usize = u16::MAX as usize;
/// The size of the Zip64 locator, which contains the offset of the Zip64 end record.
const LOCATOR: u64 = 20;
/// The size of the Zip64 end record.
const LARGE_END: usize = 56;
/// The size of a directory entry without its name, extra field and comment.
const ENTRY: usize = 46;
/// The size of a local header without its name and extra field.
const LOCAL: usize = 30;

/// The reason why a directory cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// The content is invalid, for the given reason.
    Format(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}

/// Reads all entries, in the order of the directory.
pub(super) fn read(file: &File, length: u64) -> Result<Vec<Entry>, Fault> {
    let (end, size, start) = find(file, length)?;
    if start.checked_add(size) != Some(end) {
        return Err(Fault::Format("its directory does not end where its end record starts"));
    }
    if size > MAX_SIZE {
        return Err(Fault::Format("its directory is larger than 10 MB"));
    }
    let mut bytes = vec![0; size as usize];
    read_at(file, &mut bytes, start)?;
    let (mut entries, mut rest) = (Vec::new(), Bytes(&bytes));
    while !rest.0.is_empty() {
        let entry = entry(&mut rest).ok_or(Fault::Format("its directory is damaged"))?;
        // An entry with a `/` is a folder, which has no content.
        if !entry.name.ends_with('/') {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Returns the byte offset of the content of an entry, and checks that the content is within the file.
pub(super) fn start_of(file: &File, length: u64, entry: &Entry) -> Result<u64, Fault> {
    const OUTSIDE: Fault = Fault::Format("an array is outside the file");
    if entry.start.checked_add(LOCAL as u64).is_none_or(|end| end > length) {
        return Err(OUTSIDE);
    }
    let mut bytes = [0; LOCAL];
    read_at(file, &mut bytes, entry.start)?;
    let mut header = Bytes(&bytes);
    let lengths = (|| {
        header.expect(b"PK\x03\x04")?;
        header.skip(22)?;
        Some(u64::from(header.u16()?) + u64::from(header.u16()?))
    })();
    let lengths = lengths.ok_or(Fault::Format("an array does not start at the offset in its directory"))?;
    let start = entry.start + LOCAL as u64 + lengths;
    match start.checked_add(entry.packed) {
        Some(end) if end <= length => Ok(start),
        _ => Err(OUTSIDE),
    }
}

/// Finds the directory. Returns the offset of its end, its size, and the offset of its start.
fn find(file: &File, length: u64) -> Result<(u64, u64, u64), Fault> {
    const NO_END: Fault = Fault::Format("it has no end record");
    let tail = length.min((END + COMMENT) as u64);
    let mut bytes = vec![0; tail as usize];
    read_at(file, &mut bytes, length - tail)?;
    // The end record is followed only by its comment.
    let is_end = |offset: &usize| {
        let record = &bytes[*offset..];
        let comment = u16::from_le_bytes([record[END - 2], record[END - 1]]);
        record.starts_with(b"PK\x05\x06") && record.len() == END + usize::from(comment)
    };
    let offsets = 0..(bytes.len() + 1).saturating_sub(END);
    let offset = offsets.rev().find(is_end).ok_or(NO_END)?;
    let end = length - tail + offset as u64;
    let mut record = Bytes(&bytes[offset..]);
    let small = (|| {
        record.skip(12)?;
        Some((record.u32()?, record.u32()?))
    })();
    let (size, start) = small.ok_or(NO_END)?;
    let small = (end, u64::from(size), u64::from(start));
    if small.2 + small.1 == end {
        return Ok(small);
    }
    // Python writes a Zip64 record from 2 GB on, although 32 bits are enough up to 4 GB.
    find_zip64(file, end).map(|large| large.unwrap_or(small))
}

/// Finds the directory of an archive with a Zip64 end record. `None` if there is no such record.
fn find_zip64(file: &File, end: u64) -> Result<Option<(u64, u64, u64)>, Fault> {
    let Some(locator) = end.checked_sub(LOCATOR) else { return Ok(None) };
    let mut bytes = [0; LOCATOR as usize];
    read_at(file, &mut bytes, locator)?;
    let mut record = Bytes(&bytes);
    let offset = (|| {
        record.expect(b"PK\x06\x07")?;
        record.skip(4)?;
        record.u64()
    })();
    let Some(offset) = offset else { return Ok(None) };
    const DAMAGED: Fault = Fault::Format("its Zip64 end record is damaged");
    if offset.checked_add(LARGE_END as u64).is_none_or(|large_end| large_end > locator) {
        return Err(DAMAGED);
    }
    let mut bytes = [0; LARGE_END];
    read_at(file, &mut bytes, offset)?;
    let mut record = Bytes(&bytes);
    let location = (|| {
        record.expect(b"PK\x06\x06")?;
        record.skip(36)?;
        Some((offset, record.u64()?, record.u64()?))
    })();
    location.map(Some).ok_or(DAMAGED)
}

fn entry(rest: &mut Bytes) -> Option<Entry> {
    let mut fixed = Bytes(rest.take(ENTRY)?);
    fixed.expect(b"PK\x01\x02")?;
    fixed.skip(4)?;
    let (flags, method) = (fixed.u16()?, fixed.u16()?);
    fixed.skip(4)?;
    let (checksum, packed, unpacked) = (fixed.u32()?, fixed.u32()?, fixed.u32()?);
    let (name, extra, comment) = (fixed.u16()?, fixed.u16()?, fixed.u16()?);
    fixed.skip(8)?;
    let start = fixed.u32()?;
    let name = String::from_utf8_lossy(rest.take(name.into())?);
    let (unpacked, packed, start) = zip64_sizes(Bytes(rest.take(extra.into())?), unpacked, packed, start)?;
    rest.skip(comment.into())?;
    let packing = match method {
        _ if flags & 1 == 1 => Packing::Encrypted,
        0 => Packing::Stored,
        8 => Packing::Deflated,
        other => Packing::Other(other),
    };
    if packing == Packing::Stored && packed != unpacked {
        return None;
    }
    let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
    Some(Entry { name, packing, checksum, packed, unpacked, start })
}

/// Returns the sizes and the offset of an entry. Those that do not fit 32 bits come from the extra field 1.
fn zip64_sizes(mut extra: Bytes, unpacked: u32, packed: u32, start: u32) -> Option<(u64, u64, u64)> {
    let mut fields = Bytes(&[]);
    while let (Some(id), Some(size)) = (extra.u16(), extra.u16()) {
        let field = extra.take(size.into())?;
        if id == 1 {
            fields = Bytes(field);
        }
    }
    let mut widened = |narrow: u32| if narrow == u32::MAX { fields.u64() } else { Some(narrow.into()) };
    Some((widened(unpacked)?, widened(packed)?, widened(start)?))
}

/// Reads little-endian values from the start of a slice.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(drop)
    }

    fn expect(&mut self, signature: &[u8; 4]) -> Option<()> {
        (self.take(4)? == signature).then_some(())
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}
