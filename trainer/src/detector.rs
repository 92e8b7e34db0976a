//! Fits an anomaly detector on a trained autoencoder and makes its ONNX graph.
//!
//! The caller runs the exported encoder and decoder on the rows ([`Rows`]), and [`fit`] computes what the score needs:
//! the covariance of the residuals, a mixture over codes, or stored codes. The scores of held-out rows, the calibration
//! rows, give the threshold and the p-values (split-conformal prediction: Vovk et al. 2005; Bates et al. 2023).
//!
//! The graph contains the encoder and the decoder of the bundle unchanged, followed by the score, the p-value and the
//! label, so that every engine that runs it gives the labels that were validated.

mod calibrate;
mod cells;
mod chunk;
mod defaults;
mod error;
mod graph;
mod joined;
mod mixture_nodes;
mod options;
mod parts;
mod probe;
mod rows;
mod score;
mod scores;
mod stored;
mod trim;
mod values;
mod whitening;

use narrows_bundle::{CALIBRATION, DETECTOR, DETECTOR_PROBE, DetectorRecord, Manifest, Mixture, Role, onnx::Model};
use narrows_data::table::Layout;
use prost::Message;

pub use defaults::training_options;
pub use error::DetectorError;
pub use options::DetectorOptions;
pub use rows::{Decode, Rows, outlying_samples};
pub use scores::{check_fitted_rows, check_score_of_table};
pub use trim::typical_rows;

use calibrate::{Steps, check_rows};
use cells::CellErrors;
use chunk::{Unit, for_each_chunk};
use parts::Parts;
use probe::{calibration, detector_probe};
use scores::fit_score;

/// The autoencoder under the detector.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Its encoder: the content of the ONNX file.
    pub encoder: &'a [u8],
    /// Its decoder: the content of the ONNX file.
    pub decoder: &'a [u8],
    /// Its prior, if that is a mixture.
    pub prior: Option<&'a Mixture>,
}

/// A fitted detector: its record for the manifest, still without the comparison in ONNX Runtime, and its files.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FittedDetector {
    /// The record for the manifest.
    pub record: DetectorRecord,
    /// Files of the bundle by name: the graph, the probe and the calibration.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// Smallest false-alarm rate that the number of calibration rows allows.
    pub smallest_level: f64,
    /// Fraction of the calibration rows whose scores are larger than the threshold.
    pub calibration_alarms: f64,
}

/// What a detector is fitted to.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Score, level and further options.
    pub options: &'a DetectorOptions,
    /// The autoencoder.
    pub origin: Origin<'a>,
    /// Name of the data set, for the record.
    pub data: &'a str,
    /// Rows to fit the score to, without those that may be anomalies (see [`typical_rows`]).
    pub fitted: &'a Rows,
    /// Held-out normal rows that neither the autoencoder nor the score was fitted to.
    pub calibration: &'a Rows,
    /// The rows of the bundle's probe, and [`outlying_samples`].
    pub probe: &'a Rows,
    /// Runs the decoder, for scores that sample codes.
    pub decode: Decode<'a>,
}

/// Checks the options, and that there are enough calibration rows for the level, before anything is computed.
///
/// # Errors
/// [`DetectorError::Option`] and [`DetectorError::TooFewRows`], as [`fit`].
pub fn check(options: &DetectorOptions, calibration_rows: usize) -> Result<(), DetectorError> {
    options.check()?;
    check_rows(calibration_rows, options.level)
}

