//! Options of a detector.

use narrows_bundle::AnomalyScore;

use super::DetectorError;

/// Smallest false-alarm rate. The graph counts calibration rows in 32-bit floats, which are exact up to 16 million.
const SMALLEST_LEVEL: f64 = 1e-7;

/// Options of [`fit`](super::fit).
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorOptions {
    /// What the score measures.
    pub score: AnomalyScore,
    /// False-alarm rate for which the threshold is set, from 1e-7 to 0.5.
    pub level: f64,
    /// Assumed fraction of anomalies among the rows, from 0 to 0.25, for the record. The caller leaves likely ones out
    /// of the fitted rows, see [`typical_rows`](super::typical_rows). All calibration rows calibrate: anomalies among
    /// them have larger scores than normal rows and can only lower the false-alarm rate.
    pub contamination: f64,
    /// Number of nearest stored codes whose mean distance is the score, at least 1.
    pub neighbours: usize,
    /// Largest number of stored codes, at least 1.
    pub stored: usize,
    /// Number of components of the mixture over codes, at least 1.
    pub components: usize,
    /// Number of latent samples per row for the evidence lower bound and the likelihood, at least 1.
    pub latent_samples: usize,
    /// Seed of the fit.
    pub seed: u64,
}

impl Default for DetectorOptions {
    fn default() -> Self {
        DetectorOptions {
            score: AnomalyScore::Combined,
            level: 0.01,
            contamination: 0.0,
            neighbours: 5,
            stored: 2048,
            components: 4,
            latent_samples: 16,
            seed: 0,
        }
    }
}

impl DetectorOptions {
    /// Checks the ranges of all options.
    pub(super) fn check(&self) -> Result<(), DetectorError> {
        let problem = |option, problem: String| Err(DetectorError::Option { option, problem });
        if !(SMALLEST_LEVEL..=0.5).contains(&self.level) {
            return problem("--false-alarms", format!("must be between {SMALLEST_LEVEL} and 0.5, got {}", self.level));
        }
        if !(0.0..=0.25).contains(&self.contamination) {
            return problem(
                "--contamination",
                format!(
                    "must be between 0 and 0.25, because twice this fraction is left out, got {}",
                    self.contamination
                ),
            );
        }
        let counts = [
            ("--neighbours", self.neighbours),
            ("--stored-rows", self.stored),
            ("--components", self.components),
            ("--latent-samples", self.latent_samples),
        ];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((option, _)) => problem(option, "must be at least 1, got 0".to_owned()),
            None => Ok(()),
        }
    }
}
