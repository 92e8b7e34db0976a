//! The values of the graph from which scores are computed.

use crate::onnx::Call;

/// Names of values in the detector graph.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// The class of every row, `[batch]`, if the decoder takes labels.
    pub(super) label: Option<String>,
    /// Number of values of a sample.
    pub(super) features: usize,
    /// The sample in the data's own unit, `[batch, features]`.
    pub(super) sample: String,
    /// The sample in scaled units, `[batch, features]`.
    pub(super) target: String,
    /// The sample minus its reconstruction in scaled units, `[batch, features]`.
    pub(super) residual: String,
    /// The errors of the cells of a mixed table, `[batch, cells]`; `None` for other samples.
    pub(super) errors: Option<String>,
    /// The code, `[batch, latent]`.
    pub(super) code: String,
    /// Logarithm of the variance of the posterior, `[batch, latent]`; variational encoders only.
    pub(super) log_variance: Option<String>,
}

/// Adds the share of each cell in the sum of `errors`, `[batch, cells]`, which are at least 0; if all are 0, the shares
/// are equal.
pub(super) fn share_of_cells(call: &mut Call<'_>, errors: &str) -> String {
    let tiny = call.floats("tiny", &[], &[1e-30]);
    let raised = call.node("Add", &[errors.to_owned(), tiny]);
    let largest = call.reduce("ReduceMax", &raised, 1);
    let relative = call.node("Div", &[raised, largest]);
    let sum = call.sum(&relative, 1);
    call.node("Div", &[relative, sum])
}

/// Adds the share of each value of `errors`, `[batch, features]`, in the sum of their squares: `e^2 / sum e^2`. Errors
/// are divided by the largest one first, so that nothing overflows; if all are 0, the shares are equal.
pub(super) fn share_of(call: &mut Call<'_>, errors: &str) -> String {
    let tiny = call.floats("tiny", &[], &[1e-30]);
    let sizes = call.node("Abs", &[errors.to_owned()]);
    let sizes = call.node("Add", &[sizes, tiny]);
    let largest = call.reduce("ReduceMax", &sizes, 1);
    let relative = call.node("Div", &[sizes, largest]);
    let squares = call.node("Mul", &[relative.clone(), relative]);
    let sum = call.sum(&squares, 1);
    call.node("Div", &[squares, sum])
}
