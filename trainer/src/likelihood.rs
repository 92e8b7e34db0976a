//! The distribution of a sample given its code. It defines both the output link and the loss, so the trained and the
//! exported decoder cannot disagree.

use candle_core::{Result, Tensor};
use narrows_bundle::{Likelihood, Link};

use crate::{
    candle::{Kernels, Parameters, bernoulli_loss, bernoulli_rows, squared_error, squared_error_rows},
    options::options,
    output_defaults::OutputDefaults,
    problems::Problems,
    variance::Variance,
};

options! {
    /// The likelihood and the output function of the decoder.
    pub struct OutputOptions in "Model" {
        /// Likelihood of a sample given its code: bernoulli (cross-entropy) or gaussian (squared error) [default:
        /// bernoulli for bytes and values from 0 to 1, otherwise gaussian; gaussian for grey values of a vae or cvae,
        /// and for pca]
        #[flag(value_name = "bernoulli|gaussian")]
        pub likelihood: Likelihood = Likelihood::Gaussian,
        /// Activation function of the decoder's output: identity or sigmoid [default: sigmoid for bernoulli and for
        /// grey values of a vae or cvae, otherwise identity]
        #[flag(value_name = "identity|sigmoid")]
        pub output_link: Link = Link::Sigmoid,
    }
}

/// A likelihood with the link function at the output of the decoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputDistribution {
    /// Bernoulli or Gaussian.
    pub likelihood: Likelihood,
    /// Link function, from logits to means.
    pub link: Link,
    /// Variance of a Gaussian likelihood; used only in the negative log-likelihood of variational kinds.
    pub variance: Variance,
}

impl OutputOptions {
    /// Checks these options and converts them to settings; `defaults` are those for the data.
    pub(crate) fn check(
        &self,
        defaults: OutputDefaults,
        variance: Variance,
        problems: &mut Problems,
    ) -> OutputDistribution {
        let is_table = defaults.likelihood == Likelihood::Columns;
        if is_table && (self.likelihood.is_some_and(|likelihood| likelihood != Likelihood::Columns)) {
            problems.add_of_data(
                "likelihood",
                "is that of all values, but each column of a mixed table has its own; leave it out, and choose the types of \
                 columns by --types",
            );
        }
        if is_table && self.output_link.is_some_and(|link| link != Link::Identity) {
            problems.add_of_data("output_link", "has no effect on a mixed table; leave it out");
        }
        if !is_table && self.likelihood == Some(Likelihood::Columns) {
            problems.add_of_data(
                "likelihood",
                "is columns, the likelihood of tables with columns of several types; leave it out",
            );
        }
        let likelihood = self.likelihood.unwrap_or(defaults.likelihood);
        let link = self.output_link.unwrap_or(match likelihood {
            Likelihood::Bernoulli => Link::Sigmoid,
            Likelihood::Gaussian => defaults.gaussian_link,
            Likelihood::Columns => Link::Identity,
        });
        if (likelihood, link) == (Likelihood::Bernoulli, Link::Identity) {
            let add = if self.likelihood.is_some() { Problems::add } else { Problems::add_of_data };
            add(
                problems,
                "output_link",
                "must be sigmoid for the bernoulli likelihood, because its means are probabilities; leave it out, or pass \
                 --likelihood gaussian",
            );
        }
        OutputDistribution { likelihood, link, variance }
    }
}

impl OutputDistribution {
    /// Returns the options that produce these settings, without the variance.
    pub(crate) fn options(self) -> OutputOptions {
        OutputOptions { likelihood: Some(self.likelihood), output_link: Some(self.link) }
    }

    /// Computes the reconstruction error of a deterministic autoencoder, summed over features and averaged over the
    /// batch: binary cross-entropy in nats for a Bernoulli likelihood, squared error for a Gaussian one.
    pub(crate) fn error(self, kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self.likelihood {
            Likelihood::Bernoulli => bernoulli_loss(kernels, logits, targets),
            Likelihood::Gaussian => self.squared_error(kernels, logits, targets),
            Likelihood::Columns => candle_core::bail!("the cells of a mixed table have errors of their own"),
        }
    }

    /// Computes the squared error of the means for any likelihood, summed over features and averaged over the batch.
    pub(crate) fn squared_error(self, kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        squared_error(kernels, self.link, logits, targets)
    }

    /// Computes the negative log-likelihood in nats, summed over features and averaged over the batch; a scalar.
    ///
    /// For a Gaussian it is `squared error / (2 sigma^2) + n/2 ln(2 pi sigma^2)`. A learned variance is read from
    /// `parameters`.
    pub(crate) fn nats(
        self,
        kernels: Kernels,
        logits: &Tensor,
        targets: &Tensor,
        parameters: &Parameters,
    ) -> Result<Tensor> {
        self.in_nats(self.error(kernels, logits, targets)?, targets, parameters)
    }

