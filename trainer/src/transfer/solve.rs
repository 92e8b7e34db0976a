//! A linear head: a convex problem, solved to its minimum over all rows at once.

use candle_core::Tensor;

use super::{
    lbfgs::{Evaluated, Limits, minimise},
    objective::Objective,
    outputs::{BLOCK, Inputs},
    stop::{Stop, check_stop},
};
use crate::{
    TrainError,
    candle::{Kernels, Parameters, run},
    kinds::first,
    network::{Graph, Weights},
};

/// For the head that stays: what is left moves no answer.
pub(crate) const PRECISE: Limits = Limits { steps: 400, slope: 1e-5, progress: 1e-5 };

/// For comparing weight decays, whose losses differ by far more.
pub(crate) const ROUGH: Limits = Limits { steps: 100, slope: 1e-4, progress: 1e-3 };

/// Moves the parameters to where the mean loss over these rows and the penalty are lowest.
///
/// # Errors
/// Those of Candle, and of reading from disk; [`TrainError::NotFinite`] for a loss that is no number, and
/// [`TrainError::Interrupted`].
pub(crate) fn solve(
    graph: &Graph,
    parameters: &Parameters,
    inputs: Inputs<'_>,
    objective: &Objective<'_>,
    rows: &[usize],
    limits: Limits,
    stop: Stop<'_>,
) -> Result<(), TrainError> {
    let mut point = flat(parameters)?;
    let value = minimise(&mut point, limits, |at| evaluated(graph, parameters, inputs, objective, rows, at, stop))?;
    if !value.is_finite() {
        return Err(TrainError::NotFinite {
            what: "the loss of the head (its weight decay among the options)".to_owned(),
            value,
        });
    }
    put(parameters, &point)
}

/// Zeros for every parameter: where a convex problem may as well begin.
pub(crate) fn zeros(graph: &Graph) -> Weights {
    graph.parameters().map(|(name, spec)| (name, ndarray::ArrayD::zeros(spec.shape))).collect()
}

fn evaluated(
    graph: &Graph,
    parameters: &Parameters,
    inputs: Inputs<'_>,
    objective: &Objective<'_>,
    rows: &[usize],
    at: &[f64],
    stop: Stop<'_>,
) -> Result<Evaluated, TrainError> {
    put(parameters, at)?;
    let mut value = 0.0;
    let mut gradient = vec![0f64; at.len()];
    let mut spare: Option<Tensor> = None;
    for block in rows.chunks(BLOCK) {
        check_stop(stop)?;
        let x = inputs.batch(block, spare.take())?;
        let told = first(run(Kernels::Fused, graph, parameters, std::slice::from_ref(&x))?)?;
        let loss = (objective.sum(&told, block)? / rows.len() as f64)?;
        value += add(parameters, &loss, &mut gradient)?;
        spare = Some(x);
    }
    if let Some(penalty) = objective.penalty(parameters)? {
        value += add(parameters, &penalty, &mut gradient)?;
    }
    Ok((value, gradient))
}

/// Adds the gradient of a scalar to `gradient`, and returns its value.
fn add(parameters: &Parameters, scalar: &Tensor, gradient: &mut [f64]) -> Result<f64, TrainError> {
    let value = f64::from(scalar.to_scalar::<f32>()?);
    parameters.gradients(scalar)?.read(|gradients| {
        let mut rest = gradient;
        for ((_, variable), found) in parameters.iter().zip(gradients) {
            let (own, others) = rest.split_at_mut(variable.elem_count());
            if let Some(found) = found {
                own.iter_mut().zip(*found).for_each(|(sum, &slope)| *sum += f64::from(slope));
            }
            rest = others;
        }
    })?;
    Ok(value)
}

fn flat(parameters: &Parameters) -> Result<Vec<f64>, TrainError> {
    let mut point = Vec::new();
    for (_, variable) in parameters.iter() {
        point.extend(variable.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from));
    }
    Ok(point)
}

fn put(parameters: &Parameters, point: &[f64]) -> Result<(), TrainError> {
    let mut rest = point;
    for (_, variable) in parameters.iter() {
        let (own, others) = rest.split_at(variable.elem_count());
        let values: Vec<f32> = own.iter().map(|&value| value as f32).collect();
        variable.set(&Tensor::from_vec(values, variable.shape(), variable.device())?)?;
        rest = others;
    }
    Ok(())
}
