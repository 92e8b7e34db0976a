//! Memory for results, asked for before it is taken: a count may come from a user.

use crate::Error;

/// Whether `rows` rows of `width` numbers can be had; they are not kept.
///
/// # Errors
/// [`Error::TooMany`].
pub(crate) fn check_room(rows: usize, width: usize) -> Result<(), Error> {
    let total = rows.checked_mul(width);
    let is_there = total.is_some_and(|total| Vec::<f32>::new().try_reserve_exact(total).is_ok());
    if is_there { Ok(()) } else { Err(Error::TooMany { rows, width }) }
}

/// The same label for every row.
///
/// # Errors
/// [`Error::TooMany`].
pub(crate) fn repeated(label: i64, rows: usize) -> Result<Vec<i64>, Error> {
    let mut labels = Vec::new();
    labels.try_reserve_exact(rows).map_err(|_| Error::TooMany { rows, width: 1 })?;
    labels.resize(rows, label);
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_an_error_and_what_it_has_is_none() {
        for (rows, width) in [(usize::MAX, 2), (usize::MAX / 4, 1), (1 << 50, 1 << 10)] {
            assert!(matches!(check_room(rows, width), Err(Error::TooMany { .. })), "{rows} rows of {width}");
        }
        assert!(matches!(repeated(1, usize::MAX / 4), Err(Error::TooMany { .. })));
        assert!(check_room(1000, 1000).is_ok());
        assert_eq!(repeated(7, 3).expect("three numbers"), [7, 7, 7]);
    }
}
