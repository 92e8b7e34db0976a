//! The record of an anomaly detector in a manifest.

use narrows_table::Layout;
use serde::{Deserialize, Serialize};

use crate::{
    DETECTOR, ElementType, GraphParity, GraphPorts, Port, Role, Setting, counted,
    port::{table_inputs, table_outputs},
};

/// An anomaly detector on an autoencoder. Its graph takes a sample in the data's own unit and returns an anomaly score,
/// a p-value, a label and the share of each value in the score.
///
/// The p-value is that of a split-conformal test (Vovk et al. 2005; Bates et al. 2023): with `n` calibration rows,
/// `(1 + number of calibration scores >= score) / (n + 1)`. If calibration rows and a new row come from the same
/// distribution, the p-value is at most `level` with a probability of at most `level`, for any model and any score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorRecord {
    /// Ports of the detector graph.
    pub graph: GraphPorts,
    /// What the score measures.
    pub score: AnomalyScore,
    /// False-alarm rate for which the threshold is set: the default of the graph's input `level`.
    pub level: f64,
    /// A row is an anomaly at the default level if its score is larger than this.
    pub threshold: f64,
    /// Name of the data set that the detector was fitted to.
    pub data: String,
    /// SHA-256 over the values of the fitted and the calibration rows.
    pub fingerprint: String,
    /// Number of rows that the score was fitted to.
    pub fitted_rows: usize,
    /// Number of held-out rows whose scores set the threshold and the p-values.
    pub calibration_rows: usize,
    /// Assumed fraction of anomalies among the fitted and the calibration rows; 0 for normal rows only.
    pub contamination: f64,
    /// Seed of the split into fitted and calibration rows, and of the fit.
    pub seed: u64,
    /// Comparison of the graph in ONNX Runtime with the fitted detector; `None` before the check.
    pub parity: Option<DetectorParity>,
}

/// What an anomaly score measures. Scores are computed in scaled units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnomalyScore {
    /// Squared error of the reconstruction, summed over the features.
    Reconstruction,
    /// Squared error after whitening by the covariance of the residuals of the fitted rows (Mahalanobis distance).
    Whitened,
    /// Negative log-density of the code under a Gaussian mixture.
    Density,
    /// Distance to the nearest codes of fitted rows.
    Neighbours,
    /// Negative evidence lower bound, estimated with fixed latent samples.
    Elbo,
    /// Negative log-likelihood, estimated by importance sampling with fixed latent samples.
    Likelihood,
    /// Mean of several standardised scores.
    Combined,
}

impl AnomalyScore {
    /// All scores.
    pub const ALL: [AnomalyScore; 7] = [
        AnomalyScore::Reconstruction,
        AnomalyScore::Whitened,
        AnomalyScore::Density,
        AnomalyScore::Neighbours,
        AnomalyScore::Elbo,
        AnomalyScore::Likelihood,
        AnomalyScore::Combined,
    ];

    /// Returns the name in configuration files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            AnomalyScore::Reconstruction => "reconstruction",
            AnomalyScore::Whitened => "whitened",
            AnomalyScore::Density => "density",
            AnomalyScore::Neighbours => "neighbours",
            AnomalyScore::Elbo => "elbo",
            AnomalyScore::Likelihood => "likelihood",
            AnomalyScore::Combined => "combined",
        }
    }
}

impl DetectorRecord {
    /// Name of the input for the false-alarm rate.
    pub const LEVEL: &'static str = "level";

    /// Returns the ports of the detector graph: `x`, and `label` if the model takes one; `score`, `p_value`,
    /// `is_anomaly`, `share` and the reconstruction `x_hat`; and the setting `level`.
    pub fn ports(sample_shape: &[usize], takes_label: bool, level: f32) -> GraphPorts {
        let sample = vec![Port::floats("x", Role::Sample, sample_shape)];
        let reconstruction = vec![Port::floats("x_hat", Role::Reconstruction, sample_shape)];
        Self::between(sample, reconstruction, sample_shape, takes_label, level)
    }

    /// Returns the ports for the rows of a mixed table, like [`Ports::of_table`](crate::Ports::of_table). Every cell
    /// has a share.
    pub fn ports_of_table(layout: &Layout, takes_label: bool, level: f32) -> GraphPorts {
        Self::between(table_inputs(layout), table_outputs(layout), &[layout.cells()], takes_label, level)
    }

    fn between(
        sample: Vec<Port>,
        reconstruction: Vec<Port>,
        sample_shape: &[usize],
        takes_label: bool,
        level: f32,
    ) -> GraphPorts {
        let label = Port { name: "label".to_owned(), role: Role::Label, dtype: ElementType::I64, shape: vec![] };
        let is_anomaly =
            Port { name: "is_anomaly".to_owned(), role: Role::Anomaly, dtype: ElementType::Bool, shape: vec![] };
        let scores = [
            Port::floats("score", Role::Score, &[]),
            Port::floats("p_value", Role::PValue, &[]),
            is_anomaly,
            Port::floats("share", Role::Share, sample_shape),
        ];
        GraphPorts {
            file: DETECTOR.to_owned(),
            inputs: sample.into_iter().chain(takes_label.then_some(label)).collect(),
            outputs: scores.into_iter().chain(reconstruction).collect(),
            settings: vec![Setting { name: Self::LEVEL.to_owned(), default: level }],
        }
    }

    /// Formats the threshold with at most seven significant digits, as many as a 32-bit float has.
    pub fn threshold_text(&self) -> String {
        seven_digits(self.threshold)
    }

    /// Describes the detector in one sentence without a full stop: score, level, threshold and rows.
    pub fn described(&self) -> String {
        format!(
            "{} score, anomaly above {} (false-alarm rate {}), fitted to {} and calibrated on {} of {}",
            self.score.name(),
            self.threshold_text(),
            self.level,
            counted(self.fitted_rows, "row"),
            counted(self.calibration_rows, "row"),
            self.data
        )
    }
}

/// Comparison of the outputs of ONNX Runtime with the fitted detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorParity {
    /// Batch sizes that were compared.
    pub batch_sizes: Vec<usize>,
    /// Largest difference of a score, relative to the largest of 1, the threshold's size and the score's size.
    pub score: GraphParity,
    /// Largest difference of a p-value.
    pub p_value: GraphParity,
    /// Number of compared rows, at every batch size.
    pub rows: usize,
    /// How many of them have a score within 1e-4 of the threshold, relative to the larger of its size and 1.
    pub near_rows: usize,
    /// Number of rows whose label differs at one batch size or more.
    pub label_flips: usize,
}

impl DetectorParity {
    /// Returns whether all scores and p-values are within their tolerances and no label differs.
    pub fn holds(&self) -> bool {
        self.score.holds() && self.p_value.holds() && self.label_flips == 0
    }
}

/// Formats a number with at most seven significant digits.
fn seven_digits(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{value:.6e}");
    }
    let magnitude = if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    let decimals = usize::try_from(6 - magnitude).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_threshold_has_at_most_seven_digits() {
        let numbers = [2.817_864_2, 0.0, -12.5, 123_456.789, 1_234_567.8, 12_345_678.0, 0.001_234_567_8, 1e-9];
        let texts = ["2.817864", "0", "-12.5", "123456.8", "1234568", "1.234568e7", "0.001234568", "1.000000e-9"];
        assert_eq!(numbers.map(super::seven_digits), texts.map(str::to_owned));
    }
}
