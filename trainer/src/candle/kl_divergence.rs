//! The divergence of a diagonal normal distribution from the unit normal.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use super::{
    floats::{read, values},
    kernels::Kernels,
};
use crate::numeric::{LANES, add_to_lanes, exp, vectorized};

/// `KL(N(mu, exp(log_var)) || N(0, I)) = 1/2 sum(mu^2 + exp(log_var) - log_var - 1)` in nats, summed over
/// the latent dimensions and averaged over the batch (Kingma and Welling 2014, appendix B); a scalar, for
/// `[batch, latent]` each.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn kl_divergence(kernels: Kernels, mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    if kernels.fuse(&[mu, log_var]) { mu.apply_op2(log_var, KlDivergence) } else { kl_divergence_composed(mu, log_var) }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn kl_divergence_composed(mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    twice_kl_composed(mu, log_var)?.sum_all()? * (0.5 / mu.dim(0)?.max(1) as f64)
}

/// Twice the divergence of every number in a code, `[batch, latent]`.
pub(crate) fn twice_kl_composed(mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
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
        let twice = twice_kl(values(mu, mu_layout)?, values(log_var, log_var_layout)?);
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
        let (of_mu, of_log_var) = read(mu, |mu| read(log_var, |log_var| slopes(mu, log_var, factor)))??;
        let shaped = |slopes| Tensor::from_vec(slopes, mu.shape(), &Device::Cpu);
        Ok((Some(shaped(of_mu)?), Some(shaped(of_log_var)?)))
    }
}

/// The sum over all numbers, in `f64`.
fn twice_kl(mu: &[f32], log_var: &[f32]) -> f64 {
    let (mut each, mut sums) = (vec![0f32; mu.len()], [0f64; LANES]);
    vectorized(
        #[inline(always)]
        || {
            for ((each, mu), &log_var) in each.iter_mut().zip(mu).zip(log_var) {
                *each = mu * mu + exp(log_var) - log_var - 1.0;
            }
            add_to_lanes(&mut sums, &each, |each| each);
        },
    );
    sums.iter().sum()
}

/// The derivatives by `mu` and by `log_var`, times a factor: `mu` and `1/2 (exp(log_var) - 1)`.
fn slopes(mu: &[f32], log_var: &[f32], factor: f32) -> (Vec<f32>, Vec<f32>) {
    let (mut of_mu, mut of_log_var) = (vec![0f32; mu.len()], vec![0f32; log_var.len()]);
    vectorized(
        #[inline(always)]
        || {
            for (slope, mu) in of_mu.iter_mut().zip(mu) {
                *slope = factor * mu;
            }
            for (slope, &log_var) in of_log_var.iter_mut().zip(log_var) {
                *slope = 0.5 * factor * (exp(log_var) - 1.0);
            }
        },
    );
    (of_mu, of_log_var)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_is_the_integral_that_it_stands_for() {
        // For one dimension: integrate q ln(q / p) over a fine grid.
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
        assert!((f64::from(closed) - integral).abs() < 1e-5, "{closed} against {integral}");
    }
}
