//! Columns of lists, which may be nested: finds their shape and flattens them.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, cast::AsArray};
use arrow_schema::{DataType, Field};

use crate::{error::DataError, source::columnar::numbers::is_number};

/// An error in lists. Rows are numbered from the start of the array.
pub(super) enum Fault {
    Length { row: usize, expected: usize, found: usize },
    Missing { row: usize, column: usize },
    Other(DataError),
}

pub(super) fn is_of_numbers(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_number(item.data_type()) || is_of_numbers(item.data_type())
        }
        _ => false,
    }
}

/// Returns the type of the innermost values, and whether any of them may be missing.
pub(super) fn leaf(field: &Field) -> (&DataType, bool) {
    match field.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            let (kind, may_miss) = leaf(item);
            (kind, may_miss || field.is_nullable())
        }
        kind => (kind, field.is_nullable()),
    }
}

/// Returns the shape of the first list that is not missing.
pub(super) fn shape(array: &ArrayRef) -> Option<Vec<usize>> {
    let Some(lists) = Lists::of(array) else { return Some(Vec::new()) };
    let length = match lists.spans.iter().flatten().next() {
        Some(span) => span.len(),
        None => return None,
    };
    let mut shape = vec![length];
    if length > 0 {
        shape.extend(self::shape(&lists.items)?);
    }
    Some(shape)
}

/// Flattens the lists of all rows. `leaf` converts the innermost items, and returns the index of the first missing
/// value if none may be missing. `missing` replaces the values of a missing list; without it, a missing list is an
/// error.
pub(super) fn flatten<T: Copy>(
    array: &ArrayRef,
    shape: &[usize],
    leaf: &impl Fn(&dyn Array) -> Result<(Vec<T>, Option<usize>), DataError>,
    missing: Option<T>,
) -> Result<Vec<T>, Fault> {
    let (Some((&length, inner)), Some(lists)) = (shape.split_first(), Lists::of(array)) else {
        let (numbers, missing_at) = leaf(array).map_err(Fault::Other)?;
        return match missing_at {
            Some(index) => Err(Fault::Missing { row: index, column: 0 }),
            None => Ok(numbers),
        };
    };
    // Check lengths first: lists of the expected length need no more memory than the file.
    for (row, span) in lists.spans.iter().enumerate() {
        match span {
            Some(span) if span.len() != length => {
                return Err(Fault::Length { row, expected: length, found: span.len() });
            }
            None if missing.is_none() => return Err(Fault::Missing { row, column: 0 }),
            Some(_) | None => {}
        }
    }
    let size: usize = inner.iter().product();
    let row_of = |item: usize| {
        let is_in = |span: &Option<Range<usize>>| span.as_ref().is_some_and(|span| span.contains(&item));
        let row = lists.spans.iter().position(is_in)?;
        Some((row, item - lists.spans[row].as_ref()?.start))
    };
    let items = match flatten(&lists.items, inner, leaf, missing) {
        Ok(items) => items,
        // A row of the items is an item of these lists.
        Err(Fault::Length { row: item, expected, found }) => {
            let row = row_of(item).map_or(0, |(row, _)| row);
            return Err(Fault::Length { row, expected, found });
        }
        Err(Fault::Missing { row: item, column }) => {
            let (row, position) = row_of(item).unwrap_or_default();
            return Err(Fault::Missing { row, column: position * size + column });
        }
        Err(other @ Fault::Other(_)) => return Err(other),
    };
    let mut numbers = Vec::with_capacity(lists.spans.len() * length * size);
    for span in &lists.spans {
        match (span, missing) {
            (Some(span), _) => {
                let values = items.get(span.start * size..span.end * size);
                numbers.extend_from_slice(values.unwrap_or_default());
            }
            (None, Some(missing)) => numbers.extend(std::iter::repeat_n(missing, length * size)),
            (None, None) => {}
        }
    }
    Ok(numbers)
}

/// The lists of a column: all items, and the range of items of each list. A missing list has the span `None`.
struct Lists {
    items: ArrayRef,
    spans: Vec<Option<Range<usize>>>,
}

impl Lists {
    /// Returns `None` if the array does not contain lists.
    fn of(array: &ArrayRef) -> Option<Self> {
        let (items, ends): (_, Vec<usize>) = match array.data_type() {
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                (lists.values(), lists.offsets().iter().map(|&end| end as usize).collect())
            }
            DataType::LargeList(_) => {
                let lists = array.as_list::<i64>();
                (lists.values(), lists.offsets().iter().map(|&end| end as usize).collect())
            }
            DataType::FixedSizeList(_, length) => {
                let lists = array.as_fixed_size_list();
                let length = usize::try_from(*length).unwrap_or(0);
                // A sliced array of lists has sliced values too, so the first list starts at 0.
                (lists.values(), (0..=lists.len()).map(|row| row * length).collect())
            }
            _ => return None,
        };
        // A batch may be a slice of a larger one, so keep only its own items.
        let (first, last) = (*ends.first()?, *ends.last()?);
        let items = items.slice(first, last - first);
        let spans = ends.windows(2).enumerate().map(|(row, ends)| match ends {
            &[start, end] if array.is_valid(row) => Some(start - first..end - first),
            _ => None,
        });
        Some(Lists { spans: spans.collect(), items })
    }
}
