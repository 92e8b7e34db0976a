//! A parser for the part of Thrift's compact protocol that is needed to check declared sizes in headers.

use std::io::{self, Read};

/// Types of fields.
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;
const TRUE: u8 = 1;
const FALSE: u8 = 2;

/// Reads values sequentially.
pub(super) struct Compact<R> {
    from: R,
    /// The number of bytes read.
    pub(super) read: u64,
}

/// A field of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) number: i64,
    pub(super) kind: u8,
}

impl<R: Read> Compact<R> {
    pub(super) fn new(from: R) -> Self {
        Compact { from, read: 0 }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }

    fn unsigned(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(malformed("a number has more than 64 bits"))
    }

    /// Reads an integer of any width.
    pub(super) fn integer(&mut self) -> io::Result<i64> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// Reads the next field of a struct, or `None` at its end. `previous` is the number of the previous field,
    /// initially 0.
    pub(super) fn field(&mut self, previous: i64) -> io::Result<Option<Field>> {
        let byte = self.byte()?;
        let (step, kind) = (i64::from(byte >> 4), byte & 0x0f);
        if kind == 0 {
            return Ok(None);
        }
        let number = if step == 0 { self.integer()? } else { previous.saturating_add(step) };
        Ok(Some(Field { number, kind }))
    }

    /// Reads the declared number of items of a list, and their type.
    pub(super) fn list(&mut self) -> io::Result<(u64, u8)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.unsigned()?,
            count => count.into(),
        };
        Ok((count, byte & 0x0f))
    }

    /// Skips the value of a field.
    pub(super) fn skip(&mut self, kind: u8) -> io::Result<()> {
        match kind {
            // The type of a boolean field is its value.
            TRUE | FALSE => Ok(()),
            _ => self.skip_item(kind, 0),
        }
    }

    fn skip_item(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        if depth > 64 {
            return Err(malformed("structs are nested too deeply"));
        }
        match kind {
            TRUE | FALSE | 3 => self.byte().map(drop),
            4..=6 => self.unsigned().map(drop),
            7 => self.skip_bytes(8),
            8 => {
                let length = self.unsigned()?;
                self.skip_bytes(length)
            }
            LIST | 10 => {
                let (count, kind) = self.list()?;
                // Every item has at least one byte, so the end of the file ends the loop.
                (0..count).try_for_each(|_| self.skip_item(kind, depth + 1))
            }
            11 => {
                let count = self.unsigned()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.skip_item(kinds >> 4, depth + 1)?;
                    self.skip_item(kinds & 0x0f, depth + 1)
                })
            }
            STRUCT => {
                let mut previous = 0;
                while let Some(field) = self.field(previous)? {
                    previous = field.number;
                    if !matches!(field.kind, TRUE | FALSE) {
                        self.skip_item(field.kind, depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => Err(malformed("a value has an unknown type")),
        }
    }

    fn skip_bytes(&mut self, count: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.from.by_ref().take(count), &mut io::sink())?;
        self.read += skipped;
        if skipped < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

pub(super) fn malformed(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
