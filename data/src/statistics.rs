//! What the columns of a set are like: extremes, means, quantiles; in passes over the rows, in constant memory.
//!
//! NaN, a missing value, enters none of them.

use crate::{error::DataError, row::Row, values::Values};

/// Counters that a pass for quantiles may take: 64 MB of them.
const MOST_COUNTERS: usize = 1 << 24;

/// A figure for all columns together, or for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// All numbers are taken for one column.
    Set,
    /// A figure a column.
    Column,
}

impl Per {
    fn count(self, values: &Values) -> usize {
        match self {
            Per::Set => 1,
            Per::Column => values.features(),
        }
    }

    /// Which figure a column belongs to.
    fn of(self, column: usize) -> usize {
        match self {
            Per::Set => 0,
            Per::Column => column,
        }
    }
}

/// The lowest and highest number, over these rows; infinite, the wrong way round, where there is none.
///
/// # Errors
/// [`DataError`] when a file cannot be read any more; so have all others here.
pub fn extremes(values: &Values, rows: &[usize], per: Per) -> Result<Vec<(f32, f32)>, DataError> {
    let mut found = vec![(f32::INFINITY, f32::NEG_INFINITY); per.count(values)];
    each_number(values, rows, |column, value| {
        let (low, high) = &mut found[per.of(column)];
        // Neither takes a NaN.
        (*low, *high) = (low.min(value), high.max(value));
    })?;
    Ok(found)
}

/// Mean and standard deviation (of the population), over these rows; 0 and 0 where there is no number.
///
/// In two passes and `f64`: the textbook's one-pass variance cancels where the mean is large.
///
/// # Errors
/// As [`extremes`].
pub fn moments(values: &Values, rows: &[usize], per: Per) -> Result<Vec<(f64, f64)>, DataError> {
    let mut sums = vec![(0.0, 0u64); per.count(values)];
    each_number(values, rows, |column, value| {
        if !value.is_nan() {
            let (sum, count) = &mut sums[per.of(column)];
            *sum += f64::from(value);
            *count += 1;
        }
    })?;
    let means: Vec<f64> = sums.iter().map(|&(sum, count)| sum / count.max(1) as f64).collect();
    let mut squares = vec![0.0; means.len()];
    each_number(values, rows, |column, value| {
        if !value.is_nan() {
            let place = per.of(column);
            squares[place] += (f64::from(value) - means[place]).powi(2);
        }
    })?;
    let deviation = |(square, (_, count)): (f64, &(f64, u64))| (square / (*count).max(1) as f64).sqrt();
    Ok(means.into_iter().zip(squares.into_iter().zip(&sums).map(deviation)).collect())
}

/// The quantiles at these shares, in `[0, 1]`: exact, between two numbers in proportion (as NumPy's default).
/// The outer list is that of the figures; NaN where there is no number.
///
/// # Errors
/// As [`extremes`].
pub fn quantiles(values: &Values, rows: &[usize], shares: &[f64], per: Per) -> Result<Vec<Vec<f32>>, DataError> {
    let figures = per.count(values);
    let mut counts = vec![0u64; figures];
    each_number(values, rows, |column, value| counts[per.of(column)] += u64::from(!value.is_nan()))?;
    // The numbers at two ranks for every figure and share.
    let mut searches = Vec::with_capacity(figures * shares.len());
    for (figure, &count) in counts.iter().enumerate() {
        for &share in shares.iter().filter(|_| count > 0) {
            let place = share.clamp(0.0, 1.0) * (count - 1) as f64;
            searches.push(Search { figure, rank: place.floor() as u64, prefix: 0 });
            searches.push(Search { figure, rank: place.ceil() as u64, prefix: 0 });
        }
    }
    let at_once = (MOST_COUNTERS / BUCKETS).max(1);
    for searches in searches.chunks_mut(at_once) {
        for level in LEVELS {
            narrow(values, rows, per, searches, level)?;
        }
    }
    let mut found = searches.chunks_exact(2);
    let between = |share: f64, count: u64, low: f32, high: f32| {
        let place = share.clamp(0.0, 1.0) * (count - 1) as f64;
        (f64::from(low) + (f64::from(high) - f64::from(low)) * place.fract()) as f32
    };
    let mut figure = |&count: &u64| {
        let share = |&share: &f64| match (count > 0).then(|| found.next()).flatten() {
            Some([low, high]) => between(share, count, unordered(low.prefix), unordered(high.prefix)),
            _ => f32::NAN,
        };
        shares.iter().map(share).collect()
    };
    Ok(counts.iter().map(&mut figure).collect())
}

/// Looks for the number of a rank, a few bits at a time.
struct Search {
    figure: usize,
    /// Among the numbers whose upper bits are the prefix.
    rank: u64,
    prefix: u32,
}

