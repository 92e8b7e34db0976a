//! Memory checks before large allocations, because the number of rows may come from a user.

use crate::Error;

/// Checks that `rows` rows of `width` values can be allocated; the memory is released again.
///
/// # Errors
/// [`Error::TooMany`].
pub(crate) fn check_memory(rows: usize, width: usize) -> Result<(), Error> {
    let total = rows.checked_mul(width);
    let is_available = total.is_some_and(|total| Vec::<f32>::new().try_reserve_exact(total).is_ok());
    if is_available { Ok(()) } else { Err(Error::TooMany { rows, width }) }
}

/// Returns a vector with the same label for every row.
///
/// # Errors
/// [`Error::TooMany`].
pub(crate) fn repeated_label(label: i64, rows: usize) -> Result<Vec<i64>, Error> {
    let mut labels = Vec::new();
    labels.try_reserve_exact(rows).map_err(|_| Error::TooMany { rows, width: 1 })?;
    labels.resize(rows, label);
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_errors_and_small_ones_are_accepted() {
        for (rows, width) in [(usize::MAX, 2), (usize::MAX / 4, 1), (1 << 50, 1 << 10)] {
            assert!(matches!(check_memory(rows, width), Err(Error::TooMany { .. })), "{rows} rows of {width}");
        }
        assert!(matches!(repeated_label(1, usize::MAX / 4), Err(Error::TooMany { .. })));
        assert!(check_memory(1000, 1000).is_ok());
        assert_eq!(repeated_label(7, 3).expect("three labels"), [7, 7, 7]);
    }
}
