//! Where the codes of a model lie: the mean and the standard deviation of each latent dimension.

use ndarray::{Array1, ArrayView2};

/// Mean and standard deviation of codes in each latent dimension: of the prior, or of the codes of some samples.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CodeSpread {
    /// Means, `[latent]`.
    pub mean: Array1<f64>,
    /// Standard deviations, `[latent]`.
    pub deviation: Array1<f64>,
}

/// Computes a [`CodeSpread`] from codes, a batch at a time, in constant memory (Welford 1962).
///
/// ```
/// use narrows_runtime::{CodeMoments, ndarray::array};
///
/// let mut moments = CodeMoments::new(2);
/// moments.add(array![[1.0, 0.0], [3.0, 0.0]].view());
/// let spread = moments.spread();
/// assert_eq!((spread.mean[0], spread.deviation[0]), (2.0, 1.0));
/// ```
#[derive(Debug, Clone)]
pub struct CodeMoments {
    count: usize,
    mean: Array1<f64>,
    /// Sums of the squared differences from the mean.
    squares: Array1<f64>,
}

impl CodeMoments {
    /// Creates moments of no codes.
    pub fn new(latent_dim: usize) -> Self {
        CodeMoments { count: 0, mean: Array1::zeros(latent_dim), squares: Array1::zeros(latent_dim) }
    }

    /// Adds codes, `[batch, latent]`. Values of dimensions beyond those of [`CodeMoments::new`] are ignored.
    pub fn add(&mut self, codes: ArrayView2<'_, f32>) {
        for code in codes.outer_iter() {
            self.count += 1;
            for ((&value, mean), squares) in code.iter().zip(&mut self.mean).zip(&mut self.squares) {
                let difference = f64::from(value) - *mean;
                *mean += difference / self.count as f64;
                *squares += difference * (f64::from(value) - *mean);
            }
        }
    }

    /// Returns the number of codes.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the means and the standard deviations, with the number of codes as divisor; zeros for no codes.
    pub fn spread(&self) -> CodeSpread {
        let divisor = self.count.max(1) as f64;
        CodeSpread { mean: self.mean.clone(), deviation: self.squares.mapv(|squares| (squares / divisor).sqrt()) }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array, s};

    use super::*;

    #[test]
    fn moments_of_batches_are_those_of_all_codes() {
        let codes = Array2::from_shape_fn((1000, 3), |(row, column)| ((row * 7 + column) % 13) as f32 + 1000.0);
        let mut moments = CodeMoments::new(3);
        for batch in [s![..1, ..], s![1..400, ..], s![400.., ..]] {
            moments.add(codes.slice(batch));
        }
        let (spread, exact) = (moments.spread(), codes.mapv(f64::from));
        assert_eq!(moments.count(), 1000);
        for dimension in 0..3 {
            let column = exact.column(dimension);
            assert!((spread.mean[dimension] - column.mean().expect("not empty")).abs() < 1e-9);
            assert!((spread.deviation[dimension] - column.std(0.0)).abs() < 1e-9);
        }
        assert_eq!(CodeMoments::new(2).spread().mean, array![0.0, 0.0]);
    }
}