/// Bits that are found already, and bits to find, highest first.
#[derive(Clone, Copy)]
struct Level {
    above: u32,
    bits: u32,
}

const LEVELS: [Level; 3] = [Level { above: 0, bits: 11 }, Level { above: 11, bits: 11 }, Level { above: 22, bits: 10 }];
const BUCKETS: usize = 1 << 11;

/// Finds the next bits of all searches by one pass.
fn narrow(values: &Values, rows: &[usize], per: Per, searches: &mut [Search], level: Level) -> Result<(), DataError> {
    let mut counters = vec![0u32; searches.len() * BUCKETS];
    let first = searches.first().map_or(0, |search| search.figure);
    let last = searches.last().map_or(0, |search| search.figure);
    // Searches are sorted by figure: those of one lie side by side.
    let mut begin = vec![searches.len(); last + 2 - first];
    for (place, search) in searches.iter().enumerate().rev() {
        begin[search.figure - first] = place;
    }
    for figure in (0..=last - first).rev() {
        begin[figure] = begin[figure].min(begin[figure + 1]);
    }
    let shift = 32 - level.above - level.bits;
    each_number(values, rows, |column, value| {
        let figure = per.of(column);
        if value.is_nan() || !(first..=last).contains(&figure) {
            return;
        }
        let bits = ordered(value);
        for place in begin[figure - first]..begin[figure - first + 1] {
            let above = bits.checked_shr(32 - level.above).unwrap_or(0);
            if above == searches[place].prefix.checked_shr(32 - level.above).unwrap_or(0) {
                let bucket = (bits >> shift) as usize & ((1 << level.bits) - 1);
                counters[place * BUCKETS + bucket] += 1;
            }
        }
    })?;
    for (search, counters) in searches.iter_mut().zip(counters.chunks_exact(BUCKETS)) {
        for (bucket, &count) in counters.iter().enumerate() {
            if search.rank < u64::from(count) {
                search.prefix |= (bucket as u32) << shift;
                break;
            }
            search.rank -= u64::from(count);
        }
    }
    Ok(())
}

/// Bits that sort as the numbers do.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

fn each_number(values: &Values, rows: &[usize], mut each: impl FnMut(usize, f32)) -> Result<(), DataError> {
    values.visit(rows.iter().copied(), |_, row| match row {
        Row::U8(row) => row.iter().enumerate().for_each(|(column, &byte)| each(column, f32::from(byte))),
        Row::F32(row) => row.iter().enumerate().for_each(|(column, &value)| each(column, value)),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_are_those_of_the_chosen_rows_and_pass_over_what_is_missing() {
        let values = Values::F32(array![[1.0, f32::NAN], [3.0, 8.0], [99.0, 99.0]]);
        assert_eq!(extremes(&values, &[0, 1], Per::Column).expect("in memory"), [(1.0, 3.0), (8.0, 8.0)]);
        assert_eq!(moments(&values, &[0, 1], Per::Column).expect("in memory"), [(2.0, 1.0), (8.0, 0.0)]);
        assert_eq!(moments(&values, &[0, 1], Per::Set).expect("in memory")[0].0, 4.0);
        let quantiles = quantiles(&values, &[0, 1], &[0.5, 1.0], Per::Column).expect("in memory");
        assert_eq!(quantiles, [[2.0, 3.0], [8.0, 8.0]]);
    }

    #[test]
    fn a_large_mean_cancels_nothing() {
        let values = Values::F32(array![[1_000_000.0], [1_000_001.0]]);
        assert_eq!(moments(&values, &[0, 1], Per::Column).expect("in memory"), [(1_000_000.5, 0.5)]);
    }

    #[test]
    fn no_number_at_all_has_no_quantile() {
        let values = Values::F32(array![[f32::NAN, 1.0]]);
        let found = quantiles(&values, &[0], &[0.5], Per::Column).expect("in memory");
        assert!(found[0][0].is_nan() && found[1] == [1.0], "{found:?}");
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_numbers(
            numbers in prop::collection::vec(-1e6f32..1e6, 3..200),
            share in 0.0f64..=1.0,
        ) {
            let columns = 3;
            let rows = numbers.len() / columns;
            let values = Array2::from_shape_fn((rows, columns), |(row, column)| numbers[row * columns + column]);
            let all: Vec<usize> = (0..rows).collect();
            let found = quantiles(&Values::F32(values.clone()), &all, &[share], Per::Column).expect("in memory");
            for (column, found) in values.columns().into_iter().zip(found) {
                let mut sorted = column.to_vec();
                sorted.sort_by(f32::total_cmp);
                let place = share * (rows - 1) as f64;
                let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
                let expected = f64::from(low) + (f64::from(high) - f64::from(low)) * place.fract();
                prop_assert_eq!(found[0], expected as f32);
            }
        }
    }
}
