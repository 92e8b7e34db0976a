//! The Wasserstein autoencoder: codes are points, and as a whole they are distributed as the prior (Tolstikhin et al.
//! 2018).
//!
//! A VAE asks that the distribution of every single code be near the prior, so codes of different samples overlap and
//! reconstructions blur. A Wasserstein autoencoder asks this of all codes together, `q(z) = E_x[q(z|x)]`, and leaves each
//! code a point. The distance between the codes of a batch and samples from the prior is the maximum mean discrepancy
//! (Gretton et al. 2012); since it is small, codes drawn from the prior decode to samples, as with a VAE.

use candle_core::{Result, Tensor};

use super::{Batch, Draw, Loss, Model, Network, network::first};
use crate::{
    network::{Graph, GraphError, mlp::Mlp},
    options::{options, takes},
    problems::Problems,
    random::normal_like,
};

/// Rows that are compared with each other at a time: the work and the memory of a block grow with its square.
const BLOCK: usize = 256;

/// Widths of the kernels that are added up, in units of `2 * latent`; those of the authors' implementation.
const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

options! {
    /// How much the distance from the prior weighs.
    pub struct DiscrepancyOptions in "Objective" {
        /// Weight of the maximum mean discrepancy between the codes of a batch and the prior: wae [default: 10]
        #[flag(value_name = "WEIGHT")]
        pub mmd: f64 = 10.0,
    }
}

takes! {
    /// The options of a Wasserstein autoencoder beside those of every network.
    pub(crate) struct WaeOptions { discrepancy: DiscrepancyOptions }
}

/// A Wasserstein autoencoder with a unit normal prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wae {
    /// Weight of the maximum mean discrepancy, not negative.
    pub mmd: f64,
}

impl WaeOptions<'_> {
    /// What these options mean.
    pub(crate) fn check(&self, problems: &mut Problems) -> Wae {
        Wae { mmd: problems.not_negative("mmd", "weight", self.discrepancy.mmd.unwrap_or(10.0)) }
    }
}

impl Wae {
    /// The options that say this.
    pub(crate) fn options(self) -> DiscrepancyOptions {
        DiscrepancyOptions { mmd: Some(self.mmd) }
    }
}

impl Model for Wae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.encoder()
    }

    /// The reconstruction error and the weighted discrepancy. The part `mmd` is the plain discrepancy, whatever its weight.
    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        let z = first(network.encode(&batch.x, None)?)?;
        let reconstruction = network.error(&z, None, &batch.x)?;
        let mmd = discrepancy(&z, &normal_like(&z, &mut draw.noise())?)?;
        let total = (&reconstruction + (&mmd * self.mmd)?)?;
        Ok(Loss { total, parts: vec![("reconstruction", reconstruction), ("mmd", mmd)] })
    }

    /// One row says nothing about a distribution.
    fn fewest_rows(&self) -> usize {
        2
    }
}

/// The squared maximum mean discrepancy between two sets of as many codes, `[rows, latent]` each; a scalar.
///
/// It is estimated in blocks of rows of nearly equal size and averaged over the rows, so its cost is linear in the batch;
/// the estimate of each block is unbiased, and so is the average.
fn discrepancy(codes: &Tensor, prior: &Tensor) -> Result<Tensor> {
    let rows = codes.dim(0)?;
    let blocks = rows.div_ceil(BLOCK).max(1);
    let bound = |block: usize| block * rows / blocks;
    let mut sum = codes.zeros_like()?.sum_all()?;
    for block in 0..blocks {
        let (start, length) = (bound(block), bound(block + 1) - bound(block));
        let of_block = of_block(&codes.narrow(0, start, length)?, &prior.narrow(0, start, length)?)?;
        sum = (sum + (of_block * (length as f64 / rows as f64))?)?;
    }
    Ok(sum)
}

/// The same over all pairs of rows.
///
/// The unbiased estimate of Gretton et al. (2012, equation 3), which may be slightly negative, under the sum of inverse
/// multiquadric kernels `C / (C + ||a - b||^2)` with `C = 2 * latent * scale`. A single row gives 0.
fn of_block(codes: &Tensor, prior: &Tensor) -> Result<Tensor> {
    let (rows, latent) = codes.dims2()?;
    if rows < 2 {
        return codes.zeros_like()?.sum_all();
    }
    let different = (1.0 - Tensor::eye(rows, codes.dtype(), codes.device())?)?;
    let within = |set: &Tensor| -> Result<Tensor> {
        (kernels(set, set, latent)? * &different)?.sum_all()? * (1.0 / (rows as f64 * (rows - 1) as f64))
    };
    let between = (kernels(codes, prior, latent)?.sum_all()? * (2.0 / (rows as f64 * rows as f64)))?;
    (within(codes)? + within(prior)?)? - between
}

