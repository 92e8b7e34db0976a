//! What the training rows of a mixed table are like: moments of numbers and counts, and frequencies of levels.

use narrows_bundle::Scaling;
use narrows_data::{
    DataError, Values,
    statistics::{Per, quantiles},
};

use crate::{network::CellOrder, numeric::LogRate};

/// Sums over the values of a cell that are there.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count.max(1.0)
    }

    fn variance(&self) -> f64 {
        (self.squares / self.count.max(1.0) - self.mean().powi(2)).max(0.0)
    }
}

/// Statistics of the cells over the training rows, without missing values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statistics {
    /// Of scaled numbers, and of counts.
    values: Vec<Sums>,
    /// Of `ln(1 + x)` of counts.
    logs: Vec<Sums>,
    /// The number of rows with each level, of categories.
    levels: Vec<Vec<u64>>,
    /// The number of rows with a level that is not in the vocabulary, of categories.
    unseen: Vec<u64>,
    /// The median of scaled numbers and of counts.
    medians: Vec<f32>,
}

impl Statistics {
    /// Measures the cells of the selected rows; numbers are scaled.
    pub(super) fn of(order: &CellOrder, values: &Values, rows: &[usize], scaling: &Scaling) -> Result<Self, DataError> {
        let cells = order.cells();
        let mut statistics = Statistics {
            values: vec![Sums::default(); cells],
            logs: vec![Sums::default(); cells],
            levels: vec![Vec::new(); cells],
            unseen: vec![0; cells],
            medians: vec![0.0; cells],
        };
        for category in &order.categories {
            statistics.levels[category.cell] = vec![0; category.levels];
        }
        let mut scaled = vec![0f32; cells];
        values.visit(rows.iter().copied(), |_, row| {
            scale(row.floats(), scaling, &mut scaled);
            for &cell in order.numbers.iter().chain(&order.counts).filter(|&&cell| !scaled[cell].is_nan()) {
                statistics.values[cell].add(f64::from(scaled[cell]));
            }
            for &cell in order.counts.iter().filter(|&&cell| !scaled[cell].is_nan()) {
                statistics.logs[cell].add(f64::from(scaled[cell].max(0.0)).ln_1p());
            }
            for category in order.categories.iter().filter(|category| !scaled[category.cell].is_nan()) {
                let level = (scaled[category.cell] as usize).checked_sub(1);
                match level.and_then(|level| statistics.levels[category.cell].get_mut(level)) {
                    Some(count) => *count += 1,
                    None => statistics.unseen[category.cell] += 1,
                }
            }
        })?;
        if order.numeric() > 0 {
            let medians = quantiles(values, rows, &[0.5], Per::Column)?;
            let raw: Vec<f32> = medians.iter().map(|of| of.first().copied().unwrap_or(f32::NAN)).collect();
            scale(raw.into_iter(), scaling, &mut statistics.medians);
        }
        Ok(statistics)
    }

    /// Returns the mean and the variance of a number in scaled units, or of a count.
    pub(super) fn moments(&self, cell: usize) -> (f64, f64) {
        (self.values[cell].mean(), self.values[cell].variance())
    }

    /// Returns the median of a number in scaled units; 0 if no value is there.
    pub(super) fn median(&self, cell: usize) -> f32 {
        Some(self.medians[cell]).filter(|median| !median.is_nan()).unwrap_or(0.0)
    }

    /// Returns the unit of the logit of a count.
    pub(super) fn rate(&self, cell: usize) -> LogRate {
        let deviation = self.logs[cell].variance().sqrt() as f32;
        // A constant count is only centred.
        let deviation = if deviation > 1e-6 { deviation } else { 1.0 };
        LogRate { mean: self.logs[cell].mean() as f32, deviation }
    }

    /// Returns the share of the rows whose level is not in the vocabulary, of those in which the category is there.
    pub(super) fn unseen(&self, cell: usize) -> f64 {
        let (known, unseen) = (self.levels[cell].iter().sum::<u64>(), self.unseen[cell]);
        unseen as f64 / (known + unseen).max(1) as f64
    }

    /// Returns the entropy of the levels of a category in nats: the error of the best constant probabilities.
    pub(super) fn entropy(&self, cell: usize) -> f64 {
        let counts = &self.levels[cell];
        let total = counts.iter().sum::<u64>().max(1) as f64;
        let terms = counts.iter().filter(|&&count| count > 0).map(|&count| count as f64 / total);
        terms.map(|share| -share * share.ln()).sum::<f64>().max(0.0)
    }
}

/// Scales the values of a row.
pub(super) fn scale(row: impl Iterator<Item = f32>, scaling: &Scaling, scaled: &mut [f32]) {
    let constants = scaling.offset.iter().cycle().zip(scaling.scale.iter().cycle());
    for ((scaled, value), (offset, scale)) in scaled.iter_mut().zip(row).zip(constants) {
        *scaled = (value - offset) / scale;
    }
}
