//! The header of an .npy array: magic, version, length, and a Python dictionary.

use std::{io::Read, path::Path};

use super::dictionary::{Dictionary, Parser};
use crate::{array::Array, element::Element, error::DataError, packed::Order, unpack::unpacking_error};

/// The longest header in bytes, the limit of NumPy. Most headers have 128 bytes.
const MAX_LENGTH: u32 = 10_000;

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// The header of an array.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    /// The element type, or its name in the file if it is not supported.
    pub(crate) element: Result<Element, String>,
    pub(crate) is_fortran: bool,
    pub(crate) shape: Vec<usize>,
    /// The length of the header in bytes.
    pub(crate) length: u64,
}

impl Header {
    /// Reads the header, and nothing after it.
    pub(crate) fn read(path: &Path, reader: &mut impl Read) -> Result<Self, DataError> {
        let error = |message: String| DataError::NpyHeader { path: path.to_owned(), source: Some(message.into()) };
        let mut read = |limit: u32| {
            let mut bytes = Vec::new();
            let result = reader.by_ref().take(limit.into()).read_to_end(&mut bytes);
            result.map(|_| bytes).map_err(|error| unpacking_error(path, error))
        };
        let start = read(8)?;
        let has_long_size = match start[..] {
            [] => return Err(DataError::Empty { path: path.to_owned() }),
            [ref magic @ .., 1, 0] if magic == MAGIC => false,
            [ref magic @ .., 2 | 3, 0] if magic == MAGIC => true,
            [ref magic @ .., major, minor] if magic == MAGIC => {
                return Err(error(format!("its version is {major}.{minor}, expected 1.0, 2.0 or 3.0")));
            }
            _ => return Err(error("it does not start with the magic bytes of .npy".to_owned())),
        };
        let size = read(if has_long_size { 4 } else { 2 })?;
        let length = match size[..] {
            [a, b] => u32::from_le_bytes([a, b, 0, 0]),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => return Err(error("it is cut off".to_owned())),
        };
        if length > MAX_LENGTH {
            return Err(error(format!("it declares a length of {length} bytes, expected at most {MAX_LENGTH}")));
        }
        let text = read(length)?;
        if text.len() < length as usize {
            return Err(error("it is cut off".to_owned()));
        }
        // The field names of a structured type may be Latin-1 or UTF-8. All supported headers are ASCII.
        let text = String::from_utf8_lossy(&text);
        let Dictionary { element, is_fortran, shape } = Parser::new(&text).dictionary().map_err(error)?;
        let length = (start.len() + size.len()) as u64 + u64::from(length);
        Ok(Header { element, is_fortran, shape, length })
    }

    /// Returns the type and shape.
    ///
    /// # Errors
    /// [`DataError::ElementType`] if the type is not supported.
    pub(crate) fn array(&self, path: &Path) -> Result<Array, DataError> {
        match &self.element {
            Ok(element) => Ok(Array { element: *element, shape: self.shape.clone() }),
            Err(found) => {
                let expected = "b1, i1 to i8, u1 to u8, f2, f4 or f8 (booleans, integers, floats)";
                Err(DataError::ElementType { path: path.to_owned(), expected, found: found.clone() })
            }
        }
    }

    /// Returns the order of the values of labels.
    pub(crate) fn order(&self) -> Order {
        if self.is_row_major() { Order::Rows } else { Order::Columns }
    }

    /// Whether the values of a row are contiguous.
    pub(crate) fn is_row_major(&self) -> bool {
        // If at most one dimension is larger than 1, both orders are the same.
        !self.is_fortran || self.shape.iter().filter(|&&size| size > 1).count() < 2
    }
}
