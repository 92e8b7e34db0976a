//! The option of the sampler that the export fits to the codes of a trained model.

use std::{fmt, str::FromStr};

use narrows_bundle::{Covariance, Kind, counted};

use crate::{options::options, problems::Problems, sampler::SamplerOptions, text::as_text};

/// Default number of components of each class.
const DEFAULT_COMPONENTS: usize = 10;

/// Largest number of components, as for `fit-prior`.
const MOST_COMPONENTS: usize = 65_536;

options! {
    /// The sampler that the export fits to the codes.
    pub struct ExportSamplerOptions in "Objective" {
        /// Distribution over codes to fit when the model is exported, from which `generate` samples: none, or
        /// mixture:K, a Gaussian mixture of K components, for a cvae one of each class. Holds the codes in memory, 8
        /// bytes for each row times the sum of latent dimensions and components [default: mixture:10 for cvae,
        /// otherwise none]
        #[flag(value_name = "none|mixture:K")]
        pub sampler: ExportSampler = ExportSampler::Mixture { components: DEFAULT_COMPONENTS },
    }
}

/// The sampler that the export fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExportSampler {
    /// None: generation samples from the prior.
    #[default]
    None,
    /// A Gaussian mixture with full covariances; for a cvae, one for each class.
    Mixture {
        /// Number of components, at least 1; for a cvae, the largest number of each class.
        components: usize,
    },
}

/// The rows to which a sampler would be fitted.
pub(crate) enum SamplerRows<'a> {
    /// All fitted rows.
    All(usize),
    /// The fitted rows of each class, with its name.
    OfClasses(Vec<(&'a str, usize)>),
}

impl ExportSamplerOptions {
    /// Checks these options and returns the sampler, with a remark if the default needs more rows than there are.
    /// `rows` is called only if the sampler depends on it.
    pub(crate) fn check<'a>(
        &self,
        kind: Kind,
        latent_dim: usize,
        rows: impl FnOnce() -> SamplerRows<'a>,
        problems: &mut Problems,
    ) -> (ExportSampler, Option<String>) {
        let default = match kind {
            Kind::Cvae => ExportSampler::Mixture { components: DEFAULT_COMPONENTS },
            Kind::Pca | Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae => ExportSampler::None,
        };
        let sampler = self.sampler.unwrap_or(default);
        let components = match sampler {
            ExportSampler::None => return (sampler, None),
            ExportSampler::Mixture { components } => components,
        };
        if !(1..=MOST_COMPONENTS).contains(&components) {
            problems.add("sampler", format!("needs 1 to {MOST_COMPONENTS} components, got {components}"));
            return (ExportSampler::None, None);
        }
        let Some(reason) = too_few(components, latent_dim, rows()) else { return (sampler, None) };
        if self.sampler.is_some() {
            problems.add_of_data("sampler", format!("is {sampler}, but {reason}; use more rows, or leave it out"));
            return (ExportSampler::None, None);
        }
        (ExportSampler::None, Some(format!("the bundle gets no sampler, because {reason}; `generate` uses the prior")))
    }
}

/// Returns why there are too few rows; `None` if there are enough.
fn too_few(components: usize, latent_dim: usize, rows: SamplerRows<'_>) -> Option<String> {
    let needed = |components| {
        let options = SamplerOptions { components, covariance: Covariance::Full, seed: 0 };
        options.rows_to_collect(latent_dim)
    };
    match rows {
        SamplerRows::All(rows) if rows < needed(components) => {
            Some(format!("it needs at least {} to fit, got {rows}", counted(needed(components), "row")))
        }
        SamplerRows::All(_) => None,
        SamplerRows::OfClasses(classes) => {
            let (class, rows) = classes.into_iter().find(|&(_, rows)| rows < needed(1))?;
            Some(format!(
                "it needs at least {} of each class to fit, got {rows} of `{class}`",
                counted(needed(1), "row")
            ))
        }
    }
}

as_text!(ExportSampler);

impl fmt::Display for ExportSampler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportSampler::None => formatter.write_str("none"),
            ExportSampler::Mixture { components } => write!(formatter, "mixture:{components}"),
        }
    }
}

impl FromStr for ExportSampler {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let components = text.strip_prefix("mixture:").and_then(|number| number.parse().ok());
        match (text, components) {
            ("none", _) => Ok(ExportSampler::None),
            (_, Some(0)) => Err(format!("the sampler `{text}` needs at least 1 component, got 0")),
            (_, Some(components)) => Ok(ExportSampler::Mixture { components }),
            (_, None) => {
                Err(format!("`{text}` is not a sampler: write none, or mixture:10 for a mixture of 10 components"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samplers_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
        for text in ["none", "mixture:10"] {
            assert_eq!(text.parse::<ExportSampler>().map(|sampler| sampler.to_string()), Ok(text.to_owned()));
        }
        for text in ["mixture", "mixture:", "mixture:-1", "mixture:1.5", "gmm:3"] {
            assert!(text.parse::<ExportSampler>().expect_err("invalid text").contains("write none, or mixture:10"));
        }
        assert!("mixture:0".parse::<ExportSampler>().expect_err("no component").contains("at least 1"));
    }

    #[test]
    fn too_few_rows_are_a_problem_of_an_explicit_sampler_and_a_remark_of_the_default() {
        let check = |sampler, kind, rows: usize| {
            let mut problems = Problems::default();
            let of = || match kind {
                Kind::Cvae => SamplerRows::OfClasses(vec![("many", 1000), ("few", rows)]),
                _ => SamplerRows::All(rows),
            };
            let checked = ExportSamplerOptions { sampler }.check(kind, 8, of, &mut problems);
            (checked, problems.none_or(()).map_err(|error| error.to_string()))
        };
        let ten = ExportSampler::Mixture { components: 10 };
        assert_eq!(check(None, Kind::Cvae, 12), ((ten, None), Ok(())));
        assert_eq!(check(None, Kind::Vae, 0), ((ExportSampler::None, None), Ok(())));
        let ((sampler, remark), _) = check(None, Kind::Cvae, 3);
        let expected = "at least 12 rows of each class to fit, got 3 of `few`";
        assert!(sampler == ExportSampler::None && remark.is_some_and(|remark| remark.contains(expected)));
        let (_, outcome) = check(Some(ten), Kind::Cvae, 3);
        assert!(outcome.is_err_and(|error| error.contains(expected)));
        assert!(check(Some(ten), Kind::Ae, 101).1.is_err_and(|error| error.contains("at least 102 rows")));
        assert_eq!(check(Some(ten), Kind::Ae, 102), ((ten, None), Ok(())));
    }
}
