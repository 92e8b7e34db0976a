//! Options of the score of a detector.

use clap::{Args, ValueEnum};
use narrows_bundle::AnomalyScore;
use narrows_trainer::detector::{DetectorError, DetectorOptions, check, check_score_of_table};

use crate::misuse::misuse;

/// What the score measures, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScoreName {
    /// Product of the distance to stored rows and the whitened error, as a logarithm
    Combined,
    /// Squared error after whitening by the covariance of the residuals
    Whitened,
    /// Squared error of the reconstruction; of a table with categories, the sum of the errors of the columns
    Reconstruction,
    /// Negative log-density of the code under a Gaussian mixture
    Density,
    /// Distance to the nearest codes of fitted rows
    Neighbours,
    /// Negative evidence lower bound (vae, cvae)
    Elbo,
    /// Negative log-likelihood by importance sampling (vae, cvae)
    Likelihood,
}

impl ScoreName {
    fn score(self) -> AnomalyScore {
        match self {
            ScoreName::Combined => AnomalyScore::Combined,
            ScoreName::Whitened => AnomalyScore::Whitened,
            ScoreName::Reconstruction => AnomalyScore::Reconstruction,
            ScoreName::Density => AnomalyScore::Density,
            ScoreName::Neighbours => AnomalyScore::Neighbours,
            ScoreName::Elbo => AnomalyScore::Elbo,
            ScoreName::Likelihood => AnomalyScore::Likelihood,
        }
    }
}

/// Options of the score and the threshold.
#[derive(Debug, Clone, Args)]
pub(crate) struct DetectorArguments {
    /// Anomaly score of a row [default: combined, or reconstruction for a table with categories, counts or dates]
    #[arg(long, value_enum, help_heading = "Score")]
    score: Option<ScoreName>,
    /// Fraction of normal rows that may be flagged, from 1e-7 to 0.5; it sets the threshold, and needs at least
    /// 1 / FRACTION - 1 calibration rows
    #[arg(
        long,
        value_name = "FRACTION",
        default_value_t = 0.01,
        allow_negative_numbers = true,
        help_heading = "Score"
    )]
    false_alarms: f64,
    /// Assumed fraction of anomalies among the rows, from 0 to 0.25: twice this fraction of the rows to fit is left
    /// out, those farthest from the others
    #[arg(long, value_name = "FRACTION", default_value_t = 0.0, allow_negative_numbers = true, help_heading = "Score")]
    contamination: f64,
    /// Number of nearest stored codes whose mean distance is the score `neighbours`
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..),
        allow_negative_numbers = true,
        help_heading = "Score"
    )]
    neighbours: u32,
    /// Largest number of rows that the score `combined` stores in the graph, and of codes that the score `neighbours`
    /// stores, chosen at random
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 2048,
        value_parser = clap::value_parser!(u32).range(1..),
        allow_negative_numbers = true,
        help_heading = "Score"
    )]
    stored_rows: u32,
    /// Number of normal distributions in the mixture of the score `density`, from 1 to 65536
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 4,
        value_parser = clap::value_parser!(u32).range(1..=65536),
        allow_negative_numbers = true,
        help_heading = "Score"
    )]
    components: u32,
    /// Number of latent samples per row of the scores `elbo` and `likelihood`
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=65536),
        allow_negative_numbers = true,
        help_heading = "Score"
    )]
    latent_samples: u32,
    /// Random seed of the calibration rows, of the training without BUNDLE and of the score; the same seed gives the
    /// same detector
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, help_heading = "Score")]
    seed: u64,
}

impl DetectorArguments {
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the options.
    ///
    /// # Errors
    /// Wrong usage if one is outside its range, before any data is read.
    pub(crate) fn checked_options(&self) -> anyhow::Result<DetectorOptions> {
        let options = self.options();
        match check(&options, usize::MAX) {
            Err(error @ DetectorError::Option { .. }) => misuse!("{error}"),
            Err(_) | Ok(()) => Ok(options),
        }
    }

    /// Returns the options for the rows of a mixed table, whose score is the reconstruction error unless another one
    /// was given.
    ///
    /// # Errors
    /// Wrong usage for a score that mixed tables do not have.
    pub(crate) fn for_mixed_table(&self, options: DetectorOptions) -> anyhow::Result<DetectorOptions> {
        let score = self.score.map_or(AnomalyScore::Reconstruction, ScoreName::score);
        match check_score_of_table(score) {
            Err(error) => misuse!("{error}"),
            Ok(()) => Ok(DetectorOptions { score, ..options }),
        }
    }

    fn options(&self) -> DetectorOptions {
        DetectorOptions {
            score: self.score.map_or(DetectorOptions::default().score, ScoreName::score),
            level: self.false_alarms,
            contamination: self.contamination,
            neighbours: self.neighbours as usize,
            stored: self.stored_rows as usize,
            components: self.components as usize,
            latent_samples: self.latent_samples as usize,
            seed: self.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        detector: DetectorArguments,
    }

    #[test]
    fn the_defaults_are_those_of_the_trainer() {
        let alone = Alone::try_parse_from(["detect"]).expect("no required flag");
        assert_eq!(alone.detector.options(), DetectorOptions::default());
        let names: Vec<&str> = ScoreName::value_variants().iter().map(|name| name.score().name()).collect();
        let flags: Vec<String> = ScoreName::value_variants()
            .iter()
            .filter_map(|name| Some(name.to_possible_value()?.get_name().to_owned()))
            .collect();
        assert_eq!(names, flags);
        assert!(AnomalyScore::ALL.iter().all(|score| names.contains(&score.name())));
    }
}
