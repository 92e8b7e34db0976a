//! Indices of the classes that occur in a data set.

use std::collections::HashMap;

use narrows_data::Labels;

/// Class names with their indices, in the order in which they first occur.
#[derive(Debug, Default)]
pub(super) struct Classes(HashMap<String, u32>);

impl Classes {
    /// Appends the index of each label to `indices`.
    pub(super) fn add(&mut self, labels: &Labels, indices: &mut Vec<u32>) {
        for row in 0..labels.len() {
            let (name, next) = (labels.name(row), self.0.len() as u32);
            let index = match self.0.get(name.as_ref()) {
                Some(&index) => index,
                None => *self.0.entry(name.into_owned()).or_insert(next),
            };
            indices.push(index);
        }
    }

    /// Returns the number of classes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_their_index_over_batches() {
        let (mut classes, mut indices) = (Classes::default(), Vec::new());
        classes.add(&Labels::Integers(vec![7, 3, 7]), &mut indices);
        classes.add(&Labels::Text(vec!["x".to_owned(), "3".to_owned()]), &mut indices);
        assert_eq!((indices, classes.len()), (vec![0, 1, 0, 2, 1], 3));
    }
}
