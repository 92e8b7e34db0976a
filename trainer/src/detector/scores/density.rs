//! The density of the code.

use narrows_bundle::{Covariance, Mixture, MixtureDensity};
use ndarray::Array2;

use crate::{
    detector::{
        DetectorError, DetectorOptions, Rows,
        chunk::Chunk,
        joined::Joined,
        mixture_nodes::log_density,
        score::{Outputs, Score},
        values::Values,
    },
    random::{Stream, stream},
    sampler::{FittedMixture, SamplerError, SamplerOptions, fit_mixture},
};

/// `-ln p(z)` in nats, with a Gaussian mixture that was fitted to the codes of the fitted rows.
#[derive(Debug)]
pub(in crate::detector) struct Density {
    mixture: Mixture,
    density: MixtureDensity,
}

impl Density {
    /// Fits the mixture by expectation maximisation. It has fewer components than the options say if there are few
    /// rows.
    pub(in crate::detector) fn fit(
        rows: &Rows,
        options: &DetectorOptions,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Self, DetectorError> {
        let (count, latent) = rows.codes.dim();
        let options =
            SamplerOptions { components: options.components, covariance: Covariance::Full, seed: options.seed };
        let options = options.for_class(count, latent);
        let needed = options.needed_rows(latent);
        if count < needed {
            return Err(DetectorError::TooFewRows {
                purpose: format!("the density of codes of {latent} dimensions"),
                what: "rows",
                needed,
                found: count,
                advice: "add rows, or pass another --score".to_owned(),
            });
        }
        let mut codes: Array2<f64> = rows.codes.mapv(f64::from);
        let mut random = stream(options.seed, Stream::DetectorStart, 0);
        let FittedMixture { mixture, .. } =
            fit_mixture(&mut codes, options, &mut random, should_stop).map_err(|error| match error {
                SamplerError::Interrupted => DetectorError::Interrupted,
                SamplerError::Constant { .. } => DetectorError::Option {
                    option: "--score",
                    problem: "density needs codes that differ, but all codes are equal; pass another score".to_owned(),
                },
                other => DetectorError::Option {
                    option: "--score",
                    problem: format!("density cannot be fitted ({other}); pass another score"),
                },
            })?;
        Ok(Density { density: MixtureDensity::of(&mixture), mixture })
    }
}

impl Score for Density {
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        Ok(self.density.log_density(&rows.codes.view()).iter().map(|density| -density).collect())
    }

    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError> {
        let mut call = graph.call(prefix);
        let density = log_density(&mut call, &values.code, &self.mixture);
        let score = call.node("Neg", &[density]);
        Ok(Outputs::with_share_of_error(score, graph, prefix, values))
    }
}
