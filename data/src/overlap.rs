//! Rows that occur in two parts: a model may have memorised them, which makes its test result too good.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hasher},
};

use crate::{error::DataError, row::Row, values::Values};

/// Returns the number of rows of `evaluation` that also occur in `training`, with equal values.
///
/// Rows are compared by a hash of 64 bits. With a million rows on each side, the probability of a false match is about
/// one in ten million.
///
/// # Errors
/// [`DataError`] if the rows are in a file that can no longer be read.
pub fn shared_rows(training: &Values, evaluation: &Values) -> Result<usize, DataError> {
    let mut seen = HashSet::with_capacity(evaluation.rows());
    let mut hashes = Vec::with_capacity(evaluation.rows());
    evaluation.visit(0..evaluation.rows(), |_, row| hashes.push(hash(row)))?;
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
    fn every_row_that_occurs_in_both_parts_is_counted() {
        let training = Values::F32(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let evaluation = Values::F32(array![[3.0, 4.0], [3.0, 4.5], [3.0, 4.0]]);
        assert_eq!(shared_rows(&training, &evaluation).expect("in memory"), 2);
    }
}
