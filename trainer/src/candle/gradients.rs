//! Gradients of parameters, computed by Candle or by passes.

use candle_core::{Result, Tensor, Var, backprop::GradStore};

use super::floats::{read, tensor_values};
use crate::numeric::{Buffer, sums_of_squares};

/// The gradient of one parameter.
#[derive(Debug)]
pub(super) enum Gradient {
    /// Computed by Candle's operations.
    Composed(Tensor),
    /// Computed by passes.
    Fused(Fused),
    /// The sum of a gradient of Candle's operations and one of passes.
    Sum(Buffer),
}

/// The gradient that passes computed for one parameter.
#[derive(Debug)]
pub(super) struct Fused {
    pub(super) values: Buffer,
    /// Sum of squares of each block of `values`.
    pub(super) squares: Vec<f64>,
}

/// The gradients of a loss with respect to all parameters, sorted by name. A parameter without a gradient has `None`.
#[derive(Debug)]
pub struct Gradients(pub(super) Vec<Option<Gradient>>);

impl Gradients {
    /// Calls `reader` with all gradients as slices.
    ///
    /// # Errors
    /// If a gradient does not consist of 32-bit floats.
    pub(crate) fn read<R>(&self, reader: impl FnOnce(&[Option<&[f32]>]) -> R) -> Result<R> {
        let tensors = self.0.iter().map(|gradient| match gradient {
            Some(Gradient::Composed(tensor)) => tensor.contiguous().map(Some),
            Some(Gradient::Fused(_) | Gradient::Sum(_)) | None => Ok(None),
        });
        let tensors: Vec<Option<Tensor>> = tensors.collect::<Result<_>>()?;
        let guards: Vec<_> = tensors.iter().map(|tensor| tensor.as_ref().map(Tensor::storage_and_layout)).collect();
        let slices = self.0.iter().zip(&guards).map(|(gradient, guard)| match (gradient, guard) {
            (Some(Gradient::Fused(Fused { values: buffer, .. }) | Gradient::Sum(buffer)), _) => Ok(Some(&**buffer)),
            (Some(Gradient::Composed(_)), Some((storage, layout))) => tensor_values(storage, layout).map(Some),
            (Some(Gradient::Composed(_)), None) => unreachable!("a storage guard exists for every tensor"),
            (None, _) => Ok(None),
        });
        Ok(reader(&slices.collect::<Result<Vec<_>>>()?))
    }

    /// Returns all gradients as tensors on the device of the parameters, whose `variables` are sorted by name.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(super) fn tensors<'a>(
        &self,
        variables: impl Iterator<Item = (&'a str, &'a Var)>,
    ) -> Result<Vec<Option<Tensor>>> {
        let tensor = |(gradient, (_, variable)): (&Option<Gradient>, (&str, &Var))| match gradient {
            None => Ok(None),
            Some(Gradient::Composed(tensor)) => Ok(Some(tensor.clone())),
            Some(Gradient::Fused(Fused { values, .. }) | Gradient::Sum(values)) => {
                Tensor::from_slice(values, variable.shape(), variable.device()).map(Some)
            }
        };
        self.0.iter().zip(variables).map(tensor).collect()
    }

    /// Returns the sum of squares of each gradient, added in a fixed order.
    ///
    /// # Errors
    /// The same as [`read`](Gradients::read).
    pub(super) fn squares(&self) -> Result<Vec<Option<f64>>> {
        self.read(|gradients| {
            let known = |gradient: &Option<Gradient>| match gradient {
                Some(Gradient::Fused(Fused { squares, .. })) => Some(squares.iter().sum()),
                Some(Gradient::Composed(_) | Gradient::Sum(_)) | None => None,
            };
            let known: Vec<Option<f64>> = self.0.iter().map(known).collect();
            let unknown = gradients.iter().zip(&known).map(|(gradient, known)| (*gradient).filter(|_| known.is_none()));
            let unknown: Vec<Option<&[f32]>> = unknown.collect();
            known.iter().zip(sums_of_squares(&unknown)).map(|(known, computed)| known.or(computed)).collect()
        })
    }
}

impl Gradient {
    /// Combines the gradients of one parameter that passes and Candle's operations computed.
    pub(super) fn combined(fused: Option<Fused>, composed: &GradStore, variable: &Tensor) -> Result<Option<Self>> {
        match (fused, composed.get(variable)) {
            (None, composed) => Ok(composed.cloned().map(Gradient::Composed)),
            (Some(fused), None) => Ok(Some(Gradient::Fused(fused))),
            (Some(Fused { values: mut buffer, .. }), Some(tensor)) => {
                read(tensor, |values| buffer.iter_mut().zip(values).for_each(|(sum, value)| *sum += value))?;
                Ok(Some(Gradient::Sum(buffer)))
            }
        }
    }
}
