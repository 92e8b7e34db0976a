//! The header of an .npy array: magic, version, length, and a Python dictionary.

use std::{io::Read, path::Path};

use super::dictionary::{Dictionary, Parser};
use crate::{array::Array, element::Element, error::DataError, unpack::unpacking_error};

/// NumPy's own limit. A plain header takes 128 bytes.
const LIMIT: u32 = 10_000;

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// What stands before the numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    /// Or, where it is none of those that are read, how the file calls it.
    pub(crate) element: Result<Element, String>,
    pub(crate) is_fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// Bytes of the header.
    pub(crate) length: u64,
}

impl Header {
    /// Reads to the end of the header and no further.
    pub(crate) fn read(path: &Path, reader: &mut impl Read) -> Result<Self, DataError> {
        let refused = |what: String| DataError::NpyHeader { path: path.to_owned(), source: Some(what.into()) };
        let mut read = |limit: u32| {
            let mut bytes = Vec::new();
            let result = reader.by_ref().take(limit.into()).read_to_end(&mut bytes);
            result.map(|_| bytes).map_err(|error| unpacking_error(path, error))
        };
        let start = read(8)?;
        let wide = match start[..] {
            [] => return Err(DataError::Empty { path: path.to_owned() }),
            [ref magic @ .., 1, 0] if magic == MAGIC => false,
            [ref magic @ .., 2 | 3, 0] if magic == MAGIC => true,
            [ref magic @ .., major, minor] if magic == MAGIC => {
                return Err(refused(format!("its version is {major}.{minor}, expected 1.0, 2.0 or 3.0")));
            }
            _ => return Err(refused("it does not begin as one".to_owned())),
        };
        let size = read(if wide { 4 } else { 2 })?;
        let length = match size[..] {
            [a, b] => u32::from_le_bytes([a, b, 0, 0]),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => return Err(refused("it is cut off".to_owned())),
        };
        if length > LIMIT {
            return Err(refused(format!("it claims to take {length} bytes, expected at most {LIMIT}")));
        }
        let text = read(length)?;
        if text.len() < length as usize {
            return Err(refused("it is cut off".to_owned()));
        }
        // Names of the fields of a structure may be Latin-1 or UTF-8; nothing that is read is beyond ASCII.
        let text = String::from_utf8_lossy(&text);
        let Dictionary { element, is_fortran, shape } = Parser::new(&text).dictionary().map_err(refused)?;
        let length = (start.len() + size.len()) as u64 + u64::from(length);
        Ok(Header { element, is_fortran, shape, length })
    }

    /// The type and shape, if its type is one that is read.
    pub(crate) fn array(&self, path: &Path) -> Result<Array, DataError> {
        match &self.element {
            Ok(element) => Ok(Array { element: *element, shape: self.shape.clone() }),
            Err(found) => {
                let expected = "b1, i1 to i8, u1 to u8, f2, f4 or f8 (truth values, integers, floats)";
                Err(DataError::ElementType { path: path.to_owned(), expected, found: found.clone() })
            }
        }
    }

    /// Whether a row's numbers lie side by side.
    pub(crate) fn is_row_major(&self) -> bool {
        // With one size above 1 at most there is but one order.
        !self.is_fortran || self.shape.iter().filter(|&&size| size > 1).count() < 2
    }
}
