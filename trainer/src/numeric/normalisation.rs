//! Normalisation to mean 0 and variance 1: of each channel over a batch, or of each row.
//!
//! Values are stored with the channels last, so a block of rows is a list of positions with one value per channel.

use super::{vectorized::vectorized, write::Write};

/// Added to a variance before its root is taken, as in PyTorch and Keras.
pub(crate) const EPSILON: f32 = 1e-5;

/// Number of positions whose sums are accumulated in 32 bits before they are added in 64 bits.
const CHUNK: usize = 64;

/// Mean and variance of each channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    /// Number of values per channel.
    count: usize,
    mean: Vec<f64>,
    /// Sums of the squared deviations from the mean.
    squares: Vec<f64>,
}

impl Moments {
    /// Computes the moments of a block of rows. The mean is subtracted before squaring, so large means cost no
    /// precision.
    pub(crate) fn of(x: &[f32], channels: usize) -> Self {
        let count = x.len() / channels.max(1);
        let mean = scaled(sums(x, channels, |_, x| x), count);
        let shifts: Vec<f32> = mean.iter().map(|&mean| mean as f32).collect();
        let deviations = sums(x, channels, |channel, x| x - shifts[channel]);
        let squares = sums(x, channels, |channel, x| {
            let deviation = x - shifts[channel];
            deviation * deviation
        });
        // The means were rounded to 32 bits for the deviations.
        let squares = squares.iter().zip(&deviations).map(|(square, sum)| square - sum * sum / count.max(1) as f64);
        let squares = squares.map(|square| square.max(0.0)).collect();
        let mean = shifts.iter().zip(scaled(deviations, count)).map(|(&shift, rest)| f64::from(shift) + rest);
        Moments { count, mean: mean.collect(), squares }
    }

    /// Combines the moments of two blocks of rows (Chan et al. 1979).
    pub(crate) fn merge(self, other: &Moments) -> Self {
        let count = self.count + other.count;
        if self.count == 0 || count == 0 {
            return other.clone();
        }
        let fraction = other.count as f64 / count as f64;
        let weight = self.count as f64 * fraction;
        let deltas: Vec<f64> = other.mean.iter().zip(&self.mean).map(|(other, mean)| other - mean).collect();
        let squares = self.squares.iter().zip(&other.squares).zip(&deltas);
        Moments {
            count,
            mean: self.mean.iter().zip(&deltas).map(|(mean, delta)| mean + delta * fraction).collect(),
            squares: squares.map(|((square, other), delta)| square + other + delta * delta * weight).collect(),
        }
    }

    /// Returns the means in 32 bits.
    pub(crate) fn means(&self) -> Vec<f32> {
        self.mean.iter().map(|&mean| mean as f32).collect()
    }

    /// Returns the variances: the mean squared deviations.
    pub(crate) fn variances(&self) -> Vec<f32> {
        self.squares.iter().map(|square| (square / self.count.max(1) as f64) as f32).collect()
    }

    /// Returns the number of values per channel.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

/// The sums of a block of rows on which the gradient of a normalisation over the batch depends: of `dy`, and of the
/// products of `dy` and `y`, per channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GradientSums {
    count: usize,
    dy: Vec<f64>,
    products: Vec<f64>,
}

impl GradientSums {
    /// Computes the sums of a block of rows.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub(crate) fn of(y: &[f32], dy: &[f32], channels: usize) -> Self {
        assert_eq!(y.len(), dy.len(), "one gradient per value");
        let mut products = vec![0.0; channels];
        let width = CHUNK * channels.max(1);
        for (y, dy) in y.chunks(width).zip(dy.chunks(width)) {
            let mut chunk = vec![0f32; channels];
            vectorized(
                #[inline(always)]
                || {
                    for (y, dy) in y.chunks_exact(channels.max(1)).zip(dy.chunks_exact(channels.max(1))) {
                        for ((sum, y), dy) in chunk.iter_mut().zip(y).zip(dy) {
                            *sum += y * dy;
                        }
                    }
                },
            );
            products.iter_mut().zip(&chunk).for_each(|(sum, &chunk)| *sum += f64::from(chunk));
        }
        GradientSums { count: y.len() / channels.max(1), dy: sums(dy, channels, |_, dy| dy), products }
    }

    /// Adds the sums of another block of rows.
    pub(crate) fn merge(mut self, other: &GradientSums) -> Self {
        self.count += other.count;
        self.dy.iter_mut().zip(&other.dy).for_each(|(sum, other)| *sum += other);
        self.products.iter_mut().zip(&other.products).for_each(|(sum, other)| *sum += other);
        self
    }

    /// Returns the means over the batch of `dy` and of `dy * y`.
    pub(crate) fn means(&self) -> [Vec<f32>; 2] {
        [&self.dy, &self.products].map(|sums| sums.iter().map(|sum| (sum / self.count.max(1) as f64) as f32).collect())
    }
}

