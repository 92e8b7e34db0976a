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
