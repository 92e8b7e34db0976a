//! KL divergence of a diagonal normal distribution from the standard normal.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use super::{
    floats::{read, values},
    kernels::Kernels,
    on_device,
};
use crate::numeric::kl_divergence::{self, kl_gradients};

/// Returns `KL(N(mu, exp(log_var)) || N(0, I)) = 1/2 sum(mu^2 + exp(log_var) - log_var - 1)` in nats, summed over
/// the latent dimensions and averaged over the batch (Kingma and Welling 2014, appendix B). The result is a scalar;
/// `mu` and `log_var` are `[batch, latent]`.
///
/// # Errors
/// If the shapes differ.
pub fn kl_divergence(kernels: Kernels, mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[mu, log_var]) {
        mu.apply_op2(log_var, KlDivergence)
    } else {
        twice_kl(kernels, mu, log_var)?.sum_all()? * (0.5 / mu.dim(0)?.max(1) as f64)
    }
}

/// Returns twice the KL divergence of each latent dimension, `[batch, latent]`. The caller applies the factor 1/2 once,
/// after the sum.
pub(crate) fn twice_kl(kernels: Kernels, mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    match kernels {
        Kernels::FusedOnDevice => on_device::twice_kl(mu, log_var),
        Kernels::Fused | Kernels::Composed => twice_kl_composed(mu, log_var),
    }
}

fn twice_kl_composed(mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    ((mu.sqr()? + log_var.exp()?)? - log_var)? - 1.0
}

struct KlDivergence;

impl CustomOp2 for KlDivergence {
    fn name(&self) -> &'static str {
        "kl-divergence"
    }

    fn cpu_fwd(
        &self,
        mu: &CpuStorage,
        mu_layout: &Layout,
        log_var: &CpuStorage,
        log_var_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        if mu_layout.shape() != log_var_layout.shape() {
            candle_core::bail!("mu {:?} and log_var {:?} differ in shape", mu_layout.shape(), log_var_layout.shape());
        }
        let (rows, _) = mu_layout.shape().dims2()?;
        let twice = kl_divergence::twice_kl(values(mu, mu_layout)?, values(log_var, log_var_layout)?);
        Ok((CpuStorage::F32(vec![(0.5 * twice / rows.max(1) as f64) as f32]), Shape::from(())))
    }

    fn bwd(
        &self,
        mu: &Tensor,
        log_var: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let factor = gradient.to_scalar::<f32>()? / mu.dim(0)?.max(1) as f32;
        let (mu_gradient, log_var_gradient) =
            read(mu, |mu| read(log_var, |log_var| kl_gradients(mu, log_var, factor)))??;
        let shaped = |values| Tensor::from_vec(values, mu.shape(), &Device::Cpu);
        Ok((Some(shaped(mu_gradient)?), Some(shaped(log_var_gradient)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kl_divergence_matches_numerical_integration() {
        // In one dimension, integrate q ln(q / p) over a fine grid.
        let (mu, log_var) = (0.7f64, -0.8f64);
        let sigma = (0.5 * log_var).exp();
        let step = 1e-3;
        let integral: f64 = (-12_000..12_000)
            .map(|index| {
                let z = mu + f64::from(index) * step;
                let ln_q = -0.5 * ((z - mu) / sigma).powi(2) - sigma.ln();
                let ln_p = -0.5 * z * z;
                let root = (2.0 * std::f64::consts::PI).sqrt();
                ln_q.exp() / root * (ln_q - ln_p) * step
            })
            .sum();
        let tensor = |value: f64| Tensor::new(&[[value as f32]], &Device::Cpu).expect("small");
        let closed = kl_divergence(Kernels::Fused, &tensor(mu), &tensor(log_var))
            .and_then(|kl| kl.to_scalar::<f32>())
            .expect("a scalar");
        assert!((f64::from(closed) - integral).abs() < 1e-5, "closed form {closed}, integral {integral}");
    }
}
