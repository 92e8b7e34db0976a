//! Count, mean, scatter and range of rows, which can be added up in parts.

use narrows_runtime::ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// The statistics of some rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statistics {
    pub(super) count: u64,
    pub(super) mean: Array1<f64>,
    /// Sum of the products of deviations from the mean, `[features, features]`.
    pub(super) scatter: Array2<f64>,
    pub(super) minimum: Array1<f32>,
    pub(super) maximum: Array1<f32>,
}

impl Statistics {
    /// Computes the statistics of rows, `[rows, features]`, in two passes.
    pub(super) fn of(rows: ArrayView2<'_, f32>) -> Self {
        let (count, features) = rows.dim();
        let values = rows.mapv(f64::from);
        let mean = values.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(features));
        let deviations = values - &mean;
        Statistics {
            count: count as u64,
            scatter: deviations.t().dot(&deviations),
            mean,
            minimum: rows.fold_axis(Axis(0), f32::INFINITY, |low, value| low.min(*value)),
            maximum: rows.fold_axis(Axis(0), f32::NEG_INFINITY, |high, value| high.max(*value)),
        }
    }

    /// Adds the statistics of other rows (Chan et al. 1979, equations 2.1).
    pub(super) fn add(&mut self, other: &Statistics) {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                *self = other.clone();
            }
            return;
        }
        let (own, others) = (self.count as f64, other.count as f64);
        let all = own + others;
        let difference = &other.mean - &self.mean;
        let outer = column(difference.view()).dot(&row(difference.view()));
        self.scatter = &self.scatter + &other.scatter + outer * (own * others / all);
        self.mean = &self.mean + difference * (others / all);
        self.count += other.count;
        self.minimum.zip_mut_with(&other.minimum, |low, value| *low = low.min(*value));
        self.maximum.zip_mut_with(&other.maximum, |high, value| *high = high.max(*value));
    }

    /// Returns the covariance of the rows, which divides by their number.
    pub(super) fn covariance(&self) -> Array2<f64> {
        &self.scatter / self.count.max(1) as f64
    }
}

fn column(values: ArrayView1<'_, f64>) -> ArrayView2<'_, f64> {
    values.insert_axis(Axis(1))
}

fn row(values: ArrayView1<'_, f64>) -> ArrayView2<'_, f64> {
    values.insert_axis(Axis(0))
}

#[cfg(test)]
mod tests {
    use narrows_runtime::ndarray::{ArrayD, Slice};

    use super::*;

    fn close(differences: &ArrayD<f64>, tolerance: f64) -> bool {
        differences.iter().all(|difference| difference.abs() < tolerance)
    }

    #[test]
    fn statistics_of_parts_add_up_to_those_of_all_rows() {
        // Far from zero, where sums of squares would lose all digits.
        let rows = Array2::from_shape_fn((101, 3), |(row, column)| 4096.0 + ((row * 7 + column * 3) % 11) as f32);
        let whole = Statistics::of(rows.view());
        for cut in [0, 1, 50, 101] {
            let mut parts = Statistics::of(rows.slice_axis(Axis(0), Slice::from(..cut)));
            parts.add(&Statistics::of(rows.slice_axis(Axis(0), Slice::from(cut..))));
            assert_eq!((parts.count, &parts.minimum, &parts.maximum), (101, &whole.minimum, &whole.maximum));
            // Sums of 101 doubles of about 4e3, in another order.
            assert!(close(&(&parts.mean - &whole.mean).into_dyn(), 1e-9), "{cut}");
            assert!(close(&(&parts.scatter - &whole.scatter).into_dyn(), 1e-6), "{cut}");
        }
    }
}
