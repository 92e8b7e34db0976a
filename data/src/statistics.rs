//! Statistics of data: minimum and maximum, mean and standard deviation, quantiles. Each takes a few passes over the
//! rows and constant memory.
//!
//! All of them ignore NaN, which represents a missing value.

use crate::{error::DataError, row::Row, values::Values};

/// The maximum number of counters in a pass for quantiles: 64 MB.
const MAX_COUNTERS: usize = 1 << 24;

/// Whether to compute a statistic per column or over all values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// One statistic over all values.
    Set,
    /// One statistic per column.
    Column,
    /// One statistic per channel of series, each of which has this many consecutive values in a sample. A time step in
    /// several windows of a recording counts once.
    Channel(usize),
}

impl Per {
    fn count(self, values: &Values) -> usize {
        match self {
            Per::Set => 1,
            Per::Column => values.features(),
            Per::Channel(length) => values.features() / length.max(1),
        }
    }

    /// Returns the index of the statistic to which a column belongs.
    fn of(self, column: usize) -> usize {
        match self {
            Per::Set => 0,
            Per::Column => column,
            Per::Channel(length) => column / length.max(1),
        }
    }
}

/// Returns the minimum and maximum over the given rows, or `(inf, -inf)` if there are no values.
///
/// # Errors
/// [`DataError`] if the rows are in a file that can no longer be read.
pub fn extremes(values: &Values, rows: &[usize], per: Per) -> Result<Vec<(f32, f32)>, DataError> {
    let mut bounds = vec![(f32::INFINITY, f32::NEG_INFINITY); per.count(values)];
    for_each_value(values, rows, per, |column, value| {
        let (low, high) = &mut bounds[per.of(column)];
        // `min` and `max` ignore NaN.
        (*low, *high) = (low.min(value), high.max(value));
    })?;
    Ok(bounds)
}

/// Returns the mean and the population standard deviation over the given rows, or `(0, 0)` if there are no values.
///
/// Uses two passes and `f64`: the one-pass formula for the variance suffers from cancellation if the mean is large.
///
/// # Errors
/// Those of [`extremes`].
pub fn moments(values: &Values, rows: &[usize], per: Per) -> Result<Vec<(f64, f64)>, DataError> {
    let mut sums = vec![(0.0, 0u64); per.count(values)];
    for_each_value(values, rows, per, |column, value| {
        if !value.is_nan() {
            let (sum, count) = &mut sums[per.of(column)];
            *sum += f64::from(value);
            *count += 1;
        }
    })?;
    let means: Vec<f64> = sums.iter().map(|&(sum, count)| sum / count.max(1) as f64).collect();
    let mut squares = vec![0.0; means.len()];
    for_each_value(values, rows, per, |column, value| {
        if !value.is_nan() {
            let statistic = per.of(column);
            squares[statistic] += (f64::from(value) - means[statistic]).powi(2);
        }
    })?;
    let deviation = |(square, (_, count)): (f64, &(f64, u64))| (square / (*count).max(1) as f64).sqrt();
    Ok(means.into_iter().zip(squares.into_iter().zip(&sums).map(deviation)).collect())
}

/// Returns the quantiles at `fractions`, each in `[0, 1]`: exact, with linear interpolation (the default of NumPy).
///
/// The outer list has one entry per statistic, the inner list one per fraction. NaN if there are no values.
///
/// # Errors
/// Those of [`extremes`].
pub fn quantiles(values: &Values, rows: &[usize], fractions: &[f64], per: Per) -> Result<Vec<Vec<f32>>, DataError> {
    let statistics = per.count(values);
    let mut counts = vec![0u64; statistics];
    for_each_value(values, rows, per, |column, value| counts[per.of(column)] += u64::from(!value.is_nan()))?;
    // Each quantile interpolates between the values at two ranks.
    let mut searches = Vec::with_capacity(statistics * fractions.len());
    for (statistic, &count) in counts.iter().enumerate() {
        for &fraction in fractions.iter().filter(|_| count > 0) {
            let rank = fraction.clamp(0.0, 1.0) * (count - 1) as f64;
            searches.push(Search { statistic, rank: rank.floor() as u64, prefix: 0 });
            searches.push(Search { statistic, rank: rank.ceil() as u64, prefix: 0 });
        }
    }
    let at_once = (MAX_COUNTERS / BUCKETS).max(1);
    for searches in searches.chunks_mut(at_once) {
        for level in LEVELS {
            narrow(values, rows, per, searches, level)?;
        }
    }
    let mut pairs = searches.chunks_exact(2);
    let interpolate = |fraction: f64, count: u64, low: f32, high: f32| {
        let rank = fraction.clamp(0.0, 1.0) * (count - 1) as f64;
        (f64::from(low) + (f64::from(high) - f64::from(low)) * rank.fract()) as f32
    };
    let mut quantiles_of = |&count: &u64| {
        let quantile = |&fraction: &f64| match (count > 0).then(|| pairs.next()).flatten() {
            Some([low, high]) => interpolate(fraction, count, unordered(low.prefix), unordered(high.prefix)),
            _ => f32::NAN,
        };
        fractions.iter().map(quantile).collect()
    };
    Ok(counts.iter().map(&mut quantiles_of).collect())
}

/// A search for the value at a rank, which finds a few bits of the value per pass.
struct Search {
    statistic: usize,
    /// The rank among the values whose upper bits equal `prefix`.
    rank: u64,
    prefix: u32,
}

/// A pass: `above` is the number of upper bits that are known, `bits` the number of bits to find next.
#[derive(Clone, Copy)]
struct Level {
    above: u32,
    bits: u32,
}

