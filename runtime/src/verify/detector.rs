//! The checks of an anomaly detector.

use narrows_bundle::{Bundle, CALIBRATION, DETECTOR_PROBE, DetectorParity, DetectorRecord, Role, counted};

use super::loaded::{LoadedForCheck, readable};
use crate::{Options, check::Check, proof::prove_detector_graph};

/// Checks the graph of the detector, the device of its nodes, its scores and labels, and its calibration; nothing for a
/// bundle without a detector. `earlier` are the checks of the files and of ONNX Runtime.
pub(super) fn verify_detector(bundle: &Bundle, earlier: &[Check], options: &Options) -> Vec<Check> {
    let manifest = bundle.manifest();
    let Some(record) = &manifest.detector else {
        return Vec::new();
    };
    let graph = LoadedForCheck::of(bundle, "detector", &record.graph, Role::Sample, options);
    let mut checks = vec![graph.graph(earlier), graph.placement(bundle, options)];

    let probe = readable(DETECTOR_PROBE, bundle.detector_probe(), earlier);
    let prove = |name: &str| {
        let (graph, probe) = graph.with_probe(name, &probe)?;
        prove_detector_graph(graph, record, probe, manifest).map_err(|error| Check::failed(name, error))
    };
    match prove("detector parity") {
        Ok(parity) => checks.extend([
            Check::of_parity("detector parity", &parity.score),
            Check::of_parity("detector p-values", &parity.p_value),
            labels_check(record, &parity),
        ]),
        Err(failed) => {
            let others = ["detector p-values", "detector labels"].map(|name| Check::failed(name, &failed.detail));
            checks.push(failed);
            checks.extend(others);
        }
    }
    let calibration = readable(CALIBRATION, bundle.calibration(), earlier);
    checks.push(Check::of("detector calibration", calibration, |calibration| {
        let columns = calibration.columns.as_ref().map_or(0, |columns| columns.nrows());
        let scores = counted(calibration.scores.len(), "quantile");
        format!("{scores} of the scores, quantiles of {}", counted(columns, "column"))
    }));
    checks
}

fn labels_check(record: &DetectorRecord, parity: &DetectorParity) -> Check {
    let DetectorParity { rows, near_rows, label_flips, .. } = parity;
    let near = if *near_rows == 1 { "1 is".to_owned() } else { format!("{near_rows} are") };
    let detail = format!(
        "{label_flips} of {} differ, {near} within 1e-4 of the threshold {}",
        counted(*rows, "row"),
        record.threshold as f32
    );
    Check { name: "detector labels".to_owned(), ok: *label_flips == 0, detail, figure: Some(*label_flips as f64) }
}
