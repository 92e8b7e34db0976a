//! The posterior of a variational encoder, and codes sampled from it.

use narrows_bundle::Role;
use ndarray::{Array2, Zip};

use crate::{
    Autoencoder, Error, Samples,
    autoencoder::as_matrix,
    label::check_labels,
    random::{Stream, standard_normals},
    rows::InputRows,
};

/// The posterior `q(z|x)` of every sample: a normal distribution with independent latent dimensions.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Posterior {
    /// Means `mu`, `[batch, latent]`; [`Autoencoder::encode`] returns the same values.
    pub mean: Array2<f32>,
    /// Logarithms of the variances, `[batch, latent]`: `sigma = exp(log_variance / 2)`.
    pub log_variance: Array2<f32>,
}

impl Autoencoder {
    /// Computes the posterior of every sample: the mean and the log-variance, each `[batch, latent]`.
    ///
    /// # Errors
    /// [`Error::Deterministic`] if the encoder outputs codes instead of distributions; otherwise those of
    /// [`Autoencoder::encode`].
    pub fn posterior<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Posterior, Error> {
        let samples = samples.into();
        let ports = self.encoder.output(Role::Mean).zip(self.encoder.output(Role::LogVariance));
        let (mean, log_variance) = ports.ok_or(Error::Deterministic { kind: self.manifest().kind })?;
        let rows = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder], self.manifest())?;
        let [mean, log_variance] = self.encoder.run(&rows, samples.labels, [mean, log_variance])?;
        Ok(Posterior { mean: as_matrix(mean), log_variance: as_matrix(log_variance) })
    }

    /// Samples one code per row from its posterior, `[batch, latent]`:
    /// `z = mu + sigma * eps` with `eps` standard normal (Kingma & Welling 2014, section 2.4).
    ///
    /// The same samples and seed give the same codes; the codes of the first rows do not depend on later rows.
    ///
    /// # Errors
    /// Those of [`Autoencoder::posterior`].
    pub fn sample_latent<'a>(&self, samples: impl Into<Samples<'a>>, seed: u64) -> Result<Array2<f32>, Error> {
        let samples = samples.into();
        let rows = samples.values.shape().first().copied().unwrap_or_default();
        let posterior = self.posterior(samples).map_err(|error| error.cancelled_after(0, rows))?;
        let Posterior { mean, log_variance } = posterior;
        let mut codes = standard_normals(seed, Stream::Posterior, [mean.nrows(), mean.ncols()], self.bounds())?;
        Zip::from(&mut codes).and(&mean).and(&log_variance).for_each(|code, mean, log_variance| {
            *code = mean + (log_variance / 2.0).exp() * *code;
        });
        Ok(codes)
    }
}
