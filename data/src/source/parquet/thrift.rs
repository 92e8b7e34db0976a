//! As much of Thrift's compact protocol as it takes to see what headers claim before they are believed.

use std::io::{self, Read};

/// Types of fields.
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;
const TRUE: u8 = 1;
const FALSE: u8 = 2;

/// Reads values one after the other.
pub(super) struct Compact<R> {
    from: R,
    /// Bytes that were read.
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
        Err(malformed("a number of more than 64 bits"))
    }

    /// An integer of any width.
    pub(super) fn integer(&mut self) -> io::Result<i64> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// The next field of a struct, `None` after its last; `before` is the number of the one before, first 0.
    pub(super) fn field(&mut self, before: i64) -> io::Result<Option<Field>> {
        let byte = self.byte()?;
        let (step, kind) = (i64::from(byte >> 4), byte & 0x0f);
        if kind == 0 {
            return Ok(None);
        }
        let number = if step == 0 { self.integer()? } else { before.saturating_add(step) };
        Ok(Some(Field { number, kind }))
    }

    /// The number of items that a list claims to have, and their type.
    pub(super) fn list(&mut self) -> io::Result<(u64, u8)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.unsigned()?,
            few => few.into(),
        };
        Ok((count, byte & 0x0f))
    }

    /// Passes over the value of a field.
    pub(super) fn skip(&mut self, kind: u8) -> io::Result<()> {
        match kind {
            // A field's type says it all.
            TRUE | FALSE => Ok(()),
            _ => self.skip_item(kind, 0),
        }
    }

    fn skip_item(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        if depth > 64 {
            return Err(malformed("structs in structs without end"));
        }
        match kind {
            TRUE | FALSE | 3 => self.byte().map(drop),
            4..=6 => self.unsigned().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            LIST | 10 => {
                let (count, kind) = self.list()?;
                // Every item takes a byte at least, so the end of the file ends this.
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
                let mut before = 0;
                while let Some(field) = self.field(before)? {
                    before = field.number;
                    if !matches!(field.kind, TRUE | FALSE) {
                        self.skip_item(field.kind, depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => Err(malformed("a value of a type that there is not")),
        }
    }

    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.from.by_ref().take(bytes), &mut io::sink())?;
        self.read += passed;
        if passed < bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

pub(super) fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
