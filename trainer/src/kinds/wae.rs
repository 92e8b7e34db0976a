//! The Wasserstein autoencoder (WAE): codes are deterministic, and the distribution of all codes matches the prior
//! (Tolstikhin et al. 2018).
//!
//! A VAE keeps the posterior of every single sample near the prior, so the posteriors of different samples overlap and
//! reconstructions are blurred. A Wasserstein autoencoder only keeps the aggregate posterior `q(z) = E_x[q(z|x)]` near
//! the prior, and maps each sample to a single code. The distance between the codes of a batch and samples from the
//! prior is the maximum mean discrepancy (MMD; Gretton et al. 2012). Since it is small after training, codes sampled
//! from the prior decode to realistic samples, as with a VAE.

use candle_core::{Result, Tensor};

use super::{Batch, Loss, LossContext, Model, Network, network::first};
use crate::{
    network::{Graph, GraphError, builder::Builder},
    options::{options, takes},
    problems::Problems,
    random::normal_like,
};

/// Number of rows that are compared with each other at a time. Time and memory of a block grow with its square.
const BLOCK: usize = 256;

/// Widths of the kernels in the sum, in units of `2 * latent`, as in the implementation of Tolstikhin et al.
const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

options! {
    /// The weight of the distance between codes and prior.
    pub struct DiscrepancyOptions in "Objective" {
        /// Weight of the maximum mean discrepancy (MMD) between the codes of a batch and the prior (wae) [default: 10]
        #[flag(value_name = "WEIGHT")]
        pub mmd: f64 = 10.0,
    }
}

takes! {
    /// The options of a Wasserstein autoencoder, in addition to those of every network.
    pub(crate) struct WaeOptions { discrepancy: DiscrepancyOptions }
}

/// A Wasserstein autoencoder with a standard normal prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wae {
    /// Weight of the maximum mean discrepancy, at least 0.
    pub mmd: f64,
}

impl WaeOptions<'_> {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> Wae {
        Wae { mmd: problems.not_negative("mmd", "weight", self.discrepancy.mmd.unwrap_or(10.0)) }
    }
}

impl Wae {
    /// Returns the options that produce these settings.
    pub(crate) fn options(self) -> DiscrepancyOptions {
        DiscrepancyOptions { mmd: Some(self.mmd) }
    }
}

impl Model for Wae {
    fn encoder(&self, builder: &Builder) -> std::result::Result<Graph, GraphError> {
        builder.encoder()
    }

    /// Computes the reconstruction error plus the weighted discrepancy. The component `mmd` is the unweighted
    /// discrepancy.
    fn loss(&self, network: &Network<'_>, batch: &Batch, context: LossContext) -> Result<Loss> {
        let z = first(network.encode(batch.inputs(), None)?)?;
        let reconstruction = network.error(&z, None, &batch.x)?;
        let mmd = discrepancy(&z, &normal_like(&z, &mut context.noise())?)?;
        let total = (&reconstruction + (&mmd * self.mmd)?)?;
        Ok(Loss { total, parts: vec![("reconstruction", reconstruction), ("mmd", mmd)] })
    }

    /// The discrepancy compares different rows of a batch.
    fn min_batch_rows(&self) -> usize {
        2
    }
}

/// Estimates the squared maximum mean discrepancy between two sets of codes of equal size, `[rows, latent]` each; a
/// scalar.
///
/// The rows are divided into blocks of nearly equal size, and the estimates of the blocks are averaged, weighted by
/// their rows. So the cost is linear in the batch size. The estimate of each block is unbiased, and so is the average.
fn discrepancy(codes: &Tensor, prior: &Tensor) -> Result<Tensor> {
    let rows = codes.dim(0)?;
    let blocks = rows.div_ceil(BLOCK).max(1);
    let bound = |block: usize| block * rows / blocks;
    let mut sum = codes.zeros_like()?.sum_all()?;
    for block in 0..blocks {
        let (start, length) = (bound(block), bound(block + 1) - bound(block));
        let estimate = block_discrepancy(&codes.narrow(0, start, length)?, &prior.narrow(0, start, length)?)?;
        sum = (sum + (estimate * (length as f64 / rows as f64))?)?;
    }
    Ok(sum)
}

