//! The divergence of a VAE, and how much of it the loss feels.
//!
//! Weighed by 1 it makes the evidence lower bound; by more, a beta-VAE, whose codes are simpler and
//! closer to the prior (Higgins et al. 2017). Since a code that says nothing costs nothing, training can
//! end with codes that the decoder ignores; the weight may therefore rise slowly (`warmup.rs`), a floor
//! may leave every dimension some nats for free (Kingma et al. 2016), and a capacity may ask for a
//! divergence of so many nats instead of none (`capacity.rs`).

use candle_core::{D, Result, Tensor};

use super::{Capacity, KlWarmup};
use crate::{
    candle::{Kernels, kl_divergence, twice_kl_composed},
    options::options,
    problems::Problems,
};

options! {
    /// How much the KL term weighs.
    pub struct DivergenceOptions in "Objective" {
        /// Weight of the KL term: vae, cvae [default: 1]
        #[flag(value_name = "WEIGHT")]
        pub beta: f64 = 1.0,
        /// The KL weight rises to beta over this many epochs, once or in cycles of this length: vae, cvae
        #[flag(value_name = "linear:EPOCHS|cyclical:EPOCHS")]
        pub kl_warmup: KlWarmup = KlWarmup::Linear { epochs: 10.0 },
        /// Nats of KL divergence that each latent dimension has for free, so that it is not given up: vae, cvae
        /// [default: 0]
        #[flag(value_name = "NATS")]
        pub free_bits: f64 = 0.1,
        /// Hold the KL divergence at this many nats, reached over this many epochs; beta weighs the distance from it:
        /// vae, cvae
        #[flag(value_name = "NATS:EPOCHS")]
        pub capacity: Capacity = Capacity { nats: 25.0, epochs: 10.0 },
    }
}

impl DivergenceOptions {
    /// What these options mean.
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
            problems.add("capacity", "says what the divergence shall be: leave kl_warmup and free_bits out");
        }
        divergence
    }
}

/// What the loss makes of the divergence: `beta * warmup * |KL' - C|`, where `KL'` is the divergence with
/// the free bits as its floor and `C` the capacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// Weight: 1 for the evidence lower bound, more for a beta-VAE.
    pub beta: f64,
    /// How the weight rises to `beta`; at once for `None`.
    pub warmup: Option<KlWarmup>,
    /// Nats that every latent dimension has for free; 0 for none.
    pub free_bits: f64,
    /// The divergence that is asked for; none at all for `None`.
    pub capacity: Option<Capacity>,
}

impl Default for Divergence {
    fn default() -> Self {
        Divergence { beta: 1.0, warmup: None, free_bits: 0.0, capacity: None }
    }
}

impl Divergence {
    /// The options that say this.
    pub(crate) fn options(self) -> DivergenceOptions {
        let Divergence { beta, warmup, free_bits, capacity } = self;
        DivergenceOptions { beta: Some(beta), kl_warmup: warmup, free_bits: Some(free_bits), capacity }
    }

    /// Whether its weight stayed the same from one moment to another, in epochs, and is the final one.
    pub(crate) fn is_settled(self, from: f64, to: f64) -> bool {
        self.warmup.is_none_or(|warmup| warmup.is_over(from, to))
            && self.capacity.is_none_or(|capacity| from >= capacity.epochs)
    }

    /// The plain divergence and what the loss feels of it after so many epochs, two scalars in nats.
    pub(super) fn of(self, kernels: Kernels, mu: &Tensor, log_var: &Tensor, epochs: f64) -> Result<(Tensor, Tensor)> {
        let kl = kl_divergence(kernels, mu, log_var)?;
        let mut cost = if self.free_bits > 0.0 { above_free_bits(mu, log_var, self.free_bits)? } else { kl.clone() };
        if let Some(capacity) = self.capacity {
            cost = (cost - capacity.at(epochs))?.abs()?;
        }
        Ok((kl, (cost * self.weight(epochs))?))
    }

    /// The weight after so many epochs.
    pub(crate) fn weight(self, epochs: f64) -> f64 {
        self.beta * self.warmup.map_or(1.0, |warmup| warmup.weight(epochs))
    }
}

/// `sum_d max(free_bits, mean_b KL_d)` in nats (Kingma et al. 2016, appendix C.8): a dimension below the
/// floor has no gradient.
fn above_free_bits(mu: &Tensor, log_var: &Tensor, free_bits: f64) -> Result<Tensor> {
    let of_dimensions = (twice_kl_composed(mu, log_var)?.sum(0)? * (0.5 / mu.dim(0)?.max(1) as f64))?;
    of_dimensions.maximum(free_bits)?.sum(D::Minus1)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::kinds::trial::number;

    /// Two samples; the first dimension costs 0.9^2 / 2 nats, the second almost none.
    fn posterior() -> (Var, Tensor) {
        let mu = Var::new(&[[0.9f32, 0.1], [-0.9, 0.1]], &Device::Cpu).expect("small");
        let log_var = mu.zeros_like().expect("small");
        (mu, log_var)
    }

    #[test]
    fn free_bits_are_a_floor_a_dimension_and_below_it_there_is_no_gradient() {
        let (mu, log_var) = posterior();
        let rule = Divergence { free_bits: 0.3, ..Divergence::default() };
        let (kl, cost) = rule.of(Kernels::Fused, &mu, &log_var, 0.0).expect("equal shapes");
        assert!((number(&kl) - (0.405 + 0.005)).abs() < 1e-6, "{kl}");
        assert!((number(&cost) - (0.405 + 0.3)).abs() < 1e-6, "{cost}");
        let gradient = cost.backward().expect("a scalar");
        let gradient = gradient.get(&mu).expect("a gradient").to_vec2::<f32>().expect("floats");
        assert_eq!(gradient, [[0.45, 0.0], [-0.45, 0.0]]);
    }

    #[test]
    fn a_capacity_turns_the_gradient_of_a_divergence_below_it() {
        let (mu, log_var) = posterior();
        let capacity = Some(Capacity { nats: 2.0, epochs: 10.0 });
        let rule = Divergence { beta: 3.0, capacity, ..Divergence::default() };
        let of = |epochs| rule.of(Kernels::Fused, &mu, &log_var, epochs).expect("equal shapes");
        assert!((number(&of(0.0).1) - 3.0 * 0.41).abs() < 1e-6);
        assert!((number(&of(5.0).1) - 3.0 * (1.0 - 0.41)).abs() < 1e-6);
        assert!((number(&of(f64::INFINITY).1) - 3.0 * (2.0 - 0.41)).abs() < 1e-6);
        let gradient = of(5.0).1.backward().expect("a scalar");
        let gradient = gradient.get(&mu).expect("a gradient").to_vec2::<f32>().expect("floats");
        assert!(gradient[0][0] < 0.0, "towards more divergence: {gradient:?}");
    }

    #[test]
    fn a_warm_up_multiplies_beta_and_is_over_for_figures() {
        let (mu, log_var) = posterior();
        let rule = Divergence { beta: 2.0, warmup: Some(KlWarmup::Linear { epochs: 4.0 }), ..Divergence::default() };
        for (epochs, weight) in [(0.0, 0.0), (1.0, 0.5), (4.0, 2.0), (f64::INFINITY, 2.0)] {
            let (kl, cost) = rule.of(Kernels::Fused, &mu, &log_var, epochs).expect("equal shapes");
            assert!((number(&kl) - 0.41).abs() < 1e-6);
            assert!((number(&cost) - weight * 0.41).abs() < 1e-6, "{epochs}: {cost}");
        }
    }
}
