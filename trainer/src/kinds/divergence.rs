//! The KL term of a VAE and its weight in the loss.
//!
//! A weight of 1 gives the evidence lower bound. A larger weight gives a beta-VAE, whose codes are simpler and closer
//! to the prior (Higgins et al. 2017). Since a code without information has a KL divergence of 0, training can end in a
//! posterior collapse, where the decoder ignores the code. Three settings counteract it: the weight can rise slowly
//! (`warmup.rs`), free bits exempt the first nats of every latent dimension from the loss (Kingma et al. 2016), and a
//! capacity sets a target for the KL divergence other than 0 (`capacity.rs`).

use candle_core::{D, Result, Tensor};

use narrows_bundle::counted;

use super::{Capacity, KlWarmup};
use crate::{
    candle::{Kernels, kl_divergence, twice_kl},
    options::options,
    problems::Problems,
};

options! {
    /// The weight of the KL term.
    pub struct DivergenceOptions in "Objective" {
        /// Weight of the KL term; more than 1 gives a beta-VAE (vae, cvae) [default: 1]
        #[flag(value_name = "WEIGHT")]
        pub beta: f64 = 1.0,
        /// KL annealing: raise the weight of the KL term from 0 to --beta, once over EPOCHS (linear) or in every cycle
        /// of EPOCHS over its first fraction RISE, 0.5 if omitted (cyclical) (vae, cvae) [default: none]
        #[flag(value_name = "linear:EPOCHS|cyclical:EPOCHS:RISE")]
        pub kl_warmup: KlWarmup = KlWarmup::Linear { epochs: 10.0 },
        /// Free bits: smallest KL, in nats, that the loss counts for each latent dimension (vae, cvae) [default: 0]
        #[flag(value_name = "NATS")]
        pub free_bits: f64 = 0.1,
        /// Target of the KL in nats, raised linearly from 0 over EPOCHS; --beta is the weight of the distance from the
        /// target (vae, cvae) [default: none]
        #[flag(value_name = "NATS:EPOCHS")]
        pub capacity: Capacity = Capacity { nats: 25.0, epochs: 10.0 },
    }
}

impl DivergenceOptions {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> Divergence {
        if let Some(problem) = self.kl_warmup.and_then(KlWarmup::problem) {
            problems.add("kl_warmup", problem);
        }
        if let Some(problem) = self.capacity.and_then(Capacity::problem) {
            problems.add("capacity", problem);
        }
        let divergence = Divergence {
            beta: problems.not_negative("beta", "weight", self.beta.unwrap_or(1.0)),
            warmup: self.kl_warmup,
            free_bits: problems.not_negative("free_bits", "number of nats", self.free_bits.unwrap_or(0.0)),
            capacity: self.capacity,
        };
        if divergence.capacity.is_some() && (divergence.warmup.is_some() || divergence.free_bits > 0.0) {
            problems.add(
                "capacity",
                "sets a target of the KL term, so it cannot be combined with --kl-warmup or --free-bits; leave out either \
                 --capacity or the other two",
            );
        }
        divergence
    }
}

/// Settings of the KL term, `beta * warmup * |KL' - C|`, where `KL'` is the KL divergence with the free bits as the
/// minimum of each latent dimension, and `C` is the capacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// Weight: 1 for the evidence lower bound, more than 1 for a beta-VAE.
    pub beta: f64,
    /// Schedule by which the weight rises to `beta`; `None` for a constant weight.
    pub warmup: Option<KlWarmup>,
    /// Smallest KL divergence, in nats, that the loss counts for each latent dimension; 0 for none.
    pub free_bits: f64,
    /// Target of the KL divergence; `None` for a target of 0.
    pub capacity: Option<Capacity>,
}

impl Default for Divergence {
    fn default() -> Self {
        Divergence { beta: 1.0, warmup: None, free_bits: 0.0, capacity: None }
    }
}

impl Divergence {
    /// Returns the options that produce these settings.
    pub(crate) fn options(self) -> DivergenceOptions {
        let Divergence { beta, warmup, free_bits, capacity } = self;
        DivergenceOptions { beta: Some(beta), kl_warmup: warmup, free_bits: Some(free_bits), capacity }
    }

    /// Returns whether the KL term has its final weight and target during the whole time between `from` and `to`, in
    /// epochs.
    pub(crate) fn is_settled(self, from: f64, to: f64) -> bool {
        self.warmup.is_none_or(|warmup| warmup.is_over(from, to))
            && self.capacity.is_none_or(|capacity| from >= capacity.epochs)
    }

    /// Returns a warning if the KL term does not reach its final weight or target within a run of `epochs` epochs.
    pub(crate) fn remark(self, epochs: usize) -> Option<String> {
        let run = counted(epochs, "epoch");
        let length = epochs as f64;
        if let Some(capacity) = self.capacity.filter(|capacity| capacity.epochs > length) {
            let Capacity { nats, epochs: rise } = capacity;
            return Some(format!(
                "--capacity {capacity} raises the target of the KL term to {nats} nats in {rise} epochs, but the run has \
                 {run} and ends with a target of {:.2} nats; the final losses are computed with {nats} nats; pass \
                 --epochs {} or more, or a shorter rise",
                capacity.at(length),
                rise.ceil()
            ));
        }
        let warmup = self.warmup.filter(|warmup| warmup.rise() > length)?;
        Some(format!(
            "--kl-warmup {warmup} raises the weight of the KL term to --beta in {} epochs, but the run has {run} and ends \
             with {:.2} of it; the final losses are computed with the full weight; pass --epochs {} or more, or a \
             shorter warm-up",
            warmup.rise(),
            warmup.weight(length),
            warmup.rise().ceil()
        ))
    }

