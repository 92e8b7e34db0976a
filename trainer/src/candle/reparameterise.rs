//! Differentiable samples of a diagonal normal distribution, by the reparameterisation trick (Kingma and Welling 2014).

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::{
    floats::{read, values},
    kernels::Kernels,
    on_device,
};
use crate::numeric::reparameterise::{log_var_gradient, sample};

/// Returns the sample `z = mu + exp(log_var / 2) * noise`, all `[batch, latent]`. There is no gradient with respect
/// to the noise.
///
/// # Errors
/// If the shapes differ.
pub fn reparameterise(kernels: Kernels, mu: &Tensor, log_var: &Tensor, noise: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[mu, log_var, noise]) {
        return mu.apply_op3(log_var, noise, Reparameterise);
    }
    match kernels {
        Kernels::FusedOnDevice => on_device::sample(mu, log_var, noise),
        Kernels::Fused | Kernels::Composed => reparameterise_composed(mu, log_var, noise),
    }
}

/// The same function, composed from Candle's operations.
///
/// # Errors
/// If the shapes differ.
pub(super) fn reparameterise_composed(mu: &Tensor, log_var: &Tensor, noise: &Tensor) -> Result<Tensor> {
    mu + ((log_var * 0.5)?.exp()? * noise)?
}

struct Reparameterise;

impl CustomOp3 for Reparameterise {
    fn name(&self) -> &'static str {
        "reparameterise"
    }

    fn cpu_fwd(
        &self,
        mu: &CpuStorage,
        mu_layout: &Layout,
        log_var: &CpuStorage,
        log_var_layout: &Layout,
        noise: &CpuStorage,
        noise_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let shape = mu_layout.shape();
        if log_var_layout.shape() != shape || noise_layout.shape() != shape {
            let (log_var, noise) = (log_var_layout.shape(), noise_layout.shape());
            candle_core::bail!("mu {shape:?}, log_var {log_var:?} and noise {noise:?} differ in shape");
        }
        let (mu, log_var) = (values(mu, mu_layout)?, values(log_var, log_var_layout)?);
        let noise = values(noise, noise_layout)?;
        Ok((CpuStorage::F32(sample(mu, log_var, noise)), shape.clone()))
    }

    fn bwd(
        &self,
        mu: &Tensor,
        log_var: &Tensor,
        noise: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let compute = |log_var: &[f32]| {
            read(noise, |noise| read(gradient, |gradient| log_var_gradient(log_var, noise, gradient)))
        };
        let values = read(log_var, compute)???;
        let gradient_tensor = Tensor::from_vec(values, mu.shape(), &Device::Cpu)?;
        Ok((Some(gradient.clone()), Some(gradient_tensor), None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, normal_like, stream};

    #[test]
    fn samples_have_the_mean_and_the_variance_of_the_posterior() {
        let rows = 20_000;
        let full = |value: f32| Tensor::full(value, (rows, 1), &Device::Cpu).expect("small");
        let noise = normal_like(&full(0.0), &mut stream(1, Stream::Noise, 0)).expect("on the CPU");
        let z = reparameterise(Kernels::Fused, &full(1.5), &full(-2.0), &noise).expect("equal shapes");
        let z: Vec<f32> = z.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
        let mean = z.iter().map(|&z| f64::from(z)).sum::<f64>() / rows as f64;
        let variance = z.iter().map(|&z| (f64::from(z) - mean).powi(2)).sum::<f64>() / rows as f64;
        // Five standard errors.
        assert!((mean - 1.5).abs() < 0.013 && (variance - (-2f64).exp()).abs() < 0.007, "{mean} {variance}");
    }
}
