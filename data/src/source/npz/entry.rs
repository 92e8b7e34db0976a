//! What is known of an array in an archive, and its bytes.

use std::{
    fs::File,
    io::{self, Read},
    sync::Arc,
};

use flate2::{Crc, read::DeflateDecoder};

use crate::{file_rows::read_at, source::npy::dictionary::shown};

/// How the bytes of an array are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Stored,
    Deflated,
    /// In a way that is not read, by its number.
    Other(u16),
    Encrypted,
}

/// An array of an archive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Without the ending `.npy`.
    pub(super) name: String,
    pub(super) packing: Packing,
    pub(super) checksum: u32,
    /// Bytes in the archive.
    pub(super) packed: u64,
    /// Bytes that they unpack to.
    pub(super) unpacked: u64,
    /// Where the entry begins, with a header of its own.
    pub(super) begin: u64,
}

impl Entry {
    /// The name without what would upset a terminal.
    pub(super) fn shown(&self) -> String {
        shown(&self.name)
    }

    /// The unpacked bytes, if `start` is where the packed ones lie; `None` where they are packed in another way.
    pub(super) fn content(&self, file: &Arc<File>, start: u64) -> Option<Content> {
        let section = Section { file: Arc::clone(file), place: start, left: self.packed };
        let unpacking = match self.packing {
            Packing::Stored => Unpacking::Stored(section),
            Packing::Deflated => Unpacking::Deflated(DeflateDecoder::new(section)),
            Packing::Other(_) | Packing::Encrypted => return None,
        };
        Some(Content { unpacking, checksum: Crc::new(), expected: self.checksum })
    }
}

/// A part of a file, from its first byte to its last.
#[derive(Debug)]
struct Section {
    file: Arc<File>,
    place: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        read_at(&self.file, &mut bytes[..count], self.place)?;
        self.place += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[derive(Debug)]
enum Unpacking {
    Stored(Section),
    Deflated(DeflateDecoder<Section>),
}

/// The bytes of an array, compared at their end with its checksum.
#[derive(Debug)]
pub(super) struct Content {
    unpacking: Unpacking,
    checksum: Crc,
    expected: u32,
}

impl Read for Content {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.unpacking {
            Unpacking::Stored(section) => section.read(bytes)?,
            Unpacking::Deflated(decoder) => decoder.read(bytes)?,
        };
        self.checksum.update(&bytes[..count]);
        let (found, expected) = (self.checksum.sum(), self.expected);
        if count == 0 && !bytes.is_empty() && found != expected {
            let what = format!("its checksum is {found:08x}, expected {expected:08x}; the file is damaged");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(count)
    }
}