    /// Returns the KL divergence and the weighted KL term after `epochs` epochs, two scalars in nats.
    pub(super) fn kl_and_cost(
        self,
        kernels: Kernels,
        mu: &Tensor,
        log_var: &Tensor,
        epochs: f64,
    ) -> Result<(Tensor, Tensor)> {
        let kl = kl_divergence(kernels, mu, log_var)?;
        let mut cost =
            if self.free_bits > 0.0 { above_free_bits(kernels, mu, log_var, self.free_bits)? } else { kl.clone() };
        if let Some(capacity) = self.capacity {
            cost = (cost - capacity.at(epochs))?.abs()?;
        }
        Ok((kl, (cost * self.weight(epochs))?))
    }

    /// Returns the weight after `epochs` epochs.
    pub(crate) fn weight(self, epochs: f64) -> f64 {
        self.beta * self.warmup.map_or(1.0, |warmup| warmup.weight(epochs))
    }
}

/// Computes `sum_d max(free_bits, mean_b KL_d)` in nats (Kingma et al. 2016, appendix C.8). The gradient of a dimension
/// below `free_bits` is 0.
fn above_free_bits(kernels: Kernels, mu: &Tensor, log_var: &Tensor, free_bits: f64) -> Result<Tensor> {
    let kl_per_dimension = (twice_kl(kernels, mu, log_var)?.sum(0)? * (0.5 / mu.dim(0)?.max(1) as f64))?;
    kl_per_dimension.maximum(free_bits)?.sum(D::Minus1)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::kinds::test_network::number;

    /// Two samples; the first latent dimension has a KL divergence of 0.9^2 / 2 nats, the second of almost 0.
    fn posterior() -> (Var, Tensor) {
        let mu = Var::new(&[[0.9f32, 0.1], [-0.9, 0.1]], &Device::Cpu).expect("small");
        let log_var = mu.zeros_like().expect("small");
        (mu, log_var)
    }

    #[test]
    fn free_bits_are_the_minimum_of_each_dimension_and_below_it_the_gradient_is_zero() {
        let (mu, log_var) = posterior();
        let divergence = Divergence { free_bits: 0.3, ..Divergence::default() };
        let (kl, cost) = divergence.kl_and_cost(Kernels::Fused, &mu, &log_var, 0.0).expect("equal shapes");
        assert!((number(&kl) - (0.405 + 0.005)).abs() < 1e-6, "{kl}");
        assert!((number(&cost) - (0.405 + 0.3)).abs() < 1e-6, "{cost}");
        let gradient = cost.backward().expect("a scalar");
        let gradient = gradient.get(&mu).expect("a gradient").to_vec2::<f32>().expect("floats");
        assert_eq!(gradient, [[0.45, 0.0], [-0.45, 0.0]]);
    }

    #[test]
    fn below_the_capacity_the_gradient_increases_the_divergence() {
        let (mu, log_var) = posterior();
        let capacity = Some(Capacity { nats: 2.0, epochs: 10.0 });
        let divergence = Divergence { beta: 3.0, capacity, ..Divergence::default() };
        let cost = |epochs| divergence.kl_and_cost(Kernels::Fused, &mu, &log_var, epochs).expect("equal shapes").1;
        assert!((number(&cost(0.0)) - 3.0 * 0.41).abs() < 1e-6);
        assert!((number(&cost(5.0)) - 3.0 * (1.0 - 0.41)).abs() < 1e-6);
        assert!((number(&cost(f64::INFINITY)) - 3.0 * (2.0 - 0.41)).abs() < 1e-6);
        let gradient = cost(5.0).backward().expect("a scalar");
        let gradient = gradient.get(&mu).expect("a gradient").to_vec2::<f32>().expect("floats");
        assert!(gradient[0][0] < 0.0, "the divergence should increase: {gradient:?}");
    }

    #[test]
    fn a_run_that_ends_before_the_final_weight_or_target_gets_a_warning() {
        let capacity = Capacity { nats: 8.0, epochs: 50.0 };
        let divergence = Divergence { capacity: Some(capacity), ..Divergence::default() };
        let remark = divergence.remark(20).expect("the target is not reached");
        assert!(
            remark.contains("to 8 nats in 50 epochs, but the run has 20 epochs and ends with a target of 3.20 nats")
        );
        assert!(remark.contains("pass --epochs 50 or more"), "{remark}");
        assert_eq!(divergence.remark(50), None);
        let cyclical = KlWarmup::Cyclical { epochs: 10.0, rise: 0.5 };
        for (warmup, epochs) in [(KlWarmup::Linear { epochs: 4.0 }, 3), (cyclical, 4)] {
            let divergence = Divergence { warmup: Some(warmup), ..Divergence::default() };
            let remark = divergence.remark(epochs).expect("the weight is not reached");
            assert!(remark.contains("and ends with 0."), "{remark}");
            assert_eq!(divergence.remark(epochs + 1), None);
        }
    }

    #[test]
    fn a_warm_up_multiplies_beta_and_is_over_in_an_evaluation() {
        let (mu, log_var) = posterior();
        let divergence =
            Divergence { beta: 2.0, warmup: Some(KlWarmup::Linear { epochs: 4.0 }), ..Divergence::default() };
        for (epochs, weight) in [(0.0, 0.0), (1.0, 0.5), (4.0, 2.0), (f64::INFINITY, 2.0)] {
            let (kl, cost) = divergence.kl_and_cost(Kernels::Fused, &mu, &log_var, epochs).expect("equal shapes");
            assert!((number(&kl) - 0.41).abs() < 1e-6);
            assert!((number(&cost) - weight * 0.41).abs() < 1e-6, "{epochs}: {cost}");
        }
    }
}
