//! An estimate of the memory that training needs, compared with what there is before the first step.

use std::cmp::Reverse;

pub(crate) use narrows_crew::available_memory as available;

use crate::{
    TrainError,
    candle::{Kernels, Rule},
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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Training<'a> {
    pub(crate) graphs: &'a [TrainedGraph<'a>],
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

impl Training<'_> {
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
            Kernels::Composed => samples.saturating_mul(6 * latent),
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
        Err(TrainError::Memory {
            needed: estimate.total(),
            available,
            rows: self.steps.batch_size.min(self.rows.max(1)),
            layer: largest.map(|node| format!("`{}` of shape {:?}", node.name, node.shape)).unwrap_or_default(),
            advice: narrower,
        })
    }
}

/// Checks that the closed-form solution for `rows` rows needs at most `available` bytes. Nothing is checked if this is
/// not known.
///
/// # Errors
/// [`TrainError::SolutionMemory`].
pub(crate) fn check_solution(rows: usize, features: usize, available: Option<u64>) -> Result<(), TrainError> {
    let needed = pca_bytes(rows, features);
    match available.filter(|&available| needed > available) {
        Some(available) => Err(TrainError::SolutionMemory { rows, features, needed, available }),
        None => Ok(()),
    }
}

/// Number of values in a row of the result of a node.
fn width(node: &Node) -> u64 {
    node.shape.iter().product::<usize>() as u64
}

#[cfg(test)]
mod tests;
