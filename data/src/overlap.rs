//! Rows that two parts share: what a model learned by heart flatters it in a test.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hasher},
};

use crate::{error::DataError, row::Row, values::Values};

/// How many rows of `judged` stand in `training` too, number for number.
///
/// Rows are compared by 64 bits of a hash: among a million and a million, two that differ pass for the same in
/// one of ten million cases.
///
/// # Errors
/// [`DataError`] when a file cannot be read any more.
pub fn shared_rows(training: &Values, judged: &Values) -> Result<usize, DataError> {
    let mut seen = HashSet::with_capacity(judged.rows());
    let mut hashes = Vec::with_capacity(judged.rows());
    judged.visit(0..judged.rows(), |_, row| hashes.push(hash(row)))?;
    seen.extend(hashes.iter().copied());
    let mut shared = HashSet::new();
    training.visit(0..training.rows(), |_, row| {
        let hash = hash(row);
        if seen.contains(&hash) {
            shared.insert(hash);
        }
    })?;
    Ok(hashes.iter().filter(|hash| shared.contains(hash)).count())
}

fn hash(row: Row<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match row {
        Row::U8(row) => hasher.write(row),
        Row::F32(row) => row.iter().for_each(|value| hasher.write_u32(value.to_bits())),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn every_row_that_stands_in_both_counts() {
        let training = Values::F32(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let judged = Values::F32(array![[3.0, 4.0], [3.0, 4.5], [3.0, 4.0]]);
        assert_eq!(shared_rows(&training, &judged).expect("in memory"), 2);
    }
}
