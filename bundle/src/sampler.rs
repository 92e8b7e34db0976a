//! The record of a fitted sampler in a manifest.

use serde::{Deserialize, Serialize};

use crate::{Covariance, counted};

/// How the sampler of a bundle was fitted. The sampler itself is a [`Sampler`](crate::Sampler) in the file
/// [`SAMPLER`](crate::SAMPLER).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerRecord {
    /// Method of the fit.
    pub method: SamplerMethod,
    /// Number of components of the mixture, over all classes.
    pub components: usize,
    /// Number of components of every class, in the order of the classes, for a sampler with one mixture per class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_components: Option<Vec<usize>>,
    /// Form of the covariance matrices.
    pub covariance: Covariance,
    /// Name of the data set whose codes were fitted.
    pub data: String,
    /// SHA-256 over the values of the fitted rows as 32-bit floats, with the class indices for a model that takes
    /// labels.
    pub fingerprint: String,
    /// Number of rows whose codes were fitted.
    pub rows: usize,
    /// Number of rows that were held out for the log-likelihoods.
    pub held_out_rows: usize,
    /// Seed of the fit.
    pub seed: u64,
    /// Mean log-density of the held-out codes under the mixture, in nats: `ln p(z|y)` with the class of each row for
    /// one mixture per class, otherwise `ln p(z)`.
    pub log_likelihood: f64,
    /// Mean log-density of the held-out codes under the standard normal distribution, in nats.
    pub standard_normal_log_likelihood: f64,
}

impl SamplerRecord {
    /// Describes the fit in one sentence without a full stop: components, covariance, rows and log-likelihoods.
    pub fn described(&self) -> String {
        format!(
            "{} with {} covariance, fitted to {} of {}; mean log-likelihood of {} {:.3} nats, standard normal {:.3}",
            self.described_components(),
            self.covariance.name(),
            counted(self.rows, "code"),
            self.data,
            counted(self.held_out_rows, "held-out code"),
            self.log_likelihood,
            self.standard_normal_log_likelihood,
        )
    }

    /// Describes the components, such as `10 components`, and those of each class for one mixture per class.
    pub fn described_components(&self) -> String {
        let all = counted(self.components, "component");
        let Some(classes) = &self.class_components else { return all };
        let (least, most) = (classes.iter().min().unwrap_or(&0), classes.iter().max().unwrap_or(&0));
        match least == most {
            _ if classes.len() == 1 => all,
            true => format!("{all}, {most} for each of the {} classes", classes.len()),
            false => format!("{all}, {least} to {most} for each of the {} classes", classes.len()),
        }
    }
}

/// Method by which a sampler was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamplerMethod {
    /// Expectation maximisation of a Gaussian mixture (Dempster et al. 1977).
    ExpectationMaximisation,
}
