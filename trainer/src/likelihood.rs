//! The distribution of a sample given its code: it owns both the output link and the loss, so what is
//! trained on and what is exported cannot disagree.

use candle_core::{Result, Tensor};
use narrows_bundle::{Likelihood, Link};

use crate::{
    candle::{Kernels, Parameters, bernoulli_loss, bernoulli_rows, squared_error, squared_error_rows},
    options::options,
    problems::Problems,
    variance::Variance,
};

options! {
    /// Which likelihood, and what its decoder ends in.
    pub struct OutputOptions in "Model" {
        /// Distribution of a sample given its code: bernoulli or gaussian [default: by the range of the data]
        #[flag(value_name = "NAME")]
        pub likelihood: Likelihood = Likelihood::Gaussian,
        /// Function between the last layer and the reconstruction: identity or sigmoid [default: by the likelihood]
        #[flag(value_name = "NAME")]
        pub output_link: Link = Link::Sigmoid,
    }
}

/// A likelihood with the link that its decoder ends in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputDistribution {
    /// Bernoulli or Gaussian.
    pub likelihood: Likelihood,
    /// From logits to means.
    pub link: Link,
    /// Of a Gaussian, in the nats of variational kinds; nothing else asks for it.
    pub variance: Variance,
}

impl OutputOptions {
    /// What these options mean, where `suggested` fits the data.
    pub(crate) fn check(
        &self,
        suggested: Likelihood,
        variance: Variance,
        problems: &mut Problems,
    ) -> OutputDistribution {
        let likelihood = self.likelihood.unwrap_or(suggested);
        let link = self.output_link.unwrap_or(match likelihood {
            Likelihood::Bernoulli => Link::Sigmoid,
            Likelihood::Gaussian => Link::Identity,
        });
        if (likelihood, link) == (Likelihood::Bernoulli, Link::Identity) {
            problems.add("output_link", "must be sigmoid for the bernoulli likelihood, whose means are probabilities");
        }
        OutputDistribution { likelihood, link, variance }
    }
}

impl OutputDistribution {
    /// The options that make it, but for the variance.
    pub(crate) fn options(self) -> OutputOptions {
        OutputOptions { likelihood: Some(self.likelihood), output_link: Some(self.link) }
    }

    /// What a deterministic autoencoder minimises, summed over features and averaged over the batch:
    /// binary cross-entropy in nats, or the squared error.
    pub(crate) fn error(self, kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self.likelihood {
            Likelihood::Bernoulli => bernoulli_loss(kernels, logits, targets),
            Likelihood::Gaussian => self.squared_error(kernels, logits, targets),
        }
    }

    /// Squared error of the means, whatever the likelihood: summed over features, averaged over the batch.
    pub(crate) fn squared_error(self, kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        squared_error(kernels, self.link, logits, targets)
    }

    /// Negative log-likelihood in nats, summed over features and averaged over the batch; a scalar.
    ///
    /// A Gaussian costs `squared error / (2 sigma^2) + n/2 ln(2 pi sigma^2)`. A learned variance is looked up
    /// in `parameters`.
    pub(crate) fn nats(
        self,
        kernels: Kernels,
        logits: &Tensor,
        targets: &Tensor,
        parameters: &Parameters,
    ) -> Result<Tensor> {
        self.in_nats(self.error(kernels, logits, targets)?, targets, parameters)
    }

    /// Nats of what [`error`](OutputDistribution::error) measures, averaged or of rows: `errors` of any shape.
    pub(crate) fn in_nats(self, errors: Tensor, targets: &Tensor, parameters: &Parameters) -> Result<Tensor> {
        match self.likelihood {
            Likelihood::Bernoulli => Ok(errors),
            Likelihood::Gaussian => self.variance.nats(&errors, targets.dim(1)?, parameters),
        }
    }

    /// The same of every row, `[batch]`.
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
        };
        self.in_nats(errors, targets, parameters)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use candle_core::Device;

    use super::*;
    use crate::kinds::trial::{number, samples};

    const GAUSSIAN: OutputDistribution =
        OutputDistribution { likelihood: Likelihood::Gaussian, link: Link::Identity, variance: Variance::Fixed(1.0) };

    fn nats(output_distribution: OutputDistribution, logits: &Tensor, targets: &Tensor) -> f64 {
        number(
            &output_distribution.nats(Kernels::Fused, logits, targets, &Parameters::default()).expect("equal shapes"),
        )
    }

    #[test]
    fn a_perfect_gaussian_reconstruction_costs_the_constant_alone() {
        let x = Tensor::new(&[[0.5f32, -1.0, 2.0]], &Device::Cpu).expect("small");
        for variance in [1.0, 0.25] {
            let found = nats(OutputDistribution { variance: Variance::Fixed(variance), ..GAUSSIAN }, &x, &x);
            assert!((found - 1.5 * (2.0 * PI * variance).ln()).abs() < 1e-6, "{found}");
        }
    }

    #[test]
    fn a_unit_variance_costs_half_the_squared_error_to_the_bit() {
        let (logits, x) = (samples(7, 5), samples(5, 7).t().and_then(|x| x.contiguous()).expect("small"));
        let error = GAUSSIAN.error(Kernels::Fused, &logits, &x).expect("equal shapes");
        let expected = ((error * 0.5).expect("a scalar") + 2.5 * (2.0 * PI).ln()).expect("a scalar");
        assert_eq!(nats(GAUSSIAN, &logits, &x), number(&expected));
    }

    #[test]
    fn a_variance_is_the_gaussian_density_and_no_matter_of_the_squared_error() {
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
    fn the_nats_of_the_rows_average_to_those_of_the_batch() {
        let (logits, x) = ((samples(6, 4) * 8.0).expect("small"), samples(6, 4));
        let bernoulli = OutputDistribution { likelihood: Likelihood::Bernoulli, link: Link::Sigmoid, ..GAUSSIAN };
        for output_distribution in [GAUSSIAN, bernoulli] {
            let rows = output_distribution
                .nats_by_row(Kernels::Fused, &logits, &x, &Parameters::default())
                .expect("equal shapes");
            let rows: Vec<f32> = rows.to_vec1().expect("one number a row");
            assert_eq!(rows.len(), 6);
            let mean = rows.iter().map(|&row| f64::from(row)).sum::<f64>() / 6.0;
            let whole = nats(output_distribution, &logits, &x);
            assert!((mean / whole - 1.0).abs() < 1e-6, "{mean} against {whole}");
        }
    }
}
