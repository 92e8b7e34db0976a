//! The gradients of parameters, as Candle or as passes found them.

use candle_core::{Result, Tensor, backprop::GradStore};

use super::floats::{numbers, read};
use crate::numeric::{Buffer, squares};

/// The gradient of one parameter.
#[derive(Debug)]
pub(super) enum Gradient {
    /// What Candle's own operations found.
    Composed(Tensor),
    /// What passes found.
    Fused(Fused),
    /// The sum of both.
    Joined(Buffer),
}

/// What passes found for one parameter.
#[derive(Debug)]
pub(super) struct Fused {
    pub(super) values: Buffer,
    /// The sums of the squares of its blocks.
    pub(super) squares: Vec<f64>,
}

/// The gradients of a loss with respect to all parameters, in the order of their names; some may have none.
#[derive(Debug)]
pub struct Gradients(pub(super) Vec<Option<Gradient>>);

impl Gradients {
    /// Hands all gradients to `reader`.
    ///
    /// # Errors
    /// For gradients of another type than 32-bit floats.
    pub(crate) fn read<R>(&self, reader: impl FnOnce(&[Option<&[f32]>]) -> R) -> Result<R> {
        let tensors = self.0.iter().map(|gradient| match gradient {
            Some(Gradient::Composed(tensor)) => tensor.contiguous().map(Some),
            Some(Gradient::Fused(_) | Gradient::Joined(_)) | None => Ok(None),
        });
        let tensors: Vec<Option<Tensor>> = tensors.collect::<Result<_>>()?;
        let guards: Vec<_> = tensors.iter().map(|tensor| tensor.as_ref().map(Tensor::storage_and_layout)).collect();
        let slices = self.0.iter().zip(&guards).map(|(gradient, guard)| match (gradient, guard) {
            (Some(Gradient::Fused(Fused { values: buffer, .. }) | Gradient::Joined(buffer)), _) => Ok(Some(&**buffer)),
            (Some(Gradient::Composed(_)), Some((storage, layout))) => numbers(storage, layout).map(Some),
            (Some(Gradient::Composed(_)), None) => unreachable!("every tensor's storage is at hand"),
            (None, _) => Ok(None),
        });
        Ok(reader(&slices.collect::<Result<Vec<_>>>()?))
    }

    /// The sum of the squares of each gradient, added up in a fixed order.
    ///
    /// # Errors
    /// As [`read`](Gradients::read).
    pub(super) fn squares(&self) -> Result<Vec<Option<f64>>> {
        self.read(|gradients| {
            let known = |gradient: &Option<Gradient>| match gradient {
                Some(Gradient::Fused(Fused { squares, .. })) => Some(squares.iter().sum()),
                Some(Gradient::Composed(_) | Gradient::Joined(_)) | None => None,
            };
            let known: Vec<Option<f64>> = self.0.iter().map(known).collect();
            let unknown = gradients.iter().zip(&known).map(|(gradient, known)| (*gradient).filter(|_| known.is_none()));
            let rest: Vec<Option<&[f32]>> = unknown.collect();
            known.iter().zip(squares(&rest)).map(|(known, found)| known.or(found)).collect()
        })
    }
}

impl Gradient {
    /// What passes and what Candle's own operations found for one parameter.
    pub(super) fn joined(fused: Option<Fused>, composed: &GradStore, variable: &Tensor) -> Result<Option<Self>> {
        match (fused, composed.get(variable)) {
            (None, composed) => Ok(composed.cloned().map(Gradient::Composed)),
            (Some(fused), None) => Ok(Some(Gradient::Fused(fused))),
            (Some(Fused { values: mut buffer, .. }), Some(tensor)) => {
                read(tensor, |values| buffer.iter_mut().zip(values).for_each(|(sum, value)| *sum += value))?;
                Ok(Some(Gradient::Joined(buffer)))
            }
        }
    }
}
