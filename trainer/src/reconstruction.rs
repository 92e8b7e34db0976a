//! How well the sample that a code stands for meets the sample that it should be: decoder and likelihood in one.

use candle_core::{Result, Tensor};
use narrows_bundle::Likelihood;

use crate::{
    candle::loss,
    kinds::{Network, with_labels},
    numeric::{PointLoss, Reduction},
};

impl Network<'_> {
    /// What a deterministic autoencoder minimises for the codes `z` of `targets`, averaged over the batch; see
    /// [`Observation::error`](crate::likelihood::Observation).
    pub(crate) fn error(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        match self.fused(z, labels, targets, Reduction::Mean)? {
            Some(error) => Ok(error),
            None => self.observation.error(self.kernels, &self.decode(z, labels)?, targets),
        }
    }

    /// Negative log-likelihood of `targets` in nats, given the codes `z`, averaged over the batch.
    pub(crate) fn nats(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        match self.fused(z, labels, targets, Reduction::Mean)? {
            Some(error) => self.observation.in_nats(error, targets, self.parameters),
            None => self.observation.nats(self.kernels, &self.decode(z, labels)?, targets, self.parameters),
        }
    }

    /// The same of every row, `[batch]`.
    pub(crate) fn nats_by_row(&self, z: &Tensor, labels: Option<&Tensor>, targets: &Tensor) -> Result<Tensor> {
        match self.fused(z, labels, targets, Reduction::Rows)? {
            Some(errors) => self.observation.in_nats(errors, targets, self.parameters),
            None => self.observation.nats_by_row(self.kernels, &self.decode(z, labels)?, targets, self.parameters),
        }
    }

    fn fused(
        &self,
        z: &Tensor,
        labels: Option<&Tensor>,
        targets: &Tensor,
        reduction: Reduction,
    ) -> Result<Option<Tensor>> {
        let point_loss = match self.observation.likelihood {
            Likelihood::Bernoulli => PointLoss::Bernoulli,
            Likelihood::Gaussian => PointLoss::SquaredError(self.observation.link),
        };
        let inputs = with_labels(z, labels);
        loss(self.kernels, self.decoder, self.parameters, &inputs, point_loss, targets, reduction)
    }
}
