//! The directory at the end of a ZIP archive, which says where its entries begin.
//!
//! It is read here, and strictly, since its figures are as untrusted as all others: it has to end where the
//! archive's last record begins, may take so much memory and no more, and nothing is searched for.

use std::{fs::File, io};

use super::entry::{Entry, Packing};
use crate::file_rows::read_at;

/// What a directory may take: a hundred bytes for an array, and room for a hundred thousand.
const MOST: u64 = 10 << 20;

/// The last record without its comment, and the longest comment.
const END: usize = 22;
const COMMENT: usize = u16::MAX as usize;
/// The record that tells where that of large archives is, and that record.
const LOCATOR: u64 = 20;
const LARGE_END: usize = 56;
const ENTRY: usize = 46;
const LOCAL: usize = 30;

/// Why there is no directory.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// What is wrong with it.
    Form(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}

/// All entries, in their order.
pub(super) fn read(file: &File, length: u64) -> Result<Vec<Entry>, Fault> {
    let (end, size, begin) = find(file, length)?;
    if begin.checked_add(size) != Some(end) {
        return Err(Fault::Form("its directory does not end where its last record begins"));
    }
    if size > MOST {
        return Err(Fault::Form("its directory is larger than any of arrays"));
    }
    let mut bytes = vec![0; size as usize];
    read_at(file, &mut bytes, begin)?;
    let (mut entries, mut rest) = (Vec::new(), Bytes(&bytes));
    while !rest.0.is_empty() {
        let entry = entry(&mut rest).ok_or(Fault::Form("its directory is damaged"))?;
        // Folders have no bytes.
        if !entry.name.ends_with('/') {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Where the bytes of an entry lie; they were found to be within the file.
pub(super) fn start_of(file: &File, length: u64, entry: &Entry) -> Result<u64, Fault> {
    const OUTSIDE: Fault = Fault::Form("an array lies beyond its end");
    if entry.begin.checked_add(LOCAL as u64).is_none_or(|end| end > length) {
        return Err(OUTSIDE);
    }
    let mut bytes = [0; LOCAL];
    read_at(file, &mut bytes, entry.begin)?;
    let mut header = Bytes(&bytes);
    let lengths = (|| {
        header.is(b"PK\x03\x04")?;
        header.skip(22)?;
        Some(u64::from(header.u16()?) + u64::from(header.u16()?))
    })();
    let lengths = lengths.ok_or(Fault::Form("an array does not begin where its directory says"))?;
    let start = entry.begin + LOCAL as u64 + lengths;
    match start.checked_add(entry.packed) {
        Some(end) if end <= length => Ok(start),
        _ => Err(OUTSIDE),
    }
}

/// Where the directory has to end, its size, and where it begins.
fn find(file: &File, length: u64) -> Result<(u64, u64, u64), Fault> {
    const NO_END: Fault = Fault::Form("it has no record at its end");
    let tail = length.min((END + COMMENT) as u64);
    let mut bytes = vec![0; tail as usize];
    read_at(file, &mut bytes, length - tail)?;
    // The comment behind the record has to end with the file.
    let is_end = |place: &usize| {
        let record = &bytes[*place..];
        let comment = u16::from_le_bytes([record[END - 2], record[END - 1]]);
        record.starts_with(b"PK\x05\x06") && record.len() == END + usize::from(comment)
    };
    let places = 0..(bytes.len() + 1).saturating_sub(END);
    let place = places.rev().find(is_end).ok_or(NO_END)?;
    let end = length - tail + place as u64;
    let mut record = Bytes(&bytes[place..]);
    let small = (|| {
        record.skip(12)?;
        Some((record.u32()?, record.u32()?))
    })();
    let (size, begin) = small.ok_or(NO_END)?;
    let small = (end, u64::from(size), u64::from(begin));
    if small.2 + small.1 == end {
        return Ok(small);
    }
    // Python writes records of large sizes from 2 GB on, where those of this one would still do.
    large(file, end).map(|large| large.unwrap_or(small))
}

/// The same of an archive with a record of large sizes; `None` if it has none.
fn large(file: &File, end: u64) -> Result<Option<(u64, u64, u64)>, Fault> {
    let Some(locator) = end.checked_sub(LOCATOR) else { return Ok(None) };
    let mut bytes = [0; LOCATOR as usize];
    read_at(file, &mut bytes, locator)?;
    let mut record = Bytes(&bytes);
    let place = (|| {
        record.is(b"PK\x06\x07")?;
        record.skip(4)?;
        record.u64()
    })();
    let Some(place) = place else { return Ok(None) };
    const WRONG: Fault = Fault::Form("its record of large sizes is damaged");
    if place.checked_add(LARGE_END as u64).is_none_or(|large_end| large_end > locator) {
        return Err(WRONG);
    }
    let mut bytes = [0; LARGE_END];
    read_at(file, &mut bytes, place)?;
    let mut record = Bytes(&bytes);
    let found = (|| {
        record.is(b"PK\x06\x06")?;
        record.skip(36)?;
        Some((place, record.u64()?, record.u64()?))
    })();
    found.map(Some).ok_or(WRONG)
}

fn entry(rest: &mut Bytes) -> Option<Entry> {
    let mut fixed = Bytes(rest.take(ENTRY)?);
    fixed.is(b"PK\x01\x02")?;
    fixed.skip(4)?;
    let (flags, method) = (fixed.u16()?, fixed.u16()?);
    fixed.skip(4)?;
    let (checksum, packed, unpacked) = (fixed.u32()?, fixed.u32()?, fixed.u32()?);
    let (name, extra, comment) = (fixed.u16()?, fixed.u16()?, fixed.u16()?);
    fixed.skip(8)?;
    let begin = fixed.u32()?;
    let name = String::from_utf8_lossy(rest.take(name.into())?);
    let (unpacked, packed, begin) = wide(Bytes(rest.take(extra.into())?), unpacked, packed, begin)?;
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
    Some(Entry { name, packing, checksum, packed, unpacked, begin })
}

/// Sizes and place of an entry, those that do not fit 32 bits from the extra field 1.
fn wide(mut extra: Bytes, unpacked: u32, packed: u32, begin: u32) -> Option<(u64, u64, u64)> {
    let mut fields = Bytes(&[]);
    while let (Some(id), Some(size)) = (extra.u16(), extra.u16()) {
        let field = extra.take(size.into())?;
        if id == 1 {
            fields = Bytes(field);
        }
    }
    let mut widened = |narrow: u32| if narrow == u32::MAX { fields.u64() } else { Some(narrow.into()) };
    Some((widened(unpacked)?, widened(packed)?, widened(begin)?))
}

/// Bytes that are taken from the front, little-endian.
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

    fn is(&mut self, signature: &[u8; 4]) -> Option<()> {
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
