//! Applies a [`Function`] to tensors, with gradients.

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::function::Function;
use crate::{candle::floats::in_order, network::Activation, numeric::PointLoss};

/// Returns the losses of logits and targets `[rows, features]`, one for each element. There is no gradient with respect
/// to the targets.
///
/// # Errors
/// If the shapes differ.
pub(crate) fn losses(loss: PointLoss, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    check_equal(&[logits, targets])?;
    let targets = targets.detach();
    map(Function::Loss(loss), [logits, &targets, &targets])
}

/// Returns the sample `mu + exp(log_var / 2) * noise`. There is no gradient with respect to the noise.
///
/// # Errors
/// If the shapes differ.
pub(crate) fn sample(mu: &Tensor, log_var: &Tensor, noise: &Tensor) -> Result<Tensor> {
    check_equal(&[mu, log_var, noise])?;
    map(Function::Sample, [mu, log_var, &noise.detach()])
}

/// Returns `mu^2 + exp(log_var) - log_var - 1` for each element.
///
/// # Errors
/// If the shapes differ.
pub(crate) fn twice_kl(mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    check_equal(&[mu, log_var])?;
    map(Function::TwiceKl, [mu, log_var, &log_var.detach()])
}

fn check_equal(tensors: &[&Tensor]) -> Result<()> {
    match tensors.iter().find(|tensor| tensor.shape() != tensors[0].shape()) {
        Some(other) => candle_core::bail!("the shapes {:?} and {:?} differ", tensors[0].shape(), other.shape()),
        None => Ok(()),
    }
}

/// Returns the activation of `product + bias`, for `product: [.., outputs]` and `bias: [outputs]`.
///
/// # Errors
/// If the shapes do not match.
pub(crate) fn activated(activation: Activation, product: &Tensor, bias: &Tensor) -> Result<Tensor> {
    map(Function::Activation(activation), [product, bias, &bias.detach()])
}

/// Applies a function to tensors that broadcast to the shape of the first. Operands that have no gradient, or that the
/// function does not use, must be detached: Candle expects a gradient for all others.
pub(super) fn map(function: Function, [a, b, c]: [&Tensor; 3]) -> Result<Tensor> {
    let flat = |tensor: &Tensor| match tensor.rank() {
        0 | 1 => tensor.reshape((1, tensor.elem_count())),
        2 => Ok(tensor.clone()),
        _ => tensor.flatten_to(tensor.rank() - 2),
    };
    let first = flat(a)?;
    let [b, c] = [b, c].map(|tensor| flat(tensor)?.broadcast_as(first.shape()));
    first.apply_op3(&b?, &c?, Elementwise { function })?.reshape(a.shape())
}

/// A function of matrices of the same shape, with any strides.
struct Elementwise {
    function: Function,
}

/// Applies a function to matrices of the same shape, without a graph of operations.
fn matrix(function: Function, [a, b, c]: [&Tensor; 3]) -> Result<Tensor> {
    a.apply_op3_no_bwd(b, c, &Elementwise { function })
}

impl CustomOp3 for Elementwise {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let operands = [in_order(a, a_layout)?, in_order(b, b_layout)?, in_order(c, c_layout)?];
        let [a, b, c] = &operands;
        Ok((CpuStorage::F32(self.function.apply([a, b, c])), a_layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        a_layout: &Layout,
        b: &CudaStorage,
        b_layout: &Layout,
        c: &CudaStorage,
        c_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let operands = [(a, a_layout), (b, b_layout), (c, c_layout)];
        Ok((super::launch::launch(self.function, operands)?, a_layout.shape().clone()))
    }

    /// The gradients of operands that were broadcast have the shape of the result; Candle sums them.
    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        match self.function {
            Function::Loss(loss) => Ok((Some(matrix(Function::LossGradient(loss), [a, b, gradient])?), None, None)),
            Function::Sample => {
                let log_var = matrix(Function::SampleGradient, [b, c, gradient])?;
                Ok((Some(gradient.clone()), Some(log_var), None))
            }
            Function::TwiceKl => {
                let mu = matrix(Function::TwiceKlGradientOfMu, [a, gradient, gradient])?;
                let log_var = matrix(Function::TwiceKlGradientOfLogVar, [b, gradient, gradient])?;
                Ok((Some(mu), Some(log_var), None))
            }
            Function::Activation(activation) => {
                let sum = matrix(Function::ActivationGradient(activation), [a, b, gradient])?;
                Ok((Some(sum.clone()), Some(sum), None))
            }
            Function::LossGradient(_)
            | Function::SampleGradient
            | Function::TwiceKlGradientOfMu
            | Function::TwiceKlGradientOfLogVar
            | Function::ActivationGradient(_)
            | Function::AdamFirst(_)
            | Function::AdamSecond(_)
            | Function::AdamWeight(_)
            | Function::SgdVelocity(_)
            | Function::SgdWeight(_)
            | Function::MovingAverage(_) => candle_core::bail!("{} has no derivative here", self.name()),
        }
    }
}
