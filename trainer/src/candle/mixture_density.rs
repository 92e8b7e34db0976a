//! The log-density of codes under a mixture of diagonal normal distributions with equal weights.

use std::{f64::consts::PI, sync::OnceLock};

use candle_core::{CpuStorage, CustomOp3, D, Device, Layout, Result, Shape, Tensor};

use super::{
    floats::{read, values},
    kernels::Kernels,
};
use crate::numeric::{Components, Densities};

/// Returns `ln 1/K sum_k N(z; mu_k, exp(log_var_k))` of every code in nats, `[rows]` (Tomczak and Welling 2018,
/// equation 9). `z` is `[rows, latent]`, `mu` and `log_var` are `[components, latent]`.
///
/// # Errors
/// If the shapes do not fit.
pub(crate) fn mixture_log_density(kernels: Kernels, z: &Tensor, mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[z, mu, log_var]) {
        z.apply_op3(mu, log_var, MixtureDensity { responsibilities: OnceLock::new() })
    } else {
        mixture_log_density_composed(z, mu, log_var)
    }
}

/// The same function, composed from Candle's operations. It stores values of `rows * components * latent` numbers.
///
/// # Errors
/// If the shapes do not fit.
pub(super) fn mixture_log_density_composed(z: &Tensor, mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    let (components, latent) = mu.dims2()?;
    let differences = z.unsqueeze(1)?.broadcast_sub(&mu.unsqueeze(0)?)?;
    let precisions = log_var.neg()?.exp()?.unsqueeze(0)?;
    let distances = differences.sqr()?.broadcast_mul(&precisions)?.sum(D::Minus1)?;
    let constants = ((log_var.sum(D::Minus1)? + latent as f64 * (2.0 * PI).ln())? * -0.5)? - (components as f64).ln();
    (distances * -0.5)?.broadcast_add(&constants?.unsqueeze(0)?)?.log_sum_exp(D::Minus1)
}

struct MixtureDensity {
    responsibilities: OnceLock<Vec<f32>>,
}

impl CustomOp3 for MixtureDensity {
    fn name(&self) -> &'static str {
        "mixture-density"
    }

    fn cpu_fwd(
        &self,
        z: &CpuStorage,
        z_layout: &Layout,
        mu: &CpuStorage,
        mu_layout: &Layout,
        log_var: &CpuStorage,
        log_var_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, latent) = z_layout.shape().dims2()?;
        let (_, width) = mu_layout.shape().dims2()?;
        if width != latent || mu_layout.shape() != log_var_layout.shape() || latent == 0 {
            let (z, mu, log_var) = (z_layout.shape(), mu_layout.shape(), log_var_layout.shape());
            candle_core::bail!("z {z:?}, mu {mu:?} and log_var {log_var:?} do not fit");
        }
        let (means, log_variances) = (values(mu, mu_layout)?, values(log_var, log_var_layout)?);
        let Densities { log_densities, responsibilities } =
            Components { means, log_variances, latent }.densities(values(z, z_layout)?);
        if self.responsibilities.set(responsibilities).is_err() {
            candle_core::bail!("forward was called twice on one density");
        }
        Ok((CpuStorage::F32(log_densities), Shape::from(rows)))
    }

    fn bwd(
        &self,
        z: &Tensor,
        mu: &Tensor,
        log_var: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some(responsibilities) = self.responsibilities.get() else {
            candle_core::bail!("backward was called before forward")
        };
        let (latent, gradient) = (z.dim(1)?, gradient.to_vec1::<f32>()?);
        let gradients = read(z, |z| {
            read(mu, |means| {
                read(log_var, |log_variances| {
                    let components = Components { means, log_variances, latent };
                    let codes = components.code_gradient(z, responsibilities, &gradient);
                    (codes, components.component_gradients(z, responsibilities, &gradient))
                })
            })
        });
        let (codes, (means, log_variances)) = gradients???;
        let shaped = |values, like: &Tensor| Tensor::from_vec(values, like.shape(), &Device::Cpu).map(Some);
        Ok((shaped(codes, z)?, shaped(means, mu)?, shaped(log_variances, log_var)?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::numeric::example::{noise, on_one_and_three_threads};

    /// Codes, means and log-variances of a mixture whose components overlap.
    fn inputs(rows: usize, components: usize, latent: usize) -> [Var; 3] {
        let tensor = |rows: usize, factor: f32, seed: u32| {
            let values: Vec<f32> = noise(rows * latent, seed).into_iter().map(|value| factor * value).collect();
            Var::from_vec(values, (rows, latent), &Device::Cpu).expect("as many values as the shape has")
        };
        [tensor(rows, 1.5, 1), tensor(components, 1.0, 2), tensor(components, 0.7, 3)]
    }

    /// The densities and the gradients of their weighted sum.
    fn outcome(kernels: Kernels, [z, mu, log_var]: &[Var; 3]) -> Vec<Vec<f32>> {
        let densities = mixture_log_density(kernels, z, mu, log_var).expect("shapes that fit");
        let weights: Vec<f32> = (0..densities.elem_count()).map(|index| (index as f32 * 0.7).cos()).collect();
        let weights = Tensor::from_vec(weights, densities.shape(), &Device::Cpu).expect("small");
        let gradients = (&densities * weights).and_then(|sum| sum.sum_all()).and_then(|sum| sum.backward());
        let gradients = gradients.expect("a scalar");
        let flat = |tensor: &Tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
        let of = |variable: &Var| flat(gradients.get(variable).expect("a gradient"));
        vec![flat(&densities), of(z), of(mu), of(log_var)]
    }

    #[test]
    fn the_fused_density_has_the_values_and_gradients_of_the_composed_one() {
        for (rows, components, latent) in [(1, 1, 1), (7, 3, 2), (150, 70, 5), (33, 500, 40)] {
            let inputs = inputs(rows, components, latent);
            let [fused, composed] = [Kernels::Fused, Kernels::Composed].map(|kernels| outcome(kernels, &inputs));
            for (fused, composed) in fused.iter().zip(&composed) {
                let largest = composed.iter().fold(1f32, |largest, value| largest.max(value.abs()));
                for (fused, composed) in fused.iter().zip(composed) {
                    assert!((fused - composed).abs() < 2e-5 * largest, "{fused}, composed {composed}");
                }
            }
        }
    }

    #[test]
    fn one_component_is_the_density_of_a_normal_distribution() {
        let tensor = |value: f32| Tensor::new(&[[value]], &Device::Cpu).expect("small");
        let density = mixture_log_density(Kernels::Fused, &tensor(1.0), &tensor(3.0), &tensor(4f32.ln()));
        let density = density.and_then(|density| density.to_vec1::<f32>()).expect("one row")[0];
        let expected = -0.5 - 2f32.ln() - 0.5 * (2.0 * std::f32::consts::PI).ln();
        assert!((density - expected).abs() < 1e-6, "{density}, expected {expected}");
    }

    #[test]
    fn the_density_has_the_same_bits_on_any_number_of_cores() {
        let inputs = inputs(300, 120, 20);
        let (one, three) = on_one_and_three_threads(|| outcome(Kernels::Fused, &inputs));
        assert_eq!(one, three);
    }
}
