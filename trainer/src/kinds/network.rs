//! An encoder and a decoder with weights: computes codes of samples and reconstruction losses of codes.

use candle_core::{Result, Tensor};
use narrows_bundle::Likelihood;

use crate::{
    candle::{Kernels, Parameters, loss, run},
    likelihood::OutputDistribution,
    network::Graph,
    numeric::{PointLoss, Reduction},
    table::Table,
};

/// An encoder and a decoder with their weights.
pub(crate) struct Network<'a> {
    /// Maps scaled features to a code.
    pub(crate) encoder: &'a Graph,
    /// Maps a code to logits.
    pub(crate) decoder: &'a Graph,
    /// Weights of the encoder and the decoder.
    pub(crate) parameters: &'a Parameters,
    /// The distribution whose parameters are the logits.
    pub(crate) output_distribution: OutputDistribution,
    /// The kernels that compute the graphs and the loss.
    pub(crate) kernels: Kernels,
    /// Frozen layers that scaled samples pass through before the encoder, if there are any.
    pub(crate) below: Option<Below<'a>>,
    /// The mixed table whose cells are reconstructed; `None` for other data.
    pub(crate) table: Option<&'a Table>,
}

/// Frozen layers below the encoder.
#[derive(Clone, Copy)]
pub(crate) struct Below<'a> {
    /// Maps scaled features to the inputs of the encoder.
    pub(crate) graph: &'a Graph,
    pub(crate) parameters: &'a Parameters,
}

impl Network<'_> {
    /// Returns the outputs of the encoder; the first is the code or its mean.
    pub(crate) fn encode(&self, x: &Tensor, labels: Option<&Tensor>) -> Result<Vec<Tensor>> {
        run(self.kernels, self.encoder, self.parameters, &with_labels(x, labels))
    }

    /// Returns `mu` and `log_var`, `[batch, latent]` each.
    ///
    /// # Errors
    /// If the encoder has a single output and is not variational, and errors of Candle.
    pub(crate) fn posterior(&self, x: &Tensor, labels: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let encoded = self.encode(x, labels)?;
        match encoded.as_slice() {
            [mu, log_var] => Ok((mu.clone(), log_var.clone())),
            _ => candle_core::bail!("a variational encoder has two outputs, this one has {}", encoded.len()),
        }
    }

    /// Returns the logits of codes, `[batch, features]`.
    pub(crate) fn decode(&self, z: &Tensor, labels: Option<&Tensor>) -> Result<Tensor> {
        first(run(self.kernels, self.decoder, self.parameters, &with_labels(z, labels))?)
    }

    /// Returns the number of values per row that are kept for the gradients when a loss is computed.
    pub(crate) fn values_per_row(&self) -> usize {
        let below = self.below.map(|below| below.graph);
        let graphs = [self.encoder, self.decoder].into_iter().chain(below);
        graphs.map(|graph| values_per_row(graph, self.kernels)).sum()
    }

    /// Returns whether the encoder returns a distribution over codes.
    pub(crate) fn is_variational(&self) -> bool {
        self.encoder.outputs().len() == 2
    }

    /// Returns whether the encoder and the decoder take labels.
    pub(crate) fn takes_labels(&self) -> bool {
        self.decoder.inputs().len() > 1
    }

    /// Returns the error of reconstructing `targets` from the codes `z`, averaged over the batch; see
    /// [`OutputDistribution::error`].
    pub(crate) fn error(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        if let Some(table) = self.table {
            return self.cell_loss(table, z, labels, targets, Reduction::Mean);
        }
        match self.fused(z, labels, targets, Reduction::Mean)? {
            Some(error) => Ok(error),
            None => self.output_distribution.error(self.kernels, &self.decode(z, labels)?, targets),
        }
    }

    /// Returns the negative log-likelihood of `targets` in nats, given the codes `z`, averaged over the batch.
    pub(crate) fn nats(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        if let Some(table) = self.table {
            return self.cell_loss(table, z, labels, targets, Reduction::Mean);
        }
        match self.fused(z, labels, targets, Reduction::Mean)? {
            Some(error) => self.output_distribution.in_nats(error, targets, self.parameters),
            None => self.output_distribution.nats(self.kernels, &self.decode(z, labels)?, targets, self.parameters),
        }
    }

    /// Returns the negative log-likelihood of every row in nats, `[batch]`.
    pub(crate) fn nats_by_row(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        if let Some(table) = self.table {
            return self.cell_loss(table, z, labels, targets, Reduction::Rows);
        }
        match self.fused(z, labels, targets, Reduction::Rows)? {
            Some(errors) => self.output_distribution.in_nats(errors, targets, self.parameters),
            None => {
                self.output_distribution.nats_by_row(self.kernels, &self.decode(z, labels)?, targets, self.parameters)
            }
        }
    }

    /// Returns the weighted errors of the cells of a table, given the codes `z`.
    fn cell_loss(
        &self,
        table: &Table,
        z: &Tensor,
        labels: Option<&Tensor>,
        targets: &Tensor,
        reduction: Reduction,
    ) -> Result<Tensor> {
        let logits = self.decode(z, labels)?;
        table.likelihoods.loss(self.kernels, &logits, targets, self.parameters, reduction)
    }

    /// Computes decoder and loss in one pass; `None` if the kernels do not support it.
    fn fused(
        &self,
        z: &Tensor,
        labels: Option<&Tensor>,
        targets: &Tensor,
        reduction: Reduction,
    ) -> Result<Option<Tensor>> {
        let point_loss = match self.output_distribution.likelihood {
            Likelihood::Bernoulli => PointLoss::Bernoulli,
            Likelihood::Gaussian => PointLoss::SquaredError(self.output_distribution.link),
            Likelihood::Columns => return Ok(None),
        };
        let inputs = with_labels(z, labels);
        loss(self.kernels, self.decoder, self.parameters, &inputs, point_loss, targets, reduction)
    }
}

/// Returns the number of values per row of a graph that are kept for the gradients.
pub(crate) fn values_per_row(graph: &Graph, kernels: Kernels) -> usize {
    let has_kernels = graph.nodes_without_kernel().next().is_none();
    match kernels {
        Kernels::Fused if has_kernels => graph.values_per_row(),
        Kernels::Fused | Kernels::Composed | Kernels::FusedOnDevice => graph.values_kept_by_candle(),
    }
}

impl Below<'_> {
    /// Returns the outputs of these layers for scaled samples, `[batch, outputs]`. They are detached: no gradient flows
    /// through these layers.
    pub(crate) fn run(&self, kernels: Kernels, x: &Tensor) -> Result<Tensor> {
        Ok(first(run(kernels, self.graph, self.parameters, std::slice::from_ref(x))?)?.detach())
    }
}

fn with_labels(value: &Tensor, labels: Option<&Tensor>) -> Vec<Tensor> {
    std::iter::once(value.clone()).chain(labels.cloned()).collect()
}

/// Returns the first output of a graph.
pub(crate) fn first(outputs: Vec<Tensor>) -> Result<Tensor> {
    match outputs.into_iter().next() {
        Some(output) => Ok(output),
        None => candle_core::bail!("the network has no output"),
    }
}