/// Computes `y = (x - mean) / sqrt(variance + EPSILON)` for every channel.
///
/// # Panics
/// If `x` and `y`, or the statistics, differ in length.
pub(crate) fn normalise_channels(x: &[f32], mean: &[f32], variance: &[f32], y: &mut [f32]) {
    let channels = mean.len();
    assert_eq!((x.len(), channels), (y.len(), variance.len()), "one result per value, one variance per mean");
    let factors = reciprocal_deviations(variance);
    vectorized(
        #[inline(always)]
        || {
            for (y, x) in y.chunks_exact_mut(channels.max(1)).zip(x.chunks_exact(channels.max(1))) {
                for (((y, x), mean), factor) in y.iter_mut().zip(x).zip(mean).zip(&factors) {
                    *y = (x - mean) * factor;
                }
            }
        },
    );
}

/// Computes the gradient of [`normalise_channels`]: `dx = (dy - mean_dy - y * mean_product) / sqrt(variance +
/// EPSILON)` (Ioffe and Szegedy 2015). The means are those of [`GradientSums`] over the batch, or zeros if mean and
/// variance do not depend on the batch.
///
/// # Panics
/// If the slices differ in length.
pub(crate) fn normalise_channels_gradient(
    (y, dy): (&[f32], &[f32]),
    variance: &[f32],
    [mean_dy, mean_product]: [&[f32]; 2],
    dx: &mut [f32],
    how: Write,
) {
    let channels = variance.len();
    assert_eq!([y.len(), dy.len()], [dx.len(); 2], "one gradient per value");
    assert_eq!([mean_dy.len(), mean_product.len()], [channels; 2], "one mean per channel");
    let factors = reciprocal_deviations(variance);
    let width = channels.max(1);
    vectorized(
        #[inline(always)]
        || {
            for ((dx, y), dy) in dx.chunks_exact_mut(width).zip(y.chunks_exact(width)).zip(dy.chunks_exact(width)) {
                let means = mean_dy.iter().zip(mean_product);
                for ((((dx, y), dy), factor), (mean, product)) in dx.iter_mut().zip(y).zip(dy).zip(&factors).zip(means)
                {
                    how.write(dx, (dy - mean - y * product) * factor);
                }
            }
        },
    );
}

/// Normalises every row over all its values.
///
/// # Panics
/// If the slices differ in length.
pub(crate) fn normalise_rows(x: &[f32], width: usize, y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "one result per value");
    for (y, x) in y.chunks_exact_mut(width.max(1)).zip(x.chunks_exact(width.max(1))) {
        let (mean, factor) = row_moments(x);
        super::pointwise::map(x, y, |x| (x - mean) * factor);
    }
}

/// Computes the gradient of [`normalise_rows`]: `dx = (dy - mean(dy) - y * mean(dy * y)) / sqrt(variance + EPSILON)`
/// with the means over the row (Ba et al. 2016).
///
/// # Panics
/// If the slices differ in length.
pub(crate) fn normalise_rows_gradient(x: &[f32], (y, dy): (&[f32], &[f32]), width: usize, dx: &mut [f32], how: Write) {
    assert_eq!([x.len(), y.len(), dy.len()], [dx.len(); 3], "one gradient per value");
    let width = width.max(1);
    let rows = x.chunks_exact(width).zip(y.chunks_exact(width)).zip(dy.chunks_exact(width));
    for (dx, ((x, y), dy)) in dx.chunks_exact_mut(width).zip(rows) {
        let (_, factor) = row_moments(x);
        let count = width as f64;
        let mean_dy = (sum_of(dy, dy, |dy, _| dy) / count) as f32;
        let mean_product = (sum_of(dy, y, |dy, y| dy * y) / count) as f32;
        vectorized(
            #[inline(always)]
            || {
                for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
                    how.write(dx, (dy - mean_dy - y * mean_product) * factor);
                }
            },
        );
    }
}

