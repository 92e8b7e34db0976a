//! A fitted model: the core graphs, the weights and the metrics.

use std::collections::BTreeMap;

use narrows_bundle::{Likelihood, ProgressRecord, Scaling};
use ndarray::ArrayD;

use crate::{
    Config, EpochRecord, Figures, TrainError,
    core_graphs::CoreGraphs,
    likelihood::OutputDistribution,
    network::Weights,
    pretrain::PretrainedLayer,
    variance::{Variance, variance_of},
};

/// The result of [`fit`](crate::fit).
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The configuration of the fit.
    pub config: Config,
    /// The graphs of encoder and decoder between scaled features and logits.
    #[doc(hidden)]
    pub core: CoreGraphs,
    /// The trained weights by name.
    pub weights: Weights,
    /// The scaling of the features.
    pub scaling: Scaling,
    /// Number of fitted rows.
    pub train_rows: usize,
    /// Indices of the validation rows in ascending order: rows held out from the training part, or all rows of a
    /// separate validation part.
    pub valid_rows: Vec<usize>,
    /// Metrics on the fitted rows, with the final weights.
    pub train: Figures,
    /// Metrics on the validation rows, if there are any.
    pub valid: Option<Figures>,
    /// Metrics on the test part, if there is one.
    pub test: Option<Figures>,
    /// PCA only: the fraction of the variance that each component explains.
    pub explained_variance_ratio: Option<Vec<f64>>,
    /// The record of each epoch.
    pub history: Vec<EpochRecord>,
    /// The layers whose pretraining is complete.
    pub pretrained: Vec<PretrainedLayer>,
    /// The progress of training; `None` for a closed-form solution.
    pub progress: Option<ProgressRecord>,
}

impl Fitted {
    /// Returns the metrics of all parts by name, such as `test.loss` and `train.mse`, and the losses of pretrained
    /// layers, such as `pretrain.layer1.loss`.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let parts = [("train", Some(&self.train)), ("valid", self.valid.as_ref()), ("test", self.test.as_ref())];
        let evaluated = parts.into_iter().filter_map(|(part, figures)| figures.map(|figures| (part, figures)));
        let figures = evaluated.flat_map(|(part, figures)| {
            figures.named().into_iter().map(move |(name, value)| (format!("{part}.{name}"), value))
        });
        let parts = [("train", Some(&self.train)), ("valid", self.valid.as_ref()), ("test", self.test.as_ref())];
        let tables = parts.into_iter().filter_map(|(part, figures)| Some((part, figures?.table.as_ref()?)));
        let columns = tables.flat_map(|(part, table)| {
            table.cells.iter().flat_map(move |cell| {
                let named = |figure: &str, value: f64| (format!("{part}.column.{}.{figure}", cell.name), value);
                [Some(named("error", cell.error)), cell.share.map(|share| named("share", share))].into_iter().flatten()
            })
        });
        let layers = self.pretrained.iter().map(|layer| (format!("pretrain.layer{}.loss", layer.layer), layer.loss));
        figures.chain(columns).chain(layers).collect()
    }

    /// Returns the variance of the Gaussian likelihood of a variational kind, in scaled units; `None` for other kinds
    /// and likelihoods.
    pub fn variance(&self) -> Option<f64> {
        self.config.has_variance().then(|| variance_of(self.config.output_distribution.variance, &self.weights))
    }

    /// Returns warnings about the model: those of [`Config::remarks`], and a posterior collapse.
    pub fn remarks(&self) -> Vec<String> {
        self.config.remarks().into_iter().chain(self.collapse()).collect()
    }

    /// Returns a warning if the decoder ignores the code.
    fn collapse(&self) -> Option<String> {
        let (active, kl) = self.train.active_units.zip(self.train.parts.get("kl"))?;
        // At most one active dimension in sixteen counts as a collapse.
        if active * 16 > self.config.latent_dim {
            return None;
        }
        Some(format!(
            "the posterior has collapsed: {} (KL {kl:.2} nats), so the decoder ignores the code and all samples look \
             alike; try {}a lower --beta, --free-bits 0.1 or --kl-warmup linear:10",
            active_dimensions(active, self.config.latent_dim),
            likelihood_advice(self.config.output_distribution, self.config.default_likelihood)
        ))
    }

    /// Checks that no weight and no metric is infinite or NaN, so that an overflow cannot become a model.
    pub(crate) fn check_finite(&self) -> Result<(), TrainError> {
        let first_not_finite =
            |array: &ArrayD<f32>| array.iter().copied().find(|value| !value.is_finite()).map(f64::from);
        let weights = self.weights.iter().filter_map(|(name, array)| Some((name.clone(), first_not_finite(array)?)));
        let metrics = self.metrics().into_iter();
        let ratios =
            self.explained_variance_ratio.iter().flatten().map(|&value| ("explained variance".to_owned(), value));
        match weights.chain(metrics).chain(ratios).find(|(_, value)| !value.is_finite()) {
            None => Ok(()),
            Some((name, value)) => Err(TrainError::NotFinite { what: format!("`{name}`"), value }),
        }
    }
}

/// Says how many latent dimensions are active: `1 of 32 latent dimensions is active`.
fn active_dimensions(active: usize, latent_dim: usize) -> String {
    match (active, latent_dim) {
        (0, 1) => "the only latent dimension is not active".to_owned(),
        (1, _) => format!("1 of {latent_dim} latent dimensions is active"),
        _ => format!("{active} of {latent_dim} latent dimensions are active"),
    }
}

/// Returns the likelihood to try against a collapse, with a comma; nothing if it is that already. `default` is the
/// likelihood that suits the data.
fn likelihood_advice(current: OutputDistribution, default: Likelihood) -> &'static str {
    match (current.likelihood, default, current.variance) {
        (Likelihood::Gaussian, _, Variance::Fixed(_)) => "--variance learned, ",
        (Likelihood::Bernoulli, Likelihood::Gaussian | Likelihood::Columns, _) => "--likelihood gaussian, ",
        (Likelihood::Gaussian, _, Variance::Learned)
        | (Likelihood::Bernoulli, Likelihood::Bernoulli, _)
        | (Likelihood::Columns, ..) => "",
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Link;

    use super::*;

    #[test]
    fn a_collapse_suggests_another_likelihood_only_where_one_is_left_to_try() {
        let (gaussian, bernoulli) = (Likelihood::Gaussian, Likelihood::Bernoulli);
        let advice = |likelihood, variance, default| {
            likelihood_advice(OutputDistribution { likelihood, link: Link::Sigmoid, variance }, default)
        };
        assert_eq!(advice(gaussian, Variance::Fixed(1.0), gaussian), "--variance learned, ");
        assert_eq!(advice(gaussian, Variance::Learned, gaussian), "");
        assert_eq!(advice(bernoulli, Variance::Learned, gaussian), "--likelihood gaussian, ");
        assert_eq!(advice(bernoulli, Variance::Learned, bernoulli), "", "zeros and ones");
    }

    #[test]
    fn active_dimensions_are_counted_in_good_english() {
        assert_eq!(active_dimensions(0, 1), "the only latent dimension is not active");
        assert_eq!(active_dimensions(0, 8), "0 of 8 latent dimensions are active");
        assert_eq!(active_dimensions(1, 32), "1 of 32 latent dimensions is active");
        assert_eq!(active_dimensions(2, 32), "2 of 32 latent dimensions are active");
    }
}