    /// Converts reconstruction errors, as [`error`](OutputDistribution::error) defines them, to nats. `errors` can have
    /// any shape: an average over the batch or one value per row.
    pub(crate) fn in_nats(self, errors: Tensor, targets: &Tensor, parameters: &Parameters) -> Result<Tensor> {
        match self.likelihood {
            Likelihood::Bernoulli | Likelihood::Columns => Ok(errors),
            Likelihood::Gaussian => self.variance.nats(&errors, targets.dim(1)?, parameters),
        }
    }

    /// Computes the negative log-likelihood of every row in nats, `[batch]`.
    pub(crate) fn nats_by_row(
        self,
        kernels: Kernels,
        logits: &Tensor,
        targets: &Tensor,
        parameters: &Parameters,
    ) -> Result<Tensor> {
        let errors = match self.likelihood {
            Likelihood::Bernoulli => bernoulli_rows(kernels, logits, targets)?,
            Likelihood::Gaussian => squared_error_rows(kernels, self.link, logits, targets)?,
            Likelihood::Columns => candle_core::bail!("the cells of a mixed table have errors of their own"),
        };
        self.in_nats(errors, targets, parameters)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use candle_core::Device;

    use super::*;
    use crate::kinds::test_network::{number, samples};

    const GAUSSIAN: OutputDistribution =
        OutputDistribution { likelihood: Likelihood::Gaussian, link: Link::Identity, variance: Variance::Fixed(1.0) };

    fn nats(output_distribution: OutputDistribution, logits: &Tensor, targets: &Tensor) -> f64 {
        number(
            &output_distribution.nats(Kernels::Fused, logits, targets, &Parameters::default()).expect("equal shapes"),
        )
    }

    #[test]
    fn a_perfect_gaussian_reconstruction_has_only_the_constant_term() {
        let x = Tensor::new(&[[0.5f32, -1.0, 2.0]], &Device::Cpu).expect("small");
        for variance in [1.0, 0.25] {
            let nats = nats(OutputDistribution { variance: Variance::Fixed(variance), ..GAUSSIAN }, &x, &x);
            assert!((nats - 1.5 * (2.0 * PI * variance).ln()).abs() < 1e-6, "{nats}");
        }
    }

    #[test]
    fn with_unit_variance_the_nats_are_half_the_squared_error_plus_a_constant_to_the_bit() {
        let (logits, x) = (samples(7, 5), samples(5, 7).t().and_then(|x| x.contiguous()).expect("small"));
        let error = GAUSSIAN.error(Kernels::Fused, &logits, &x).expect("equal shapes");
        let expected = ((error * 0.5).expect("a scalar") + 2.5 * (2.0 * PI).ln()).expect("a scalar");
        assert_eq!(nats(GAUSSIAN, &logits, &x), number(&expected));
    }

    #[test]
    fn the_variance_changes_the_density_but_not_the_squared_error() {
        let x = Tensor::new(&[[1f32, 0.0]], &Device::Cpu).expect("small");
        let zeros = x.zeros_like().expect("small");
        let narrow = OutputDistribution { variance: Variance::Fixed(0.04), ..GAUSSIAN };
        // -ln of N(1; 0, 0.2^2) N(0; 0, 0.2^2).
        let expected = 0.5 * 25.0 + 2.0 * (0.2 * (2.0 * PI).sqrt()).ln();
        assert!((nats(narrow, &zeros, &x) - expected).abs() < 1e-5);
        assert_eq!(number(&narrow.error(Kernels::Fused, &zeros, &x).expect("equal shapes")), 1.0);
    }

    #[test]
    fn losses_sum_over_features_and_average_over_the_batch() {
        let x = Tensor::new(&[[1f32, 1.0], [1.0, 1.0]], &Device::Cpu).expect("small");
        let zeros = x.zeros_like().expect("small");
        assert_eq!(number(&GAUSSIAN.error(Kernels::Fused, &zeros, &x).expect("equal shapes")), 2.0);
    }

    #[test]
    fn the_nats_of_the_batch_are_the_mean_over_its_rows() {
        let (logits, x) = ((samples(6, 4) * 8.0).expect("small"), samples(6, 4));
        let bernoulli = OutputDistribution { likelihood: Likelihood::Bernoulli, link: Link::Sigmoid, ..GAUSSIAN };
        for output_distribution in [GAUSSIAN, bernoulli] {
            let rows = output_distribution
                .nats_by_row(Kernels::Fused, &logits, &x, &Parameters::default())
                .expect("equal shapes");
            let rows: Vec<f32> = rows.to_vec1().expect("one value per row");
            assert_eq!(rows.len(), 6);
            let mean = rows.iter().map(|&row| f64::from(row)).sum::<f64>() / 6.0;
            let of_batch = nats(output_distribution, &logits, &x);
            assert!((mean / of_batch - 1.0).abs() < 1e-6, "{mean} against {of_batch}");
        }
    }
}