/// Returns the mean of a row and the reciprocal of its standard deviation.
fn row_moments(x: &[f32]) -> (f32, f32) {
    let count = x.len().max(1) as f64;
    let mean = (sum_of(x, x, |x, _| x) / count) as f32;
    let variance = sum_of(x, x, |x, _| (x - mean) * (x - mean)) / count;
    (mean, reciprocal_deviation(variance as f32))
}

fn reciprocal_deviations(variance: &[f32]) -> Vec<f32> {
    variance.iter().map(|&variance| reciprocal_deviation(variance)).collect()
}

fn reciprocal_deviation(variance: f32) -> f32 {
    1.0 / (variance + EPSILON).sqrt()
}

fn scaled(mut sums: Vec<f64>, count: usize) -> Vec<f64> {
    sums.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
    sums
}

/// Returns the sum of `term(channel, x)` per channel.
#[inline(always)]
fn sums(x: &[f32], channels: usize, term: impl Fn(usize, f32) -> f32) -> Vec<f64> {
    let (mut sums, mut chunk) = (vec![0.0; channels], vec![0f32; channels]);
    for x in x.chunks(CHUNK * channels.max(1)) {
        chunk.fill(0.0);
        vectorized(
            #[inline(always)]
            || {
                for x in x.chunks_exact(channels.max(1)) {
                    for (channel, (sum, &x)) in chunk.iter_mut().zip(x).enumerate() {
                        *sum += term(channel, x);
                    }
                }
            },
        );
        sums.iter_mut().zip(&chunk).for_each(|(sum, &chunk)| *sum += f64::from(chunk));
    }
    sums
}

/// Number of independent partial sums of [`sum_of`].
const LANES: usize = 32;

/// Returns the sum of `term(a, b)` over two slices of equal length, in independent lanes.
#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut total = 0.0;
    for (a, b) in a.chunks(CHUNK * LANES).zip(b.chunks(CHUNK * LANES)) {
        let mut lanes = [0f32; LANES];
        vectorized(
            #[inline(always)]
            || {
                let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
                for (a, b) in a.iter().zip(b) {
                    for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                        *lane += term(a, b);
                    }
                }
                for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
                    *lane += term(a, b);
                }
            },
        );
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::example::noise;

    #[test]
    fn moments_of_blocks_combine_to_those_of_all_rows() {
        let channels = 5;
        let x: Vec<f32> = noise(channels * 301, 1).iter().map(|value| 1000.0 + value).collect();
        let blocks = x.chunks(channels * 70).map(|block| Moments::of(block, channels));
        let moments = blocks.reduce(|left, right| left.merge(&right)).expect("several blocks");
        assert_eq!(moments.count(), 301);
        for channel in 0..channels {
            let values: Vec<f64> = x.iter().skip(channel).step_by(channels).map(|&x| f64::from(x)).collect();
            let mean = values.iter().sum::<f64>() / 301.0;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 301.0;
            assert!((moments.mean[channel] - mean).abs() < 1e-6, "{} {mean}", moments.mean[channel]);
            assert!((f64::from(moments.variances()[channel]) - variance).abs() < 1e-6 * variance);
        }
    }

    #[test]
    fn a_constant_channel_becomes_zero() {
        let x = [3.0, -1.0, 3.0, 1.0];
        let moments = Moments::of(&x, 2);
        let mut y = [f32::NAN; 4];
        normalise_channels(&x, &moments.means(), &moments.variances(), &mut y);
        assert_eq!([y[0], y[2]], [0.0; 2]);
        assert!((y[3] - 1.0).abs() < 1e-4 && y[1] == -y[3], "{y:?}");
    }

    #[test]
    fn normalised_rows_have_mean_0_and_variance_1() {
        let x: Vec<f32> = noise(3 * 700, 2).iter().map(|value| 5.0 + 2.0 * value).collect();
        let mut y = vec![f32::NAN; x.len()];
        normalise_rows(&x, 700, &mut y);
        for row in y.chunks(700) {
            let mean = row.iter().map(|&y| f64::from(y)).sum::<f64>() / 700.0;
            let variance = row.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>() / 700.0;
            assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        }
    }
}
