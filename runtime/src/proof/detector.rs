//! The parity check of a detector graph: scores within a tolerance, and equal labels.

use std::collections::BTreeSet;

use narrows_bundle::{DetectorParity, DetectorProbe, DetectorRecord, GraphParity, Manifest, Role, SAMPLES};
use ndarray::{Array1, Axis};

use crate::{
    Detector, Error,
    destination::Destination,
    label::check_labels,
    loaded_graph::LoadedGraph,
    probe_batches::{batch_sizes, batches, check_shape, labels_of},
    rows::InputRows,
    samples::Values,
    tolerance::{DETECTOR_TOLERANCE, Tolerance, score_unit},
};

/// Runs the graph of a detector on the rows of its probe with all [`BATCH_SIZES`](super::BATCH_SIZES), measures the
/// largest difference of a score and of a p-value from the stored ones, and counts the rows whose label differs at one
/// batch size or more. See [`prove`](super::prove) for the batches.
///
/// The unit of the differences is the largest of 1, the size of the threshold and the size of the stored score.
///
/// # Errors
/// [`Error::Probe`] if the probe's tensors do not fit the graph, [`Error::OutOfRange`] if the detector does not have
/// the level of its record, for which the probe has labels, and those of [`Detector::detect`]. A difference above the
/// tolerance or another label is not an error; see [`DetectorParity::holds`].
pub fn prove_detector(detector: &Detector, probe: &DetectorProbe) -> Result<DetectorParity, Error> {
    let record = detector.record();
    if detector.level() != record.level {
        let (option, expected) = ("level", "the level of the detector's record (do not call at_level)");
        return Err(Error::OutOfRange { option, value: detector.level(), expected });
    }
    prove_detector_graph(detector.graph(), record, probe, detector.manifest())
}

/// Checks a detector graph, whose settings have their defaults.
pub(crate) fn prove_detector_graph(
    graph: &LoadedGraph,
    record: &DetectorRecord,
    probe: &DetectorProbe,
    manifest: &Manifest,
) -> Result<DetectorParity, Error> {
    let (score, is_anomaly) = (graph.required(Role::Score)?, graph.required(Role::Anomaly)?);
    let p_value = graph.required(Role::PValue)?;
    // A probe without rows would prove nothing. Requiring at least one row makes the shape check refuse it.
    let rows = probe.rows().max(1);
    let samples = check_shape(SAMPLES, Some(&probe.samples), rows, graph.input())?;
    check_labels(probe.labels.as_deref(), rows, &[graph], manifest)?;

    let tolerance = Tolerance::for_scores(&probe.scores, record.threshold as f32);
    let batch_sizes = batch_sizes(&[graph], rows);
    let p_tolerance = Tolerance::for_p_values(record.calibration_rows);
    let (mut largest, mut largest_p_value, mut flipped) = (0.0_f32, 0.0_f32, BTreeSet::new());
    for &size in &batch_sizes {
        let (mut scores, mut p_values, mut are_anomalies) = (Vec::new(), Vec::new(), Vec::new());
        for indices in batches(rows, size) {
            let batch = samples.select(Axis(0), &indices);
            let batch = InputRows::of(Values::Floats(batch.view()), graph.input())?;
            let labels = probe.labels.as_deref().map(|labels| labels_of(labels, &indices));
            let [mut of_batch, mut p_of_batch] = [Array1::zeros(indices.len()), Array1::zeros(indices.len())];
            let mut is_flagged = vec![false; indices.len()];
            let targets = [
                (score, Destination::of(of_batch.view_mut())),
                (p_value, Destination::of(p_of_batch.view_mut())),
                (is_anomaly, Destination::Booleans(&mut is_flagged)),
            ];
            graph.run_into(&batch, labels.as_deref(), targets)?;
            scores.extend(of_batch);
            p_values.extend(p_of_batch);
            are_anomalies.extend(is_flagged);
        }
        // A batch larger than the probe repeats its rows.
        let repeated = scores.chunks(rows).zip(p_values.chunks(rows)).zip(are_anomalies.chunks(rows));
        for ((scores, p_values), are_anomalies) in repeated {
            largest = tolerance.difference(scores, &probe.scores).max(largest);
            largest_p_value = p_tolerance.difference(p_values, &probe.p_values).max(largest_p_value);
            let pairs = are_anomalies.iter().zip(&probe.are_anomalies).enumerate();
            flipped.extend(pairs.filter(|(_, (computed, stored))| computed != stored).map(|(row, _)| row));
        }
    }
    let threshold = record.threshold as f32;
    let near = DETECTOR_TOLERANCE * score_unit(threshold);
    // The threshold in the manifest must be that of the labels.
    let contradicts = |(score, is_anomaly): (f32, bool)| {
        (score - threshold).abs() > near && score.is_finite() && (score > threshold) != is_anomaly
    };
    let stored = probe.scores.iter().copied().zip(probe.are_anomalies.iter().copied()).enumerate();
    flipped.extend(stored.filter(|(_, pair)| contradicts(*pair)).map(|(row, _)| row));
    Ok(DetectorParity {
        batch_sizes,
        score: GraphParity { max_abs_difference: largest, tolerance: tolerance.tolerance },
        p_value: GraphParity { max_abs_difference: largest_p_value, tolerance: p_tolerance.tolerance },
        rows,
        near_rows: probe.scores.iter().filter(|&&score| (score - threshold).abs() <= near).count(),
        label_flips: flipped.len(),
    })
}
