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

    /// The reconstruction error and the weighted discrepancy, the parts `reconstruction` and `mmd`.
    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        let z = first(network.encode(&batch.x, None)?)?;
        let error = network.error(&z, None, &batch.x)?;
        let prior = normal_like(&z, &mut draw.noise())?;
        let loss = Loss { parts: vec![("reconstruction", error.clone())], total: error };
        loss.plus("mmd", (discrepancy(&z, &prior)? * self.mmd)?)
    }
}

/// The squared maximum mean discrepancy between two sets of as many codes, `[rows, latent]` each; a scalar.
///
/// The unbiased estimate of Gretton et al. (2012, equation 3), which may be slightly negative, under the sum of inverse
/// multiquadric kernels `C / (C + ||a - b||^2)` with `C = 2 * latent * scale`. A single row says nothing about a
/// distribution and gives 0.
fn discrepancy(codes: &Tensor, prior: &Tensor) -> Result<Tensor> {
    let (rows, latent) = codes.dims2()?;
    if rows < 2 {
        return codes.zeros_like()?.sum_all();
    }
    let within = |set: &Tensor| -> Result<Tensor> {
        // Each row with itself adds 1 for every scale.
        let pairs = (kernel_sum(set, set, latent)? - (rows * SCALES.len()) as f64)?;
        pairs * (1.0 / (rows as f64 * (rows - 1) as f64))
    };
    let between = (kernel_sum(codes, prior, latent)? * (2.0 / (rows as f64 * rows as f64)))?;
    (within(codes)? + within(prior)?)? - between
}

/// The kernels of all pairs of a row of `a` and a row of `b`, added up.
fn kernel_sum(a: &Tensor, b: &Tensor, latent: usize) -> Result<Tensor> {
    let norms = |set: &Tensor| set.sqr()?.sum_keepdim(1);
    let products = a.matmul(&b.t()?)?;
    let distances = norms(a)?.broadcast_add(&norms(b)?.t()?)?.sub(&(products * 2.0)?)?;
    let kernels = SCALES.map(|scale| {
        let width = 2.0 * latent as f64 * scale;
        (&distances + width)?.recip()?.sum_all()? * width
    });
    kernels.into_iter().reduce(|one, other| one? + other?).unwrap_or_else(|| distances.zeros_like()?.sum_all())
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
    fn a_batch_of_one_row_has_a_loss_and_a_gradient() {
        let trial = Trial::gaussian(4, &[5], 3);
        let batch = Batch { x: samples(1, 4), labels: None };
        let draw = Draw::Training { seed: 1, step: 1, epochs: 0.0 };
        let loss = Wae { mmd: 10.0 }.loss(&trial.network(), &batch, draw).expect("shapes that fit");
        assert_eq!(number(&loss.parts[1].1), 0.0);
        assert!(trial.parameters.gradients(&loss.total).is_ok());
    }
}