const LEVELS: [Level; 3] = [Level { above: 0, bits: 11 }, Level { above: 11, bits: 11 }, Level { above: 22, bits: 10 }];
const BUCKETS: usize = 1 << 11;

/// Finds the next bits of all searches in one pass.
fn narrow(values: &Values, rows: &[usize], per: Per, searches: &mut [Search], level: Level) -> Result<(), DataError> {
    let mut counters = vec![0u32; searches.len() * BUCKETS];
    let first = searches.first().map_or(0, |search| search.statistic);
    let last = searches.last().map_or(0, |search| search.statistic);
    // Searches are sorted by statistic. `start` holds the index of the first search of each statistic.
    let mut start = vec![searches.len(); last + 2 - first];
    for (index, search) in searches.iter().enumerate().rev() {
        start[search.statistic - first] = index;
    }
    for statistic in (0..=last - first).rev() {
        start[statistic] = start[statistic].min(start[statistic + 1]);
    }
    let shift = 32 - level.above - level.bits;
    for_each_value(values, rows, per, |column, value| {
        let statistic = per.of(column);
        if value.is_nan() || !(first..=last).contains(&statistic) {
            return;
        }
        let bits = ordered(value);
        for index in start[statistic - first]..start[statistic - first + 1] {
            let above = bits.checked_shr(32 - level.above).unwrap_or(0);
            if above == searches[index].prefix.checked_shr(32 - level.above).unwrap_or(0) {
                let bucket = (bits >> shift) as usize & ((1 << level.bits) - 1);
                counters[index * BUCKETS + bucket] += 1;
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

/// Maps a float to bits whose unsigned order is the order of the floats.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The inverse of [`ordered`].
fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

/// Calls `each` with the column and the value of every value in the given rows.
fn for_each_value(
    values: &Values,
    rows: &[usize],
    per: Per,
    mut each: impl FnMut(usize, f32),
) -> Result<(), DataError> {
    match (values.windows(), per) {
        (Some(windows), Per::Set | Per::Channel(_)) => {
            // The first column of each channel stands for the channel.
            let length = windows.features() / windows.channels().max(1);
            windows.visit_covered(rows.iter().copied(), |step| {
                step.floats().enumerate().for_each(|(channel, value)| each(channel * length, value));
            })
        }
        (Some(_), Per::Column) | (None, _) => values.visit(rows.iter().copied(), |_, row| match row {
            Row::U8(row) => row.iter().enumerate().for_each(|(column, &byte)| each(column, f32::from(byte))),
            Row::F32(row) => row.iter().enumerate().for_each(|(column, &value)| each(column, value)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn statistics_use_the_selected_rows_and_ignore_missing_values() {
        let values = Values::F32(array![[1.0, f32::NAN], [3.0, 8.0], [99.0, 99.0]]);
        assert_eq!(extremes(&values, &[0, 1], Per::Column).expect("in memory"), [(1.0, 3.0), (8.0, 8.0)]);
        assert_eq!(moments(&values, &[0, 1], Per::Column).expect("in memory"), [(2.0, 1.0), (8.0, 0.0)]);
        assert_eq!(moments(&values, &[0, 1], Per::Set).expect("in memory")[0].0, 4.0);
        let quantiles = quantiles(&values, &[0, 1], &[0.5, 1.0], Per::Column).expect("in memory");
        assert_eq!(quantiles, [[2.0, 3.0], [8.0, 8.0]]);
    }

    #[test]
    fn a_channel_has_one_statistic_over_all_its_values() {
        let values = Values::F32(array![[1.0, 2.0, 10.0, 20.0], [3.0, 6.0, 30.0, 60.0]]);
        assert_eq!(extremes(&values, &[0, 1], Per::Channel(2)).expect("in memory"), [(1.0, 6.0), (10.0, 60.0)]);
        assert_eq!(moments(&values, &[0], Per::Channel(2)).expect("in memory"), [(1.5, 0.5), (15.0, 5.0)]);
        let medians = quantiles(&values, &[0, 1], &[0.5], Per::Channel(2)).expect("in memory");
        assert_eq!(medians, [[2.5], [25.0]]);
    }

    #[test]
    fn the_deviation_is_exact_with_a_large_mean() {
        let values = Values::F32(array![[1_000_000.0], [1_000_001.0]]);
        assert_eq!(moments(&values, &[0, 1], Per::Column).expect("in memory"), [(1_000_000.5, 0.5)]);
    }

    #[test]
    fn the_quantile_of_no_values_is_nan() {
        let values = Values::F32(array![[f32::NAN, 1.0]]);
        let quantiles = quantiles(&values, &[0], &[0.5], Per::Column).expect("in memory");
        assert!(quantiles[0][0].is_nan() && quantiles[1] == [1.0], "{quantiles:?}");
    }

    proptest! {
        #[test]
        fn quantiles_match_those_of_the_sorted_values(
            numbers in prop::collection::vec(-1e6f32..1e6, 3..200),
            fraction in 0.0f64..=1.0,
        ) {
            let columns = 3;
            let rows = numbers.len() / columns;
            let values = Array2::from_shape_fn((rows, columns), |(row, column)| numbers[row * columns + column]);
            let all: Vec<usize> = (0..rows).collect();
            let quantiles = quantiles(&Values::F32(values.clone()), &all, &[fraction], Per::Column).expect("in memory");
            for (column, quantile) in values.columns().into_iter().zip(quantiles) {
                let mut sorted = column.to_vec();
                sorted.sort_by(f32::total_cmp);
                let rank = fraction * (rows - 1) as f64;
                let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
                let expected = f64::from(low) + (f64::from(high) - f64::from(low)) * rank.fract();
                prop_assert_eq!(quantile[0], expected as f32);
            }
        }
    }
}
