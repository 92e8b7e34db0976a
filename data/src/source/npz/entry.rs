//! An array in an archive: its metadata and its content.

use std::{
    fs::File,
    io::{self, Read},
    sync::Arc,
};

use flate2::{Crc, read::DeflateDecoder};

use crate::{read_at::read_at, source::npy::dictionary::printable};

/// The compression of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Stored,
    Deflated,
    /// An unsupported method, by its number.
    Other(u16),
    Encrypted,
}

/// An array of an archive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The name, without the extension `.npy`.
    pub(super) name: String,
    pub(super) packing: Packing,
    pub(super) checksum: u32,
    /// The size in the archive in bytes.
    pub(super) packed: u64,
    /// The unpacked size in bytes.
    pub(super) unpacked: u64,
    /// The byte offset of the entry, which starts with a local header.
    pub(super) start: u64,
}

impl Entry {
    /// Returns the name for messages, without control characters.
    pub(super) fn printable_name(&self) -> String {
        printable(&self.name)
    }

    /// Unpacks the content. `start` is the byte offset of the packed content. `None` if the method is not supported.
    pub(super) fn content(&self, file: &Arc<File>, start: u64) -> Option<Content> {
        let section = Section { file: Arc::clone(file), position: start, remaining: self.packed };
        let decoder = match self.packing {
            Packing::Stored => Decoder::Stored(section),
            Packing::Deflated => Decoder::Deflated(DeflateDecoder::new(section)),
            Packing::Other(_) | Packing::Encrypted => return None,
        };
        Some(Content { decoder, checksum: Crc::new(), expected: self.checksum })
    }
}

/// Reads a range of bytes of a file.
#[derive(Debug)]
struct Section {
    file: Arc<File>,
    position: u64,
    remaining: u64,
}

impl Read for Section {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.remaining).map_or(bytes.len(), |remaining| remaining.min(bytes.len()));
        read_at(&self.file, &mut bytes[..count], self.position)?;
        self.position += count as u64;
        self.remaining -= count as u64;
        Ok(count)
    }
}

#[derive(Debug)]
enum Decoder {
    Stored(Section),
    Deflated(DeflateDecoder<Section>),
}

/// Reads the unpacked content of an array, and checks its checksum at the end.
#[derive(Debug)]
pub(super) struct Content {
    decoder: Decoder,
    checksum: Crc,
    expected: u32,
}

impl Content {
    /// Reads the rest of the content, and compares the checksum.
    pub(super) fn check_rest(&mut self) -> io::Result<()> {
        let mut block = vec![0; 1 << 18];
        loop {
            match self.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Read for Content {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.decoder {
            Decoder::Stored(section) => section.read(bytes)?,
            Decoder::Deflated(decoder) => decoder.read(bytes)?,
        };
        self.checksum.update(&bytes[..count]);
        let (found, expected) = (self.checksum.sum(), self.expected);
        if count == 0 && !bytes.is_empty() && found != expected {
            let message = format!("its checksum is {found:08x}, expected {expected:08x}; the file is damaged");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}
