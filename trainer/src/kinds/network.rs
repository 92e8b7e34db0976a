//! Encoder and decoder at work: from samples to codes, and from codes to how well they reconstruct.

use candle_core::{Result, Tensor};
use narrows_bundle::Likelihood;

use crate::{
    candle::{Kernels, Parameters, loss, run},
    likelihood::OutputDistribution,
    network::Graph,
    numeric::{PointLoss, Reduction},
};

/// The two halves with their weights.
pub(crate) struct Network<'a> {
    /// Scaled features to a code.
    pub(crate) encoder: &'a Graph,
    /// A code to logits.
    pub(crate) decoder: &'a Graph,
    /// Weights of both.
    pub(crate) parameters: &'a Parameters,
    /// What the logits mean.
    pub(crate) output_distribution: OutputDistribution,
    /// What computes them and the loss.
    pub(crate) kernels: Kernels,
    /// What scaled samples go through first, if anything.
    pub(crate) below: Option<Below<'a>>,
}

/// Layers that are not trained.
#[derive(Clone, Copy)]
pub(crate) struct Below<'a> {
    /// Scaled features to what the encoder takes.
    pub(crate) graph: &'a Graph,
    pub(crate) parameters: &'a Parameters,
}

impl Network<'_> {
    /// The encoder's outputs: the code or its mean first.
    pub(crate) fn encode(&self, x: &Tensor, labels: Option<&Tensor>) -> Result<Vec<Tensor>> {
        run(self.kernels, self.encoder, self.parameters, &with_labels(x, labels))
    }

    /// `mu` and `log_var`, `[batch, latent]` each.
    ///
    /// # Errors
    /// For an encoder that gives a code and no distribution, and those of Candle.
    pub(crate) fn posterior(&self, x: &Tensor, labels: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let encoded = self.encode(x, labels)?;
        match encoded.as_slice() {
            [mu, log_var] => Ok((mu.clone(), log_var.clone())),
            _ => candle_core::bail!("a variational encoder has two outputs, this one has {}", encoded.len()),
        }
    }

    /// The logits of codes, `[batch, features]`.
    pub(crate) fn decode(&self, z: &Tensor, labels: Option<&Tensor>) -> Result<Tensor> {
        first(run(self.kernels, self.decoder, self.parameters, &with_labels(z, labels))?)
    }

    /// Whether the encoder gives a distribution over codes.
    pub(crate) fn is_variational(&self) -> bool {
        self.encoder.outputs().len() == 2
    }

    /// Whether both halves take labels.
    pub(crate) fn takes_labels(&self) -> bool {
        self.decoder.inputs().len() > 1
    }

    /// The reconstruction error of the codes `z` of `targets`, averaged over the batch; see [`OutputDistribution::error`].
    pub(crate) fn error(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        match self.fused(z, labels, targets, Reduction::Mean)? {
            Some(error) => Ok(error),
            None => self.output_distribution.error(self.kernels, &self.decode(z, labels)?, targets),
        }
    }

    /// Negative log-likelihood of `targets` in nats, given the codes `z`, averaged over the batch.
    pub(crate) fn nats(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        match self.fused(z, labels, targets, Reduction::Mean)? {
            Some(error) => self.output_distribution.in_nats(error, targets, self.parameters),
            None => self.output_distribution.nats(self.kernels, &self.decode(z, labels)?, targets, self.parameters),
        }
    }

    /// The same of every row, `[batch]`.
    pub(crate) fn nats_by_row(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        match self.fused(z, labels, targets, Reduction::Rows)? {
            Some(errors) => self.output_distribution.in_nats(errors, targets, self.parameters),
            None => {
                self.output_distribution.nats_by_row(self.kernels, &self.decode(z, labels)?, targets, self.parameters)
            }
        }
    }

    /// Decoder and loss in one pass; `None` where the kernels cannot do it.
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
        };
        let inputs = with_labels(z, labels);
        loss(self.kernels, self.decoder, self.parameters, &inputs, point_loss, targets, reduction)
    }
}

impl Below<'_> {
    /// The outputs of these layers for scaled samples, `[batch, outputs]`: no gradient goes back through them.
    pub(crate) fn run(&self, kernels: Kernels, x: &Tensor) -> Result<Tensor> {
        Ok(first(run(kernels, self.graph, self.parameters, std::slice::from_ref(x))?)?.detach())
    }
}

fn with_labels(value: &Tensor, labels: Option<&Tensor>) -> Vec<Tensor> {
    std::iter::once(value.clone()).chain(labels.cloned()).collect()
}

/// The output of a graph that has one, or the first of several.
pub(crate) fn first(outputs: Vec<Tensor>) -> Result<Tensor> {
    match outputs.into_iter().next() {
        Some(output) => Ok(output),
        None => candle_core::bail!("the network has no output"),
    }
}
