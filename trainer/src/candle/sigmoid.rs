//! The logistic function of scaled values, in one pass.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};

use super::{
    floats::{read, values},
    kernels::Kernels,
};
use crate::numeric::{sigmoid_gradient, sigmoid_of_all};

/// Returns `1 / (1 + exp(-factor x))` of every value.
///
/// # Errors
/// If Candle returns an error.
pub(crate) fn scaled_sigmoid(kernels: Kernels, x: &Tensor, factor: f32) -> Result<Tensor> {
    if kernels.can_fuse(&[x]) {
        x.apply_op1(ScaledSigmoid { factor })
    } else {
        ((x * -f64::from(factor))?.exp()? + 1.0)?.recip()
    }
}

struct ScaledSigmoid {
    factor: f32,
}

impl CustomOp1 for ScaledSigmoid {
    fn name(&self) -> &'static str {
        "scaled-sigmoid"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(sigmoid_of_all(values(x, layout)?, self.factor)), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradients =
            read(result, |result| read(gradient, |gradient| sigmoid_gradient(result, gradient, self.factor)))??;
        Tensor::from_vec(gradients, result.shape(), &Device::Cpu).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::numeric::example::noise;

    #[test]
    fn the_fused_function_has_the_values_and_gradients_of_the_composed_one() {
        let values: Vec<f32> = noise(40_000, 1).into_iter().map(|value| 5.0 * value).collect();
        let x = Var::from_vec(values, (200, 200), &Device::Cpu).expect("as many values as the shape has");
        let outcome = |kernels| {
            let result = scaled_sigmoid(kernels, &x, 4.0).expect("on the CPU");
            let gradients = result.sqr().and_then(|squares| squares.sum_all()).and_then(|sum| sum.backward());
            let gradient = gradients.expect("a scalar").get(&x).cloned().expect("a gradient");
            [result, gradient]
                .map(|tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("floats"))
        };
        let [fused, composed] = [Kernels::Fused, Kernels::Composed].map(outcome);
        for (fused, composed) in fused.iter().flatten().zip(composed.iter().flatten()) {
            assert!((fused - composed).abs() < 1e-5, "{fused}, composed {composed}");
        }
    }
}