/// Fits a detector. `should_stop` is called from time to time.
///
/// # Errors
/// - [`DetectorError::Option`] for an option outside its range, or a score that the model does not have,
/// - [`DetectorError::TooFewRows`] if there are too few calibration rows for the level, or too few rows for the score,
/// - [`DetectorError::Width`] if the reconstructions of a mixed table are not numbers and probabilities,
/// - [`DetectorError::NotFinite`] for a row whose score is not finite,
/// - [`DetectorError::Graph`] if the graphs of the bundle cannot be joined,
/// - [`DetectorError::Decode`] if the decoder cannot be run,
/// - [`DetectorError::Interrupted`] if `should_stop` returned true.
pub fn fit(input: Input<'_>, should_stop: &dyn Fn() -> bool) -> Result<FittedDetector, DetectorError> {
    let Input { options, origin, data, fitted, calibration: held_out, probe, decode } = input;
    let manifest = origin.manifest;
    check(options, held_out.count())?;
    let (encoder, decoder) = (decoded(origin.encoder)?, decoded(origin.decoder)?);
    let cells = CellErrors::of(manifest);
    if let Some(cells) = &cells {
        [fitted, held_out, probe].into_iter().try_for_each(|rows| cells.check(rows))?;
    }
    let unit = Unit { scaling: &manifest.scaling, cells: cells.as_ref() };
    let parts = Parts { options, manifest, unit, prior: origin.prior, decoder: &decoder, decode, should_stop };
    let score = fit_score(parts, fitted)?;
    let scores = |part, rows: &Rows| {
        let chunks = for_each_chunk(rows, unit, should_stop, |chunk| score.of(chunk))?;
        finite(part, chunks.concat())
    };
    let of_fitted = scores("fitted", fitted)?;
    let of_held_out = scores("calibration", held_out)?;
    let of_probe = scores("probe", probe)?;
    let others: Vec<f64> = of_fitted.iter().chain(&of_probe).copied().collect();
    let steps = Steps::of(of_held_out.clone(), &others);
    let threshold = steps.threshold(options.level);

    let takes_label =
        manifest.graphs.encoder.input(Role::Label).or(manifest.graphs.decoder.input(Role::Label)).is_some();
    let ports = match manifest.sample.cells() {
        None => DetectorRecord::ports(&manifest.sample.shape, takes_label, options.level as f32),
        Some(cells) => DetectorRecord::ports_of_table(&Layout::of(&cells), takes_label, options.level as f32),
    };
    let joined = graph::Autoencoder { manifest, encoder: &encoder, decoder: &decoder, cells: cells.as_ref() };
    let model = graph::detector_model(joined, score.as_ref(), &steps, &ports)?;
    let scored = [(probe, of_probe.as_slice()), (held_out, &of_held_out), (fitted, &of_fitted)];
    let probe = detector_probe(scored, &steps, threshold, options.level, &manifest.sample.shape)?;
    let calibration = calibration(&of_held_out, held_out);
    let record = DetectorRecord {
        graph: ports,
        score: options.score,
        level: options.level,
        threshold: shortest(threshold),
        data: data.to_owned(),
        fingerprint: rows::fingerprint(&[fitted, held_out]),
        fitted_rows: fitted.count(),
        calibration_rows: steps.rows,
        contamination: options.contamination,
        seed: options.seed,
        parity: None,
    };
    let stored = |error: safetensors::SafeTensorError| DetectorError::Graph(error.to_string());
    let files = vec![
        (DETECTOR, model.encode_to_vec()),
        (DETECTOR_PROBE, probe.to_bytes().map_err(stored)?),
        (CALIBRATION, calibration.to_bytes().map_err(stored)?),
    ];
    let alarms = of_held_out.iter().filter(|&&score| steps.is_anomaly(score as f32, options.level)).count();
    Ok(FittedDetector {
        record,
        files,
        smallest_level: steps.smallest_level(),
        calibration_alarms: alarms as f64 / steps.rows as f64,
    })
}

fn decoded(bytes: &[u8]) -> Result<Model, DetectorError> {
    Model::decode(bytes).map_err(|error| DetectorError::Graph(format!("a graph is not a valid ONNX model: {error}")))
}

/// Returns the number with the fewest digits that is rounded to `value` as a 32-bit float.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// Refuses scores that are not finite.
fn finite(part: &'static str, scores: Vec<f64>) -> Result<Vec<f64>, DetectorError> {
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(scores),
        Some(row) => Err(DetectorError::NotFinite { part, row, score: scores[row] }),
    }
}
