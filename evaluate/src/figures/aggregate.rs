//! The aggregate posterior `q(z) = 1/N sum_n q(z|x_n)`: how much a code says about its row, and how far the codes are
//! from the prior.

use std::f64::consts::TAU;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_distr::{Distribution, StandardNormal};

/// Largest number of rows whose posteriors are mixed to estimate the density of a code.
const BATCH: usize = 4096;

/// Number of codes to sample at least, unless that takes more than `MAX_ROUNDS` per row.
const CODES: usize = 1 << 14;
const MAX_ROUNDS: usize = 64;

/// Minibatch estimates of the two parts of the mean KL divergence (Hoffman & Johnson 2016):
/// `E KL(q(z|x) || p(z)) = I_q(x; z) + KL(q(z) || p(z))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate {
    /// Mutual information `I_q(x; z)` of the rows and their codes, in nats; at most `ln rows`.
    pub mutual_information: f64,
    /// `KL(q(z) || p(z))` of the aggregate posterior from the prior, in nats.
    pub aggregate_kl: f64,
    /// Number of rows whose posteriors were mixed at a time.
    pub batch: usize,
}

/// Diagonal normal distributions, one per row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gaussians {
    width: usize,
    rows: usize,
    /// `[rows, width]`.
    means: Vec<f32>,
    /// `[rows, width]`.
    log_variances: Vec<f32>,
}

impl Gaussians {
    pub(crate) fn add(&mut self, means: impl Iterator<Item = f32>, log_variances: impl Iterator<Item = f32>) {
        self.means.extend(means);
        self.log_variances.extend(log_variances);
        self.rows += 1;
        self.width = self.means.len() / self.rows;
    }

    /// Estimates both parts of the mean divergence `kl`, with codes `z_i` of every row and the density
    ///
    /// `q(z_i) = 1/N q(z_i|x_i) + (N - 1)/N mean_j q(z_i|x_j)`
    ///
    /// over the other rows `j` of a random batch of `M` rows, with one code per row, or more if there are few rows.
    /// This is minibatch-stratified sampling (Chen et al. 2018, appendix C.2): unlike their minibatch-weighted
    /// estimate, which is off by `ln N` where posteriors overlap, it is unbiased for `q(z)`. Its logarithm is too small
    /// on average (Jensen), so the mutual information is estimated slightly too large if `M < N`.
    pub(crate) fn aggregate(&self, kl: f64, seed: u64) -> Aggregate {
        let batches = self.rows.div_ceil(BATCH).max(1);
        let size = self.rows.div_ceil(batches);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let rounds = (CODES / self.rows.max(1)).clamp(1, MAX_ROUNDS);
        let mut sum = 0.0;
        for _ in 0..rounds {
            let order = shuffled(self.rows, &mut random);
            sum += order.chunks(size.max(1)).map(|rows| self.information(rows, &mut random)).sum::<f64>();
        }
        let mutual_information = sum / (rounds * self.rows) as f64;
        Aggregate { mutual_information, aggregate_kl: kl - mutual_information, batch: size }
    }

    /// Returns the sum over the batch of `ln q(z_i|x_i) - ln q(z_i)`.
    fn information(&self, batch: &[usize], random: &mut ChaCha8Rng) -> f64 {
        let components: Vec<Component> = batch.iter().map(|&row| self.component(row)).collect();
        let rows = self.rows as f64;
        let own_weight = (1.0 / rows).ln();
        let other_weight =
            if batch.len() < 2 { f64::NEG_INFINITY } else { (1.0 - 1.0 / rows).ln() - ((batch.len() - 1) as f64).ln() };
        let mut sum = 0.0;
        let mut code = vec![0.0; self.width];
        let mut terms = vec![0.0; batch.len()];
        for (index, own) in components.iter().enumerate() {
            for ((z, mean), inverse) in code.iter_mut().zip(&own.means).zip(&own.inverse_deviations) {
                let eps: f64 = StandardNormal.sample(random);
                *z = mean + eps / inverse;
            }
            for (other, (term, component)) in terms.iter_mut().zip(&components).enumerate() {
                *term = component.log_density(&code) + if other == index { own_weight } else { other_weight };
            }
            sum += terms[index] - own_weight - log_sum_exp(&terms);
        }
        sum
    }

    fn component(&self, row: usize) -> Component {
        let range = row * self.width..(row + 1) * self.width;
        let log_variances = &self.log_variances[range.clone()];
        let log_variance: f64 = log_variances.iter().map(|&value| f64::from(value)).sum();
        Component {
            means: self.means[range].iter().map(|&mean| f64::from(mean)).collect(),
            inverse_deviations: log_variances.iter().map(|&value| (-0.5 * f64::from(value)).exp()).collect(),
            constant: -0.5 * (log_variance + self.width as f64 * TAU.ln()),
        }
    }
}

/// The posterior of one row, ready to compute densities.
struct Component {
    means: Vec<f64>,
    inverse_deviations: Vec<f64>,
    constant: f64,
}

impl Component {
    fn log_density(&self, code: &[f64]) -> f64 {
        let pairs = code.iter().zip(&self.means).zip(&self.inverse_deviations);
        self.constant - 0.5 * pairs.map(|((z, mean), inverse)| ((z - mean) * inverse).powi(2)).sum::<f64>()
    }
}

fn log_sum_exp(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln()
}

/// Returns the rows in a random order.
fn shuffled(rows: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut keyed: Vec<(u64, usize)> = (0..rows).map(|row| (random.next_u64(), row)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaussians(means: impl Iterator<Item = f32>, log_variance: f32) -> Gaussians {
        let mut gaussians = Gaussians::default();
        means.for_each(|mean| gaussians.add([mean].into_iter(), [log_variance].into_iter()));
        gaussians
    }

    #[test]
    fn a_code_that_ignores_its_row_has_no_information_and_separate_codes_name_their_row() {
        let collapsed = gaussians((0..5000).map(|_| 0.0), 0.0).aggregate(0.0, 1);
        assert!(collapsed.mutual_information.abs() < 1e-9, "{collapsed:?}");
        let separate = gaussians((0..5000).map(|row| 100.0 * row as f32), 0.0).aggregate(9.0, 1);
        assert!((separate.mutual_information - 5000f64.ln()).abs() < 1e-9, "{separate:?}");
        assert_eq!((separate.batch, separate.aggregate_kl), (2500, 9.0 - separate.mutual_information));
    }

    #[test]
    fn information_of_a_gaussian_channel_is_that_of_shannon() {
        // x is standard normal with variance 1 - s, z = x + noise of variance s: I = -1/2 ln s, and q(z) is the prior.
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let noise = 0.25f32;
        let means: Vec<f32> = (0..20_000)
            .map(|_| {
                let normal: f32 = StandardNormal.sample(&mut random);
                normal * (1.0 - noise).sqrt()
            })
            .collect();
        let kl = means.iter().map(|mean| 0.5 * (f64::from(mean * mean) + 0.25 - 1.0 - 0.25f64.ln())).sum::<f64>();
        let estimate = gaussians(means.iter().copied(), noise.ln()).aggregate(kl / 20_000.0, 5);
        // Four standard errors of a mean over 20,000 rows, each with a standard deviation below 1.
        assert!((estimate.mutual_information - 2f64.ln()).abs() < 0.03, "{estimate:?}");
        assert!(estimate.aggregate_kl.abs() < 0.03, "{estimate:?}");
    }
}
