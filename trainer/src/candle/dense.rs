//! A fully connected layer with its own backward: the bias is added in place, and the gradient of an
//! input that nobody asked for (the data) is not computed.

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, backend::BackendStorage};

/// `x W + b` for `x: [batch, inputs]`, `weight: [inputs, outputs]` and `bias: [outputs]`.
///
/// # Errors
/// Those of Candle, for shapes that do not fit.
pub fn dense(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let fused = x.device().is_cpu() && x.dtype() == DType::F32 && bias.is_contiguous();
    if fused { x.apply_op3(weight, bias, Dense) } else { dense_composed(x, weight, bias) }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that do not fit.
pub fn dense_composed(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.matmul(weight)?.broadcast_add(bias)
}

struct Dense;

impl CustomOp3 for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, inputs) = x_layout.shape().dims2()?;
        let (weight_inputs, outputs) = weight_layout.shape().dims2()?;
        if weight_inputs != inputs || bias_layout.shape().dims() != [outputs] {
            candle_core::bail!(
                "dense: x {:?}, weight {:?} and bias {:?} do not fit",
                x_layout.shape(),
                weight_layout.shape(),
                bias_layout.shape()
            );
        }
        let shape = Shape::from((rows, outputs));
        if rows == 0 {
            return Ok((CpuStorage::F32(Vec::new()), shape));
        }
        let mut product = x.matmul(weight, (1, rows, outputs, inputs), x_layout, weight_layout)?;
        let Some((start, end)) = bias_layout.contiguous_offsets() else {
            candle_core::bail!("dense: the bias is not contiguous");
        };
        let bias = &bias.as_slice::<f32>()?[start..end];
        if let CpuStorage::F32(values) = &mut product {
            for row in values.chunks_exact_mut(outputs) {
                for (value, bias) in row.iter_mut().zip(bias) {
                    *value += bias;
                }
            }
        }
        Ok((product, shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let of_x = if x.track_op() { Some(gradient.matmul(&weight.t()?)?) } else { None };
        Ok((of_x, Some(x.t()?.matmul(gradient)?), Some(gradient.sum(0)?)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// The result and the gradients of x, weight and bias under a loss that tells all entries apart.
    fn result_and_gradients(layer: fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>) -> Result<Vec<Vec<f32>>> {
        let variable = |shape: (usize, usize), phase: f32| {
            let values = (0..shape.0 * shape.1).map(|index| (index as f32 * 0.7 + phase).sin()).collect();
            Var::from_vec(values, shape, &Device::Cpu)
        };
        let (x, weight) = (variable((3, 4), 0.1)?, variable((4, 5), 0.5)?);
        let bias = Var::from_vec(vec![0.3f32, -0.2, 0.1, 0.0, 1.0], 5, &Device::Cpu)?;
        // Through tanh, so that x is no leaf whose gradient would be skipped.
        let result = layer(&x.tanh()?, &weight, &bias)?;
        let gradients = result.sqr()?.sum_all()?.backward()?;
        let of = |variable: &Var| gradients.get(variable).map(|gradient| gradient.flatten_all()?.to_vec1());
        let of = |variable: &Var| of(variable).unwrap_or_else(|| candle_core::bail!("no gradient"));
        Ok(vec![result.flatten_all()?.to_vec1()?, of(&x)?, of(&weight)?, of(&bias)?])
    }

    #[test]
    fn the_fused_layer_and_its_gradients_are_the_composed_ones() {
        let fused = result_and_gradients(dense).expect("shapes that fit");
        let composed = result_and_gradients(dense_composed).expect("shapes that fit");
        for (fused, composed) in fused.iter().flatten().zip(composed.iter().flatten()) {
            assert!((fused - composed).abs() < 1e-5, "{fused} against {composed}");
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).expect("small");
        assert!(dense(&zeros(&[3, 4]), &zeros(&[5, 2]), &zeros(&[2])).is_err());
        assert!(dense(&zeros(&[3, 4]), &zeros(&[4, 2]), &zeros(&[3])).is_err());
    }
}
