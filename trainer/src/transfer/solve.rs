//! Fits a linear head: a convex problem whose minimum is computed with full-batch L-BFGS.

use candle_core::Tensor;

use super::{
    lbfgs::{Evaluated, Limits, minimise},
    objective::Objective,
    outputs::{Inputs, block_rows},
    stop::{Stop, check_stop},
};
use crate::{
    TrainError,
    candle::{Kernels, Parameters, run},
    kinds::first,
    network::{Graph, Weights},
};

/// Limits for the final head: the remaining error does not change any prediction.
pub(crate) const PRECISE: Limits = Limits { steps: 400, gradient: 1e-5, relative_decrease: 1e-5 };

/// Limits for comparing weight decays, whose losses differ by much more.
pub(crate) const ROUGH: Limits = Limits { steps: 100, gradient: 1e-4, relative_decrease: 1e-3 };

/// Moves the parameters to the minimum of the mean loss over `rows` plus the penalty.
///
/// # Errors
/// [`TrainError::NotFinite`] if the loss is infinite or NaN, [`TrainError::Interrupted`] once `stop` returns true, and
/// errors of Candle and of reading from disk.
pub(crate) fn solve(
    graph: &Graph,
    parameters: &Parameters,
    inputs: Inputs<'_>,
    objective: &Objective<'_>,
    rows: &[usize],
    limits: Limits,
    stop: Stop<'_>,
) -> Result<(), TrainError> {
    let mut point = flatten(parameters)?;
    let value = minimise(&mut point, limits, |at| evaluate(graph, parameters, inputs, objective, rows, at, stop))?;
    if !value.is_finite() {
        return Err(TrainError::NotFinite { what: "the loss of the head (with its weight decay)".to_owned(), value });
    }
    assign(parameters, &point)
}

/// Returns zeros for each parameter. Any start point is good for a convex problem.
pub(crate) fn zeros(graph: &Graph) -> Weights {
    graph.parameters().map(|(name, spec)| (name, ndarray::ArrayD::zeros(spec.shape))).collect()
}

/// Computes the objective and its gradient at the point `at`.
fn evaluate(
    graph: &Graph,
    parameters: &Parameters,
    inputs: Inputs<'_>,
    objective: &Objective<'_>,
    rows: &[usize],
    at: &[f64],
    stop: Stop<'_>,
) -> Result<Evaluated, TrainError> {
    assign(parameters, at)?;
    let mut value = 0.0;
    let mut gradient = vec![0f64; at.len()];
    let mut spare: Option<Tensor> = None;
    for block in rows.chunks(block_rows(graph)) {
        check_stop(stop)?;
        let x = inputs.batch(block, spare.take())?;
        let outputs = first(run(Kernels::Fused, graph, parameters, std::slice::from_ref(&x))?)?;
        let loss = (objective.sum(&outputs, block)? / rows.len() as f64)?;
        value += add_gradient(parameters, &loss, &mut gradient)?;
        spare = Some(x);
    }
    if let Some(penalty) = objective.penalty(parameters)? {
        value += add_gradient(parameters, &penalty, &mut gradient)?;
    }
    Ok((value, gradient))
}

/// Adds the gradient of a scalar to `gradient`, and returns the value of the scalar.
fn add_gradient(parameters: &Parameters, scalar: &Tensor, gradient: &mut [f64]) -> Result<f64, TrainError> {
    let value = f64::from(scalar.to_scalar::<f32>()?);
    parameters.gradients(scalar)?.read(|gradients| {
        let mut rest = gradient;
        for ((_, variable), computed) in parameters.iter().zip(gradients) {
            let (own, others) = rest.split_at_mut(variable.elem_count());
            if let Some(computed) = computed {
                own.iter_mut().zip(*computed).for_each(|(sum, &slope)| *sum += f64::from(slope));
            }
            rest = others;
        }
    })?;
    Ok(value)
}

/// Copies all parameters into one vector.
fn flatten(parameters: &Parameters) -> Result<Vec<f64>, TrainError> {
    let mut point = Vec::new();
    for (_, variable) in parameters.iter() {
        point.extend(variable.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from));
    }
    Ok(point)
}

/// Sets all parameters from one vector.
fn assign(parameters: &Parameters, point: &[f64]) -> Result<(), TrainError> {
    let mut rest = point;
    for (_, variable) in parameters.iter() {
        let (own, others) = rest.split_at(variable.elem_count());
        let values: Vec<f32> = own.iter().map(|&value| value as f32).collect();
        variable.set(&Tensor::from_vec(values, variable.shape(), variable.device())?)?;
        rest = others;
    }
    Ok(())
}