/// Estimates the squared maximum mean discrepancy from all pairs of rows of one block.
///
/// This is the unbiased estimate of Gretton et al. (2012, equation 3), which can be slightly negative, with a sum of
/// inverse multiquadric kernels `C / (C + ||a - b||^2)`, `C = 2 * latent * scale`. It is 0 for a single row.
fn block_discrepancy(codes: &Tensor, prior: &Tensor) -> Result<Tensor> {
    let (rows, latent) = codes.dims2()?;
    if rows < 2 {
        return codes.zeros_like()?.sum_all();
    }
    let off_diagonal = (1.0 - Tensor::eye(rows, codes.dtype(), codes.device())?)?;
    let within = |set: &Tensor| -> Result<Tensor> {
        (kernels(set, set, latent)? * &off_diagonal)?.sum_all()? * (1.0 / (rows as f64 * (rows - 1) as f64))
    };
    let between = (kernels(codes, prior, latent)?.sum_all()? * (2.0 / (rows as f64 * rows as f64)))?;
    (within(codes)? + within(prior)?)? - between
}

/// Returns the sum of the kernels between each row of `a` and each row of `b`, `[rows, rows]`.
fn kernels(a: &Tensor, b: &Tensor, latent: usize) -> Result<Tensor> {
    // Distances do not depend on the origin, and near the origin their rounding error is smaller. The `relu` keeps
    // rounding from making a distance negative, which could make a kernel overflow.
    let origin = a.mean_keepdim(0)?.detach();
    let (a, b) = (a.broadcast_sub(&origin)?, b.broadcast_sub(&origin)?);
    let norms = |set: &Tensor| set.sqr()?.sum_keepdim(1);
    let products = a.matmul(&b.t()?)?;
    let distances = norms(&a)?.broadcast_add(&norms(&b)?.t()?)?.sub(&(products * 2.0)?)?.relu()?;
    let mut sum = distances.zeros_like()?;
    for scale in SCALES {
        let width = 2.0 * latent as f64 * scale;
        sum = (sum + ((&distances + width)?.recip()? * width)?)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::{
        kinds::test_network::{TestNetwork, number, samples},
        random::{Stream, stream},
    };

    fn normal(seed: u64, rows: usize, latent: usize) -> Tensor {
        let like = Tensor::zeros((rows, latent), candle_core::DType::F32, &Device::Cpu).expect("small");
        normal_like(&like, &mut stream(seed, Stream::Noise, 0)).expect("on the CPU")
    }

    #[test]
    fn the_discrepancy_is_the_unbiased_estimate_over_pairs_of_different_rows() {
        let (a, b) = ([[0.3f32, -1.0], [2.0, 0.5], [-0.4, 0.1]], [[1.0f32, 1.0], [0.0, -0.2], [0.7, -2.0]]);
        let kernel = |a: &[f32; 2], b: &[f32; 2]| -> f64 {
            let distance: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            SCALES.iter().map(|scale| 4.0 * scale / (4.0 * scale + distance)).sum()
        };
        let pairs = |a: &[[f32; 2]; 3], b: &[[f32; 2]; 3], is_selected: fn(usize, usize) -> bool| -> f64 {
            let all = (0..3).flat_map(|one| (0..3).map(move |other| (one, other)));
            all.filter(|&(one, other)| is_selected(one, other)).map(|(one, other)| kernel(&a[one], &b[other])).sum()
        };
        let differ = |one, other| one != other;
        let expected =
            pairs(&a, &a, differ) / 6.0 + pairs(&b, &b, differ) / 6.0 - pairs(&a, &b, |_, _| true) * 2.0 / 9.0;
        let tensor = |set: &[[f32; 2]; 3]| Tensor::new(set, &Device::Cpu).expect("small");
        let estimate = number(&discrepancy(&tensor(&a), &tensor(&b)).expect("equal shapes"));
        assert!((estimate - expected).abs() < 1e-5, "{estimate} against {expected}");
    }

    #[test]
    fn the_discrepancy_is_near_zero_for_codes_from_the_prior_and_pulls_other_codes_towards_it() {
        let (rows, latent) = (1000, 4);
        let (codes, prior) = (normal(1, rows, latent), normal(2, rows, latent));
        // The estimate has a standard error of about 1 / rows for each of the seven kernels.
        let near = number(&discrepancy(&codes, &prior).expect("equal shapes"));
        assert!(near.abs() < 0.02, "{near}");
        let far = Var::from_tensor(&((codes * 0.1).expect("small") + 2.0).expect("small")).expect("small");
        let discrepancy = discrepancy(&far, &prior).expect("equal shapes");
        assert!(number(&discrepancy) > 1.0, "{discrepancy}");
        let gradients = discrepancy.backward().expect("a scalar");
        let mean = gradients.get(&far).expect("a gradient").mean_all().expect("floats");
        assert!(number(&mean) > 0.0, "gradient descent should move codes at 2 towards 0: {mean}");
    }

    #[test]
    fn codes_far_from_the_origin_have_a_finite_discrepancy_and_finite_gradients() {
        let prior = normal(2, 32, 8);
        for offset in [5e3, 1e6] {
            let codes = Var::from_tensor(&(normal(1, 32, 8) + offset).expect("small")).expect("small");
            let discrepancy = discrepancy(&codes, &prior).expect("equal shapes");
            // Kernels within each set contribute as usual, and kernels between the sets are nearly 0.
            assert!((number(&discrepancy) - 2.0 * number(&within(&prior))).abs() < 0.5, "{offset}: {discrepancy}");
            let gradients = discrepancy.backward().expect("a scalar");
            let gradient: Vec<f32> =
                gradients.get(&codes).and_then(|of| of.flatten_all().ok()?.to_vec1().ok()).expect("a gradient");
            assert!(gradient.iter().all(|value| value.is_finite()), "{offset}: {gradient:?}");
        }
    }

    /// The mean kernel over pairs of different rows of a set.
    fn within(set: &Tensor) -> Tensor {
        let rows = set.dim(0).expect("a matrix");
        let all = kernels(set, set, set.dim(1).expect("a matrix")).and_then(|kernels| kernels.sum_all());
        let different = all.and_then(|all| all - (rows * SCALES.len()) as f64).expect("small");
        (different / (rows * (rows - 1)) as f64).expect("small")
    }

    #[test]
    fn a_large_batch_is_divided_into_blocks() {
        let (codes, prior) = ((normal(1, 600, 3) * 2.0).expect("small"), normal(2, 600, 3));
        let blocks = [0, 200, 400].map(|start| {
            let block = |set: &Tensor| set.narrow(0, start, 200).expect("600 rows");
            number(&block_discrepancy(&block(&codes), &block(&prior)).expect("equal shapes"))
        });
        let estimate = number(&discrepancy(&codes, &prior).expect("equal shapes"));
        assert!((estimate - blocks.iter().sum::<f64>() / 3.0).abs() < 1e-5, "{estimate} against {blocks:?}");
    }

    #[test]
    fn a_batch_of_one_row_has_a_loss_and_a_gradient() {
        let test_network = TestNetwork::gaussian(4, &[5], 3);
        let batch = Batch::new(samples(1, 4), None);
        let context = LossContext::Training { seed: 1, step: 1, epochs: 0.0 };
        let loss = Wae { mmd: 10.0 }.loss(&test_network.network(), &batch, context).expect("shapes that fit");
        assert_eq!(number(&loss.parts[1].1), 0.0);
        assert!(test_network.parameters.gradients(&loss.total).is_ok());
    }
}
