//! A fitted model: the core of both halves, the weights, and what was measured.

use std::collections::BTreeMap;

use narrows_bundle::{ProgressRecord, Scaling};
use ndarray::ArrayD;

use crate::{
    Config, EpochRecord, Figures, TrainError, core_graphs::CoreGraphs, network::Weights, pretrain::PretrainedLayer,
    variance::variance_of,
};

/// The result of [`fit`](crate::fit).
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The configuration that it was fitted by.
    pub config: Config,
    /// The two halves between scaled features and logits.
    pub core: CoreGraphs,
    /// The trained weights by name.
    pub weights: Weights,
    /// Between the data's unit and the network's.
    pub scaling: Scaling,
    /// Number of rows that were fitted.
    pub train_rows: usize,
    /// Rows of the training part that were held out, in ascending order.
    pub valid_rows: Vec<usize>,
    /// Figures of the rows that were fitted, after the last step.
    pub train: Figures,
    /// Figures of the rows that were held out.
    pub valid: Option<Figures>,
    /// Figures of the test part.
    pub test: Option<Figures>,
    /// PCA only: the share of the variance that each component explains.
    pub explained_variance_ratio: Option<Vec<f64>>,
    /// What happened in each epoch.
    pub history: Vec<EpochRecord>,
    /// The layers whose pretraining is over.
    pub pretrained: Vec<PretrainedLayer>,
    /// How far training went; `None` for a closed form.
    pub progress: Option<ProgressRecord>,
}

impl Fitted {
    /// The figures of all parts by name: `test.loss`, `train.mse` and so on, and the losses of layers that were
    /// pretrained: `pretrain.layer1.loss`.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let parts = [("train", Some(&self.train)), ("valid", self.valid.as_ref()), ("test", self.test.as_ref())];
        let known = parts.into_iter().filter_map(|(part, figures)| figures.map(|figures| (part, figures)));
        let figures = known.flat_map(|(part, figures)| {
            figures.named().into_iter().map(move |(name, value)| (format!("{part}.{name}"), value))
        });
        let layers = self.pretrained.iter().map(|layer| (format!("pretrain.layer{}.loss", layer.layer), layer.loss));
        figures.chain(layers).collect()
    }

    /// The variance of the Gaussian that a variational kind was trained with, in scaled units; `None` for
    /// kinds and likelihoods without one.
    pub fn variance(&self) -> Option<f64> {
        self.config.has_variance().then(|| variance_of(self.config.output_distribution.variance, &self.weights))
    }

    /// What somebody should know of the model before using it.
    pub fn remarks(&self) -> Vec<String> {
        let (Some(active), Some(kl)) = (self.train.active_units, self.train.parts.get("kl")) else { return Vec::new() };
        // One in sixteen counts as near none.
        if active * 16 > self.config.latent_dim {
            return Vec::new();
        }
        vec![format!(
            "the posterior has collapsed: {active} of {} latent numbers carry something ({kl:.2} nats), so the decoder \
             ignores its code and all samples look alike; try --kl-warmup linear:10, --free-bits 0.1, a lower --beta, \
             or, for a gaussian likelihood, --variance learned",
            self.config.latent_dim
        )]
    }

    /// Overflow must not become a model: no weight and no figure may be infinite or NaN.
    pub(crate) fn check_finite(&self) -> Result<(), TrainError> {
        let spoilt = |array: &ArrayD<f32>| array.iter().copied().find(|value| !value.is_finite()).map(f64::from);
        let weights = self.weights.iter().filter_map(|(name, array)| Some((name.clone(), spoilt(array)?)));
        let metrics = self.metrics().into_iter();
        let ratios =
            self.explained_variance_ratio.iter().flatten().map(|&value| ("explained variance".to_owned(), value));
        match weights.chain(metrics).chain(ratios).find(|(_, value)| !value.is_finite()) {
            None => Ok(()),
            Some((name, value)) => Err(TrainError::NotFinite { what: format!("`{name}`"), value }),
        }
    }
}
