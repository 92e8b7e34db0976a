//! The element type and shape that the header of a binary file declares, checked before the values are read.

use std::path::Path;

use crate::{
    element::Element,
    error::DataError,
    head::{Head, Roles},
    notes::Notes,
};

/// The element type and shape that a header declares. The values are in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) element: Element,
    pub(crate) shape: Vec<usize>,
}

impl Array {
    /// Returns the number of bytes that the values need. Saturates instead of overflowing, whatever the shape.
    pub(crate) fn declared_bytes(&self) -> u128 {
        let size = self.element.size() as u128;
        // One size of 0 makes the product 0. Without this check, a saturated product could hide it.
        if self.shape.contains(&0) {
            return 0;
        }
        self.shape.iter().fold(size, |bytes, &size| bytes.saturating_mul(size as u128))
    }

    /// Checks the number of bytes in the file against the declared shape.
    pub(crate) fn check_length(&self, path: &Path, found: u64) -> Result<(), DataError> {
        if self.declared_bytes() == u128::from(found) { Ok(()) } else { Err(self.wrong_length(path, found)) }
    }

    pub(crate) fn wrong_length(&self, path: &Path, found: u64) -> DataError {
        let (path, shape) = (path.to_owned(), self.shape.clone());
        DataError::Length { path, shape, declared: self.declared_bytes(), found }
    }

    /// Interprets the array as samples, one per row. Does not check the length.
    pub(crate) fn head(&self, path: &Path) -> Result<Head, DataError> {
        let path = path.to_owned();
        let (rows, sample_shape) = match self.shape.split_first() {
            None | Some((_, [])) => {
                let (expected, found) = ("2 or more (rows, then the dimensions of a sample)", self.shape.len());
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
            roles: Roles::default(),
            date_columns: None,
            table: None,
            notes: Notes::default(),
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Returns the number of features per row. The length must have been checked.
    pub(crate) fn features(&self) -> usize {
        self.shape.iter().skip(1).fold(1, |product, &size| product.saturating_mul(size))
    }

    /// Checks that the array contains one label per row: shape `[rows]` or `[rows, 1]`, or `[rows, targets]` of
    /// floats.
    pub(crate) fn check_labels(&self, path: &Path) -> Result<(), DataError> {
        match self.shape[..] {
            [_] | [_, 1] => return Ok(()),
            [_, targets] if targets > 0 && !self.element.is_integer() => return Ok(()),
            _ => {}
        }
        let (expected, found) = ("1 (one label per row), or 2 with a second of size 1", self.shape.len());
        Err(DataError::Rank { path: path.to_owned(), expected, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(shape: &[usize]) -> Array {
        Array { element: Element::BYTE, shape: shape.to_vec() }
    }

    #[test]
    fn the_declared_size_saturates_for_every_shape() {
        assert_eq!(bytes(&[]).declared_bytes(), 1);
        assert_eq!(bytes(&[usize::MAX; 9]).declared_bytes(), u128::MAX);
        assert_eq!(bytes(&[usize::MAX, usize::MAX, usize::MAX, 0]).declared_bytes(), 0);
    }

    #[test]
    fn shapes_without_samples_are_refused() {
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
