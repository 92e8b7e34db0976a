//! An array of numbers as the header of a binary file describes it, held to its word before it is read.

use std::path::Path;

use crate::{element::Element, error::DataError, head::Head};

/// The type and the shape that a header claims, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) element: Element,
    pub(crate) shape: Vec<usize>,
}

impl Array {
    /// Bytes that the numbers take, whatever nonsense the shape is.
    pub(crate) fn promised(&self) -> u128 {
        let size = self.element.size() as u128;
        // A size of 0 makes the whole 0, wherever it stands.
        if self.shape.contains(&0) {
            return 0;
        }
        self.shape.iter().fold(size, |bytes, &size| bytes.saturating_mul(size as u128))
    }

    /// Compares the promise with the bytes that there are.
    pub(crate) fn check_length(&self, path: &Path, found: u64) -> Result<(), DataError> {
        if self.promised() == u128::from(found) { Ok(()) } else { Err(self.wrong_length(path, found)) }
    }

    pub(crate) fn wrong_length(&self, path: &Path, found: u64) -> DataError {
        let (path, shape) = (path.to_owned(), self.shape.clone());
        DataError::Length { path, shape, promised: self.promised(), found }
    }

    /// What the array is as samples, one a row; its length is still to be checked.
    pub(crate) fn head(&self, path: &Path) -> Result<Head, DataError> {
        let path = path.to_owned();
        let (rows, sample_shape) = match self.shape.split_first() {
            None | Some((_, [])) => {
                let (expected, found) = ("2 or more (rows, then a sample's)", self.shape.len());
                return Err(DataError::Rank { path, expected, found });
            }
            Some((0, _)) => return Err(DataError::NoRows { path }),
            Some((_, sample_shape)) if sample_shape.contains(&0) => return Err(DataError::NoFeatures { path }),
            Some((&rows, sample_shape)) => (rows, sample_shape.to_vec()),
        };
        Ok(Head {
            sample_shape,
            is_bytes: self.element.is_byte(),
            range: self.element.range(),
            columns: None,
            rows: Some(rows),
            has_labels: false,
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Numbers in a row; of a shape whose length was checked.
    pub(crate) fn features(&self) -> usize {
        self.shape.iter().skip(1).fold(1, |product, &size| product.saturating_mul(size))
    }

    /// Refuses what is not one label a row.
    pub(crate) fn check_labels(&self, path: &Path) -> Result<(), DataError> {
        let path = path.to_owned();
        if self.shape.len() != 1 {
            let (expected, found) = ("1 (one label a row)", self.shape.len());
            return Err(DataError::Rank { path, expected, found });
        }
        if self.element.is_integer() {
            return Ok(());
        }
        let found = self.element.to_string();
        Err(DataError::ElementType { path, expected: "integers (i1 to i8 or u1 to u8)", found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(shape: &[usize]) -> Array {
        Array { element: Element::BYTE, shape: shape.to_vec() }
    }

    #[test]
    fn a_promise_is_counted_whatever_the_shape() {
        assert_eq!(bytes(&[]).promised(), 1);
        assert_eq!(bytes(&[usize::MAX; 9]).promised(), u128::MAX);
        assert_eq!(bytes(&[usize::MAX, usize::MAX, usize::MAX, 0]).promised(), 0);
    }

    #[test]
    fn shapes_that_hold_no_samples_are_refused() {
        let path = Path::new("x");
        assert!(matches!(bytes(&[]).head(path), Err(DataError::Rank { found: 0, .. })));
        assert!(matches!(bytes(&[0]).head(path), Err(DataError::Rank { found: 1, .. })));
        assert!(matches!(bytes(&[0, 2]).head(path), Err(DataError::NoRows { .. })));
        assert!(matches!(bytes(&[2, 0]).head(path), Err(DataError::NoFeatures { .. })));
        assert!(matches!(bytes(&[0, 2]).check_labels(path), Err(DataError::Rank { found: 2, .. })));
        let head = bytes(&[2, 1, 3]).head(path).expect("two samples");
        assert_eq!((head.sample_shape, head.rows, head.range), (vec![1, 3], Some(2), Some((0.0, 255.0))));
    }
}
