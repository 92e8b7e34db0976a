//! An estimate of the memory that training needs, compared with what there is before the first step.

use std::cmp::Reverse;

pub(crate) use narrows_crew::available_memory as available;
use narrows_data::Dataset;

use crate::{
    Config, Descent, Method, TrainError,
    candle::{Kernels, Rule},
    core_graphs::CoreGraphs,
    descent::Steps,
    evaluation::chunk_rows,
    kinds::{pca_bytes, values_per_row},
    network::{Graph, Node},
};

/// Largest size in bytes of the buffers that are kept for reuse, `MAX_FREE_VALUES` in `numeric/buffers.rs`.
const KEPT_BUFFERS: u64 = 64 << 20;

/// Number of arrays of the size of a batch: the batch, its memory for the next step, and a copy with noise or as
/// targets.
const INPUT_ARRAYS: u64 = 3;

/// A graph that is trained.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrainedGraph<'a> {
    pub(crate) graph: &'a Graph,
    /// Number of times that it is evaluated per row: the latent samples of a decoder, otherwise 1.
    pub(crate) evaluations: usize,
}

/// What the memory of a training run depends on.
#[derive(Debug, Clone)]
pub(crate) struct Training<'a> {
    pub(crate) graphs: Vec<TrainedGraph<'a>>,
    /// Number of features of a row.
    pub(crate) features: usize,
    /// Number of pseudo-inputs, which pass through the first graph, the encoder, in every step and evaluation.
    pub(crate) pseudo_inputs: usize,
    /// Number of training rows.
    pub(crate) rows: usize,
    pub(crate) steps: Steps,
    pub(crate) rule: Rule,
    pub(crate) kernels: Kernels,
}

/// The estimated memory of a training run, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Estimate {
    /// Weights, gradients, the state of the optimizer, and a checkpoint that is being written.
    pub(crate) parameters: u64,
    /// The values between layers in a training step, and their gradients.
    pub(crate) step: u64,
    /// The values between layers in the evaluation after an epoch.
    pub(crate) evaluation: u64,
}

impl Estimate {
    /// Returns the largest amount at one time. The evaluation and the steps alternate, and each leaves some buffers.
    pub(crate) fn total(&self) -> u64 {
        let (larger, smaller) = (self.step.max(self.evaluation), self.step.min(self.evaluation));
        self.parameters.saturating_add(larger).saturating_add(smaller.min(KEPT_BUFFERS))
    }
}

impl<'a> Training<'a> {
    /// Returns what the memory of training by gradient descent on `rows` rows depends on.
    pub(crate) fn of(descent: &Descent, core: &'a CoreGraphs, features: usize, rows: usize) -> Self {
        let model = descent.objective.model();
        Training {
            graphs: vec![
                TrainedGraph { graph: &core.encoder, evaluations: 1 },
                TrainedGraph { graph: &core.decoder, evaluations: model.latent_samples() },
            ],
            features,
            pseudo_inputs: model.prior().pseudo_inputs(),
            rows,
            steps: descent.steps,
            rule: descent.optimizer,
            kernels: descent.computation.kernels,
        }
    }

    /// Estimates the memory, without the data and the program itself.
    pub(crate) fn estimate(&self) -> Estimate {
        let rows = self.steps.batch_size.min(self.rows.max(1)) as u64;
        let of_graph = |of: &TrainedGraph<'_>| values_per_row(of.graph, self.kernels);
        let all = self.graphs.iter().map(|of| (of_graph(of) as u64).saturating_mul(of.evaluations.max(1) as u64));
        let (features, values) = (self.features as u64, all.fold(0, u64::saturating_add));
        let evaluations = self.graphs.iter().map(|of| of.evaluations).max().unwrap_or(1);
        let chunk = chunk_rows(self.graphs.iter().map(of_graph).sum(), evaluations).min(self.rows.max(1)) as u64;
        let bytes = |rows: u64, of_row: u64| {
            of_row.saturating_add(INPUT_ARRAYS * features).saturating_mul(4).saturating_mul(rows)
        };
        let pseudo_inputs = self.pseudo_inputs as u64;
        let of_pseudo_input = self.graphs.first().map_or(0, |of| of_graph(of) as u64).saturating_add(2 * features);
        let of_mixture = pseudo_inputs.saturating_mul(self.values_per_component());
        let count: usize = self
            .graphs
            .iter()
            .flat_map(|of| of.graph.parameters())
            .map(|(_, spec)| spec.shape.iter().product::<usize>())
            .sum();
        let state = self.rule.state_names().len() as u64 + u64::from(self.steps.average.is_some());
        // Weights and gradients; the arrays of a checkpoint and its bytes, with the state of the optimizer.
        let copies = 2 + state + 1 + (1 + state);
        Estimate {
            parameters: 4 * copies * (count as u64).saturating_add(pseudo_inputs.saturating_mul(features)),
            // Every value has a gradient.
            step: bytes(rows, values.saturating_mul(2).saturating_add(of_mixture))
                .saturating_add(pseudo_inputs.saturating_mul(8).saturating_mul(of_pseudo_input)),
            evaluation: bytes(chunk, values.saturating_add(of_mixture))
                .saturating_add(pseudo_inputs.saturating_mul(4).saturating_mul(of_pseudo_input)),
        }
    }

