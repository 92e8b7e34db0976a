//! Columns of lists, which may be nested: their shape, and their numbers one after the other.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, cast::AsArray};
use arrow_schema::{DataType, Field};

use crate::{error::DataError, source::columnar::numbers::is_number};

/// What is wrong with lists; rows count from the first of the array.
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

/// The type of the numbers, and whether any may be missing.
pub(super) fn leaf(field: &Field) -> (&DataType, bool) {
    match field.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            let (kind, may_miss) = leaf(item);
            (kind, may_miss || field.is_nullable())
        }
        kind => (kind, field.is_nullable()),
    }
}

/// The shape of the first list that is there.
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

/// The numbers of all rows, as `leaf` makes them of the innermost items; it says, too, which one is missing and
/// must not be. `missing` stands for the numbers of a list that is missing; without it that is a fault.
pub(super) fn flatten<T: Copy>(
    array: &ArrayRef,
    shape: &[usize],
    leaf: &impl Fn(&dyn Array) -> Result<(Vec<T>, Option<usize>), DataError>,
    missing: Option<T>,
) -> Result<Vec<T>, Fault> {
    let (Some((&length, inner)), Some(lists)) = (shape.split_first(), Lists::of(array)) else {
        let (numbers, without) = leaf(array).map_err(Fault::Other)?;
        return match without {
            Some(place) => Err(Fault::Missing { row: place, column: 0 }),
            None => Ok(numbers),
        };
    };
    // Lengths first: what lies in lists of the right length takes no more memory than was read.
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
    let row_of = |place: usize| {
        let is_in = |span: &Option<Range<usize>>| span.as_ref().is_some_and(|span| span.contains(&place));
        let row = lists.spans.iter().position(is_in)?;
        Some((row, place - lists.spans[row].as_ref()?.start))
    };
    let items = match flatten(&lists.items, inner, leaf, missing) {
        Ok(items) => items,
        // Rows of the items are places in the lists.
        Err(Fault::Length { row: place, expected, found }) => {
            let row = row_of(place).map_or(0, |(row, _)| row);
            return Err(Fault::Length { row, expected, found });
        }
        Err(Fault::Missing { row: place, column }) => {
            let (row, place) = row_of(place).unwrap_or_default();
            return Err(Fault::Missing { row, column: place * size + column });
        }
        Err(other @ Fault::Other(_)) => return Err(other),
    };
    let mut numbers = Vec::with_capacity(lists.spans.len() * length * size);
    for span in &lists.spans {
        match (span, missing) {
            (Some(span), _) => {
                let within = items.get(span.start * size..span.end * size);
                numbers.extend_from_slice(within.unwrap_or_default());
            }
            (None, Some(missing)) => numbers.extend(std::iter::repeat_n(missing, length * size)),
            (None, None) => {}
        }
    }
    Ok(numbers)
}

/// The lists of a column: where in the items each lies, `None` for one that is missing.
struct Lists {
    items: ArrayRef,
    spans: Vec<Option<Range<usize>>>,
}

impl Lists {
    /// `None` for an array of anything else.
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
                // What is left of a longer array begins at the offset that its values were cut to.
                (lists.values(), (0..=lists.len()).map(|row| row * length).collect())
            }
            _ => return None,
        };
        // A batch may be part of a larger one: only its own items are of interest.
        let (first, last) = (*ends.first()?, *ends.last()?);
        let items = items.slice(first, last - first);
        let spans = ends.windows(2).enumerate().map(|(row, ends)| match ends {
            &[start, end] if array.is_valid(row) => Some(start - first..end - first),
            _ => None,
        });
        Some(Lists { spans: spans.collect(), items })
    }
}
