//! Mean, extremes and percentiles of numbers that come one after the other, in constant memory.

use serde_json::{Value, json};

/// So many numbers are kept, and their percentiles are exact; beyond, they are counted in buckets.
const MOST_KEPT: usize = 1 << 20;
/// Bits of a single-precision number that tell its bucket: half a bucket is a thousandth of the number.
const BITS: u32 = 18;

/// What is known of the numbers so far. NaN enters none of the figures and is counted apart.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    sum: f64,
    low: f64,
    high: f64,
    count: usize,
    not_numbers: usize,
    kept: Vec<f32>,
    /// Empty as long as all are kept.
    buckets: Vec<usize>,
}

impl Default for Summary {
    fn default() -> Self {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        Summary { sum: 0.0, low, high, count: 0, not_numbers: 0, kept: Vec::new(), buckets: Vec::new() }
    }
}

impl Summary {
    /// Adds a number.
    pub(crate) fn add(&mut self, value: f64) {
        if value.is_nan() {
            self.not_numbers += 1;
            return;
        }
        self.sum += value;
        self.count += 1;
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        if self.kept.len() == MOST_KEPT {
            self.buckets = vec![0; 1 << BITS];
            std::mem::take(&mut self.kept).into_iter().for_each(|value| self.put(value));
        }
        match self.buckets.is_empty() {
            true => self.kept.push(value as f32),
            false => self.put(value as f32),
        }
    }

    fn put(&mut self, value: f32) {
        if let Some(bucket) = self.buckets.get_mut((ordered(value) >> (32 - BITS)) as usize) {
            *bucket += 1;
        }
    }

    /// The names of the figures, in the order of [`Summary::figures`].
    pub(crate) const FIGURES: [&'static str; 6] = ["mean", "min", "p05", "p50", "p95", "max"];

    /// NaN where there was no number.
    pub(crate) fn figures(mut self) -> [f64; 6] {
        if self.count == 0 {
            return [f64::NAN; 6];
        }
        self.kept.sort_unstable_by(f32::total_cmp);
        let [low, middle, high] = [0.05, 0.5, 0.95].map(|share| self.quantile(share));
        [self.sum / self.count as f64, self.low, low, middle, high, self.high]
    }

    /// The figures by name, and how many numbers were none.
    pub(crate) fn json(self) -> Value {
        let not_numbers = self.not_numbers;
        let mut object = json!({ "nan": not_numbers });
        for (name, figure) in Self::FIGURES.into_iter().zip(self.figures()) {
            object[name] = json!(figure);
        }
        object
    }

    /// Between two numbers in proportion (as NumPy's default); of a bucket, its middle.
    fn quantile(&self, share: f64) -> f64 {
        let place = share * (self.count - 1) as f64;
        let at = |rank: usize| -> f64 {
            if self.buckets.is_empty() {
                return self.kept.get(rank).copied().map_or(f64::NAN, f64::from);
            }
            let mut below = 0;
            let bucket = self.buckets.iter().position(|&count| {
                below += count;
                rank < below
            });
            let middle = |bucket: usize| unordered((bucket as u32) << (32 - BITS) | 1 << (31 - BITS));
            bucket.map_or(f64::NAN, |bucket| f64::from(middle(bucket)).clamp(self.low, self.high))
        };
        let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
        if low == high { low } else { low + (high - low) * place.fract() }
    }
}

/// Bits that sort as the numbers do.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(numbers: impl IntoIterator<Item = f64>) -> [f64; 6] {
        let mut summary = Summary::default();
        numbers.into_iter().for_each(|number| summary.add(number));
        summary.figures()
    }

    #[test]
    fn figures_of_few_numbers_are_exact_and_pass_over_nan() {
        let found = figures((0..=100).map(f64::from).chain([f64::NAN]));
        assert_eq!(found, [50.0, 0.0, 5.0, 50.0, 95.0, 100.0]);
        assert!(figures([]).iter().all(|figure| figure.is_nan()));
        assert_eq!(figures([f64::INFINITY, f64::INFINITY])[3], f64::INFINITY);
    }

    #[test]
    fn percentiles_of_many_numbers_are_right_to_a_thousandth() {
        let count = 3 * MOST_KEPT;
        let number = |index: usize| ((index * 7919) % count) as f64 - 100_000.0;
        let [mean, low, p05, p50, p95, high] = figures((0..count).map(number));
        let last = (count - 1) as f64;
        let exact = |share: f64| share * last - 100_000.0;
        assert_eq!((low, high), (exact(0.0), exact(1.0)));
        for (found, expected) in [(mean, exact(0.5)), (p05, exact(0.05)), (p50, exact(0.5)), (p95, exact(0.95))] {
            assert!((found - expected).abs() <= 1e-3 * expected.abs() + 1.0, "{found} is not {expected}");
        }
    }
}
