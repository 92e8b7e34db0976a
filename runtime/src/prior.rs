//! The distributions over codes of a loaded model: the prior of its likelihood, and the fitted sampler.

use narrows_bundle::{Bundle, Mixture, MixtureDensity, Prior, Sampler};
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

use crate::{
    CodeSpread, Error,
    bounds::Bounds,
    random::{Stream, standard_normals, uniforms},
};

/// A distribution over codes, `p(z)`, or `p(z|y)` for the sampler of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeDistribution(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// N(0, I) of a number of dimensions.
    StandardNormal(usize),
    Mixture(Box<(Mixture, MixtureDensity)>),
}

/// The distributions over codes that a bundle contains.
#[derive(Debug)]
pub(crate) struct CodeDistributions {
    pub(crate) prior: Option<CodeDistribution>,
    /// The sampler for the codes of all classes.
    pub(crate) sampler: Option<CodeDistribution>,
    /// The sampler of each class; empty for a sampler that does not depend on the class.
    class_samplers: Vec<CodeDistribution>,
}

impl CodeDistributions {
    pub(crate) fn of(bundle: &Bundle) -> Result<Self, Error> {
        let manifest = bundle.manifest();
        let prior = match manifest.prior {
            Some(Prior::StandardNormal) => Some(CodeDistribution(Form::StandardNormal(manifest.latent_dim))),
            Some(Prior::Mixture { .. }) | None => bundle.mixture_prior()?.map(CodeDistribution::of),
        };
        let sampler = bundle.sampler()?;
        let of_class = |sampler: &Sampler| {
            let classes = sampler.class_components().map_or(0, |components| components.len());
            (0..classes).filter_map(|class| sampler.of_class(class)).map(CodeDistribution::of).collect()
        };
        Ok(CodeDistributions {
            prior,
            class_samplers: sampler.as_ref().map_or_else(Vec::new, of_class),
            sampler: sampler.map(|sampler| CodeDistribution::of(sampler.into_mixture())),
        })
    }

    /// Returns the sampler of a class, or the sampler of all classes if it does not depend on the class.
    pub(crate) fn sampler_of(&self, class: Option<usize>) -> Option<&CodeDistribution> {
        class.and_then(|class| self.class_samplers.get(class)).or(self.sampler.as_ref())
    }

    /// Returns the distribution from which generation samples: the sampler if there is one, otherwise the prior.
    pub(crate) fn of_generation(&self, class: Option<usize>) -> Option<&CodeDistribution> {
        self.sampler_of(class).or(self.prior.as_ref())
    }
}

impl CodeDistribution {
    fn of(mixture: Mixture) -> Self {
        let density = MixtureDensity::of(&mixture);
        CodeDistribution(Form::Mixture(Box::new((mixture, density))))
    }

    /// Returns the mixture; `None` for the standard normal distribution.
    pub fn mixture(&self) -> Option<&Mixture> {
        match &self.0 {
            Form::StandardNormal(_) => None,
            Form::Mixture(mixture) => Some(&mixture.0),
        }
    }

    /// Returns the mean and the standard deviation of every dimension.
    pub fn spread(&self) -> CodeSpread {
        match &self.0 {
            Form::StandardNormal(latent) => {
                CodeSpread { mean: Array1::zeros(*latent), deviation: Array1::ones(*latent) }
            }
            Form::Mixture(mixture) => {
                let (mean, variance) = mixture.0.moments();
                CodeSpread { mean, deviation: variance.mapv(f64::sqrt) }
            }
        }
    }

    /// Samples `count` codes, `[count, latent]`. The same seed gives the same codes; a smaller `count` gives a prefix
    /// of them.
    ///
    /// For a mixture, each code is the mean of a component, chosen by weight, plus the factor of its covariance times
    /// standard normal noise. The noise is the code that the standard normal distribution gives for this seed.
    ///
    /// # Errors
    /// [`Error::Memory`] and [`Error::TooMany`] if the codes do not fit into memory.
    pub fn sample(&self, count: usize, seed: u64) -> Result<Array2<f32>, Error> {
        let latent = match &self.0 {
            Form::StandardNormal(latent) => *latent,
            Form::Mixture(mixture) => mixture.0.latent_dim(),
        };
        let bounds = Bounds::default();
        self.codes_of(standard_normals(seed, Stream::Prior, [count, latent], &bounds)?, seed, &bounds)
    }

    /// Replaces standard normal noise, `[batch, latent]`, by codes of this distribution. `seed` is that of the
    /// components of a mixture.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn codes_of(&self, mut noise: Array2<f32>, seed: u64, bounds: &Bounds) -> Result<Array2<f32>, Error> {
        match &self.0 {
            Form::StandardNormal(_) => {}
            Form::Mixture(mixture) => {
                let mut uniforms = uniforms(seed, Stream::Component);
                bounds.in_blocks(noise.nrows(), |block| {
                    let mut codes = noise.slice_axis_mut(Axis(0), Slice::from(block));
                    for (mut code, uniform) in codes.outer_iter_mut().zip(uniforms.by_ref()) {
                        mixture.0.place(mixture.0.component_at(uniform), &mut code);
                    }
                })?;
            }
        }
        Ok(noise)
    }

    /// Returns the log-density `ln p(z)` of every code in nats, `[batch]`, computed in `f64`. `codes` are
    /// `[batch, latent]`.
    ///
    /// # Errors
    /// [`Error::CodeWidth`] for codes of another length.
    pub fn log_density(&self, codes: ArrayView2<'_, f32>) -> Result<Array1<f64>, Error> {
        let latent = match &self.0 {
            Form::StandardNormal(latent) => *latent,
            Form::Mixture(mixture) => mixture.0.latent_dim(),
        };
        if codes.ncols() != latent {
            return Err(Error::CodeWidth { found: codes.ncols(), expected: latent });
        }
        let codes = codes.mapv(f64::from);
        Ok(match &self.0 {
            Form::StandardNormal(_) => {
                let constant = latent as f64 * (2.0 * std::f64::consts::PI).ln();
                codes.outer_iter().map(|code| -0.5 * (code.dot(&code) + constant)).collect()
            }
            Form::Mixture(mixture) => mixture.1.log_density(&codes.view()),
        })
    }
}
