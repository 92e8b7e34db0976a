//! An .npy file that is held to its word: lengths are checked before the parser sees them.
//!
//! The `ndarray-npy` crate parses the header and the elements. It takes the header's word for how
//! much memory to ask for, so both lengths are first compared with the file.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use ndarray_npy::{
    ReadDataError, ReadableElement,
    npy::header::{Header, ReadHeaderError},
};

use crate::error::DataError;

/// NumPy's own limit. A plain header takes 128 bytes.
const HEADER_LIMIT: u64 = 10_000;

/// An open file whose header was read.
pub(super) struct NpyFile<'a> {
    path: &'a Path,
    header: Header,
    /// Stands at the first element.
    reader: BufReader<File>,
    /// Bytes from there to the end of the file.
    found: u64,
}

impl<'a> NpyFile<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        let mut reader = BufReader::new(File::open(path).map_err(io)?);
        let mut start = Vec::new();
        reader.by_ref().take(HEADER_LIMIT).read_to_end(&mut start).map_err(io)?;
        if start.is_empty() {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        let refused = |source| DataError::NpyHeader { path: path.to_owned(), source };
        if !is_plain(&start) {
            return Err(refused(None));
        }
        let mut rest = &start[..];
        let header = Header::from_reader(&mut rest).map_err(|error| match error {
            ReadHeaderError::Io(source) => refused(Some(source.into())),
            ReadHeaderError::Parse(source) => refused(Some(source.into())),
        })?;
        let offset = (start.len() - rest.len()) as u64;
        reader.seek(SeekFrom::Start(offset)).map_err(io)?;
        let length = reader.get_ref().metadata().map_err(io)?.len();
        Ok(Self { path, header, reader, found: length.saturating_sub(offset) })
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// The element type without its byte order: `f4` for `<f4` and `>f4`.
    pub(super) fn element(&self) -> &str {
        let descriptor = self.header.type_descriptor.as_string().map_or("", String::as_str);
        descriptor.trim_start_matches(['<', '>', '|'])
    }

    pub(super) fn unexpected_type(&self, expected: &'static str) -> DataError {
        let found = self.header.type_descriptor.to_string();
        DataError::ElementType { path: self.path.to_owned(), expected, found }
    }

    /// All elements in row-major order, once the file is known to hold them.
    pub(super) fn elements<T: ReadableElement + Clone>(self) -> Result<Vec<T>, DataError> {
        let Self { path, header, reader, found } = self;
        let shape = header.shape;
        let size = size_of::<T>() as u128;
        let promised = shape.iter().fold(size, |bytes, &size| bytes.saturating_mul(size as u128));
        if u128::from(found) != promised {
            return Err(DataError::Length { path: path.to_owned(), shape, promised, found });
        }
        let count = shape.iter().product();
        let elements = T::read_to_end_exact_vec(reader, &header.type_descriptor, count)
            .map_err(|error| unreadable(path, error))?;
        if !header.layout.is_fortran() {
            return Ok(elements);
        }
        let array =
            ArrayD::from_shape_vec(IxDyn(&shape).f(), elements).expect("as many elements were read as the shape has");
        Ok(array.iter().cloned().collect())
    }

    pub(super) fn labels<T>(self) -> Result<Vec<u32>, DataError>
    where
        T: ReadableElement + Copy + ToString + TryInto<u32>,
    {
        let path = self.path;
        let labels: Vec<T> = self.elements()?;
        let checked = labels.iter().enumerate().map(|(row, &label)| {
            let value = || label.to_string();
            label.try_into().map_err(|_| DataError::LabelRange { path: path.to_owned(), row, value: value() })
        });
        checked.collect()
    }
}

/// Whether the start of a file is that of an array with one element type. The parser reads any
/// Python literal, in a time that doubles and more with each bracket within brackets; a plain
/// header has two, that of the dictionary and that of the shape.
fn is_plain(start: &[u8]) -> bool {
    let (length, text) = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, a, b, text @ ..] => (u32::from_le_bytes([*a, *b, 0, 0]), text),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0, a, b, c, d, text @ ..] => {
            (u32::from_le_bytes([*a, *b, *c, *d]), text)
        }
        _ => return false,
    };
    text.get(..length as usize).is_some_and(|text| {
        let brackets = text.iter().filter(|byte| matches!(byte, b'(' | b'[' | b'{'));
        brackets.count() == 2 && !text.contains(&b'\\')
    })
}

fn unreadable(path: &Path, error: ReadDataError) -> DataError {
    let path = path.to_owned();
    match error {
        ReadDataError::Io(source) => DataError::Io { path, source },
        other => DataError::NpyHeader { path, source: Some(other.into()) },
    }
}
