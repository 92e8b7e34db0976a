//! Streaming mean, minimum, maximum and percentiles, in constant memory.

use serde_json::{Value, json};

/// Number of values up to which all values are stored and percentiles are exact. Beyond it, values are counted in
/// buckets.
const MAX_STORED: usize = 1 << 20;
/// Number of leading bits of a 32-bit float that select its bucket. Half the width of a bucket is at most a
/// thousandth of the value.
const BUCKET_BITS: u32 = 18;

/// Summary of the values so far. NaN is counted separately and is not part of any figure.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    sum: f64,
    min: f64,
    max: f64,
    count: usize,
    nan_count: usize,
    stored: Vec<f32>,
    /// Count of the values in each bucket; empty while all values are stored.
    buckets: Vec<usize>,
}

impl Default for Summary {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Summary { sum: 0.0, min, max, count: 0, nan_count: 0, stored: Vec::new(), buckets: Vec::new() }
    }
}

impl Summary {
    /// Adds a value.
    pub(crate) fn add(&mut self, value: f64) {
        if value.is_nan() {
            self.nan_count += 1;
            return;
        }
        self.sum += value;
        self.count += 1;
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
        if self.stored.len() == MAX_STORED {
            self.buckets = vec![0; 1 << BUCKET_BITS];
            std::mem::take(&mut self.stored).into_iter().for_each(|value| self.count_in_bucket(value));
        }
        match self.buckets.is_empty() {
            true => self.stored.push(value as f32),
            false => self.count_in_bucket(value as f32),
        }
    }

    fn count_in_bucket(&mut self, value: f32) {
        if let Some(bucket) = self.buckets.get_mut((to_ordered_bits(value) >> (32 - BUCKET_BITS)) as usize) {
            *bucket += 1;
        }
    }

    /// Names of the figures, in the order of [`Summary::figures`].
    pub(crate) const FIGURES: [&'static str; 6] = ["mean", "min", "p05", "p50", "p95", "max"];

    /// Returns the figures; all NaN if there was no value.
    pub(crate) fn figures(mut self) -> [f64; 6] {
        if self.count == 0 {
            return [f64::NAN; 6];
        }
        self.stored.sort_unstable_by(f32::total_cmp);
        let [p05, median, p95] = [0.05, 0.5, 0.95].map(|fraction| self.quantile(fraction));
        [self.sum / self.count as f64, self.min, p05, median, p95, self.max]
    }

    /// Returns the figures by name, and the number of NaN values as `nan`.
    pub(crate) fn json(self) -> Value {
        let mut object = json!({ "nan": self.nan_count });
        for (name, figure) in Self::FIGURES.into_iter().zip(self.figures()) {
            object[name] = json!(figure);
        }
        object
    }

    /// Returns a quantile, interpolated linearly between neighbouring values (the default of NumPy). A value in a
    /// bucket counts as the middle of the bucket.
    fn quantile(&self, fraction: f64) -> f64 {
        let position = fraction * (self.count - 1) as f64;
        let value_at = |rank: usize| -> f64 {
            if self.buckets.is_empty() {
                return self.stored.get(rank).copied().map_or(f64::NAN, f64::from);
            }
            let mut below = 0;
            let bucket = self.buckets.iter().position(|&count| {
                below += count;
                rank < below
            });
            let middle =
                |bucket: usize| from_ordered_bits((bucket as u32) << (32 - BUCKET_BITS) | 1 << (31 - BUCKET_BITS));
            bucket.map_or(f64::NAN, |bucket| f64::from(middle(bucket)).clamp(self.min, self.max))
        };
        let (low, high) = (value_at(position.floor() as usize), value_at(position.ceil() as usize));
        if low == high { low } else { low + (high - low) * position.fract() }
    }
}

/// Maps a float to bits whose integer order is the order of the floats.
fn to_ordered_bits(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Inverse of [`to_ordered_bits`].
fn from_ordered_bits(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: impl IntoIterator<Item = f64>) -> [f64; 6] {
        let mut summary = Summary::default();
        values.into_iter().for_each(|value| summary.add(value));
        summary.figures()
    }

    #[test]
    fn figures_of_few_values_are_exact_and_ignore_nan() {
        let actual = figures((0..=100).map(f64::from).chain([f64::NAN]));
        assert_eq!(actual, [50.0, 0.0, 5.0, 50.0, 95.0, 100.0]);
        assert!(figures([]).iter().all(|figure| figure.is_nan()));
        assert_eq!(figures([f64::INFINITY, f64::INFINITY])[3], f64::INFINITY);
    }

    #[test]
    fn percentiles_of_many_values_have_a_relative_error_of_at_most_a_thousandth() {
        let count = 3 * MAX_STORED;
        let value = |index: usize| ((index * 7919) % count) as f64 - 100_000.0;
        let [mean, low, p05, p50, p95, high] = figures((0..count).map(value));
        let last = (count - 1) as f64;
        let exact = |fraction: f64| fraction * last - 100_000.0;
        assert_eq!((low, high), (exact(0.0), exact(1.0)));
        for (actual, expected) in [(mean, exact(0.5)), (p05, exact(0.05)), (p50, exact(0.5)), (p95, exact(0.95))] {
            assert!((actual - expected).abs() <= 1e-3 * expected.abs() + 1.0, "got {actual}, expected {expected}");
        }
    }
}