/// The sum of the kernels for each row of `a` with each row of `b`, `[rows, rows]`.
fn kernels(a: &Tensor, b: &Tensor, latent: usize) -> Result<Tensor> {
    // Distances do not depend on the origin, and near the origin less of them is lost to rounding. What is lost must not
    // make one negative: a kernel would overflow.
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
        kinds::trial::{Trial, number, samples},
        random::{Stream, stream},
    };

    fn normal(seed: u64, rows: usize, latent: usize) -> Tensor {
        let like = Tensor::zeros((rows, latent), candle_core::DType::F32, &Device::Cpu).expect("small");
        normal_like(&like, &mut stream(seed, Stream::Noise, 0)).expect("on the CPU")
    }

    #[test]
    fn it_is_the_estimate_over_all_pairs_of_different_rows() {
        let (a, b) = ([[0.3f32, -1.0], [2.0, 0.5], [-0.4, 0.1]], [[1.0f32, 1.0], [0.0, -0.2], [0.7, -2.0]]);
        let kernel = |a: &[f32; 2], b: &[f32; 2]| -> f64 {
            let distance: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            SCALES.iter().map(|scale| 4.0 * scale / (4.0 * scale + distance)).sum()
        };
        let pairs = |a: &[[f32; 2]; 3], b: &[[f32; 2]; 3], is_meant: fn(usize, usize) -> bool| -> f64 {
            let all = (0..3).flat_map(|one| (0..3).map(move |other| (one, other)));
            all.filter(|&(one, other)| is_meant(one, other)).map(|(one, other)| kernel(&a[one], &b[other])).sum()
        };
        let differ = |one, other| one != other;
        let expected =
            pairs(&a, &a, differ) / 6.0 + pairs(&b, &b, differ) / 6.0 - pairs(&a, &b, |_, _| true) * 2.0 / 9.0;
        let tensor = |set: &[[f32; 2]; 3]| Tensor::new(set, &Device::Cpu).expect("small");
        let found = number(&discrepancy(&tensor(&a), &tensor(&b)).expect("equal shapes"));
        assert!((found - expected).abs() < 1e-5, "{found} against {expected}");
    }

    #[test]
    fn codes_like_the_prior_have_none_and_others_are_pulled_towards_it() {
        let (rows, latent) = (1000, 4);
        let (codes, prior) = (normal(1, rows, latent), normal(2, rows, latent));
        // The estimate has a standard error of some 1 / rows for each of seven kernels.
        let near = number(&discrepancy(&codes, &prior).expect("equal shapes"));
        assert!(near.abs() < 0.02, "{near}");
        let far = Var::from_tensor(&((codes * 0.1).expect("small") + 2.0).expect("small")).expect("small");
        let discrepancy = discrepancy(&far, &prior).expect("equal shapes");
        assert!(number(&discrepancy) > 1.0, "{discrepancy}");
        let gradients = discrepancy.backward().expect("a scalar");
        let mean = gradients.get(&far).expect("a gradient").mean_all().expect("floats");
        assert!(number(&mean) > 0.0, "descent moves codes at 2 towards 0: {mean}");
    }

    #[test]
    fn codes_far_from_the_origin_have_a_finite_discrepancy_and_finite_gradients() {
        let prior = normal(2, 32, 8);
        for offset in [5e3, 1e6] {
            let codes = Var::from_tensor(&(normal(1, 32, 8) + offset).expect("small")).expect("small");
            let discrepancy = discrepancy(&codes, &prior).expect("equal shapes");
            // Both sets are like themselves, and nothing like each other.
            assert!((number(&discrepancy) - 2.0 * number(&within(&prior))).abs() < 0.5, "{offset}: {discrepancy}");
            let gradients = discrepancy.backward().expect("a scalar");
            let gradient: Vec<f32> =
                gradients.get(&codes).and_then(|of| of.flatten_all().ok()?.to_vec1().ok()).expect("a gradient");
            assert!(gradient.iter().all(|value| value.is_finite()), "{offset}: {gradient:?}");
        }
    }

    /// The mean kernel of different rows of a set.
    fn within(set: &Tensor) -> Tensor {
        let rows = set.dim(0).expect("a matrix");
        let all = kernels(set, set, set.dim(1).expect("a matrix")).and_then(|kernels| kernels.sum_all());
        let different = all.and_then(|all| all - (rows * SCALES.len()) as f64).expect("small");
        (different / (rows * (rows - 1)) as f64).expect("small")
    }

    #[test]
    fn a_large_batch_is_compared_in_blocks() {
        let (codes, prior) = ((normal(1, 600, 3) * 2.0).expect("small"), normal(2, 600, 3));
        let blocks = [0, 200, 400].map(|start| {
            let block = |set: &Tensor| set.narrow(0, start, 200).expect("600 rows");
            number(&of_block(&block(&codes), &block(&prior)).expect("equal shapes"))
        });
        let found = number(&discrepancy(&codes, &prior).expect("equal shapes"));
        assert!((found - blocks.iter().sum::<f64>() / 3.0).abs() < 1e-5, "{found} against {blocks:?}");
    }

    #[test]
    fn a_batch_of_one_row_has_a_loss_and_a_gradient() {
        let trial = Trial::gaussian(4, &[5], 3);
        let batch = Batch { x: samples(1, 4), labels: None };
        let draw = Draw::Training { seed: 1, step: 1, epochs: 0.0 };
        let loss = Wae { mmd: 10.0 }.loss(&trial.network(), &batch, draw).expect("shapes that fit");
        assert_eq!(number(&loss.parts[1].1), 0.0);
        assert!(trial.parameters.gradients(&loss.total).is_ok());
    }
}