    /// Returns the number of values per row and component of a mixture prior: the posterior probability, and with
    /// composed kernels some values per latent dimension, for each latent sample.
    fn values_per_component(&self) -> u64 {
        let samples = self.graphs.iter().map(|of| of.evaluations).max().unwrap_or(1) as u64;
        let latent = self
            .graphs
            .first()
            .and_then(|of| of.graph.outputs().first())
            .map_or(1, |(_, value)| self.graphs[0].graph.shape(*value).iter().product::<usize>() as u64);
        match self.kernels {
            Kernels::Fused => samples,
            Kernels::Composed | Kernels::FusedOnDevice => samples.saturating_mul(6 * latent),
        }
    }

    /// Checks that the estimate is at most `available` bytes. Nothing is checked if this is not known.
    ///
    /// # Errors
    /// [`TrainError::Memory`].
    pub(crate) fn check(&self, available: Option<u64>) -> Result<(), TrainError> {
        let (estimate, Some(available)) = (self.estimate(), available) else { return Ok(()) };
        if estimate.total() <= available {
            return Ok(());
        }
        let nodes = self.graphs.iter().flat_map(|of| of.graph.nodes());
        let largest = nodes.min_by_key(|node| Reverse(width(node)));
        let has_maps = self.graphs.iter().any(|of| of.graph.nodes().iter().any(|node| node.shape.len() == 3));
        let narrower = match (estimate.parameters > estimate.step.max(estimate.evaluation), has_maps) {
            (true, true) => "use fewer --filters, a larger --stride or narrower --hidden layers",
            (true, false) => "use narrower --hidden layers",
            (false, true) => "use a smaller --batch-size, a larger --stride or fewer --filters",
            (false, false) => "use a smaller --batch-size or narrower --hidden layers",
        };
        let layer = largest.map(|node| format!("`{}` of shape {:?}", node.name, node.shape)).unwrap_or_default();
        let rows = self.steps.batch_size.min(self.rows.max(1));
        Err(TrainError::Memory {
            what: format!("training with batches of {rows} rows"),
            needed: estimate.total(),
            available,
            advice: format!("the largest layer is {layer}; {narrower}"),
        })
    }
}

/// Estimates the memory that a fit needs besides the data and the program itself, in bytes.
pub fn estimated_memory(config: &Config, core: &CoreGraphs, data: &Dataset) -> u64 {
    let (rows, features) = (config.fitted_rows(&data.train.values), data.train.values.features());
    match &config.method {
        Method::ClosedForm(_) => pca_bytes(rows, features),
        Method::Descent(descent) => Training::of(descent, core, features, rows).estimate().total(),
    }
}

/// Checks that the closed-form solution for `rows` rows needs at most `available` bytes. Nothing is checked if this is
/// not known.
///
/// # Errors
/// [`TrainError::Memory`].
pub(crate) fn check_solution(rows: usize, features: usize, available: Option<u64>) -> Result<(), TrainError> {
    let what = || format!("finding the principal components of {rows} rows of {features} features");
    let advice = "use fewer features or fewer rows, or train another kind, such as ae";
    check(pca_bytes(rows, features), available, what, advice)
}

/// Checks that the search of neighbours of `queries` codes among `points` codes of this length needs at most
/// `available` bytes. Nothing is checked if this is not known.
///
/// # Errors
/// [`TrainError::Memory`].
pub(crate) fn check_neighbours(
    (points, queries, length): (usize, usize, usize),
    block: usize,
    available: Option<u64>,
) -> Result<(), TrainError> {
    // The standardised points, their transpose and one more copy while they are converted; the queries likewise.
    let codes = (3 * points as u64).saturating_add(2 * queries as u64).saturating_mul(length as u64);
    // The products of a block, as a tensor and as a vector, and for every core distances with their positions.
    let products = (points as u64).saturating_mul(2 * block as u64 + 2 * narrows_crew::cores() as u64);
    let needed = codes.saturating_add(products).saturating_mul(size_of::<f32>() as u64);
    let what = || format!("finding the nearest of {points} codes for each of {queries}");
    check(needed, available, what, "use fewer rows, or --neighbours 0 in a transfer")
}

fn check(needed: u64, available: Option<u64>, what: impl FnOnce() -> String, advice: &str) -> Result<(), TrainError> {
    match available.filter(|&available| needed > available) {
        Some(available) => Err(TrainError::Memory { what: what(), needed, available, advice: advice.to_owned() }),
        None => Ok(()),
    }
}

/// Number of values in a row of the result of a node.
fn width(node: &Node) -> u64 {
    node.shape.iter().product::<usize>() as u64
}

#[cfg(test)]
mod tests;
