//! Detectors of every kind and with every score: their graphs give the scores and labels of the fitted detector in ONNX
//! Runtime and in candle-onnx.

use candle_core::{Device, Tensor};
use narrows_bundle::{AnomalyScore, Bundle, DetectorProbe, Kind};
use narrows_runtime::{Detector, Options, Samples, proof::prove_detector, verify};
use narrows_tests::{digits, exported, fitted, with_detector};
use narrows_trainer::detector::DetectorOptions;

use crate::{
    brief,
    engines::{difference, floats, in_simple_eval, labels},
};

/// Rows of the digits that are fitted; as many calibrate.
const ROWS: usize = 300;

#[test]
fn every_score_of_every_kind_gives_the_fitted_labels_in_onnx_runtime() {
    let data = digits();
    for kind in Kind::ALL {
        let (_folder, bundle) = exported(&fitted(&brief(kind), &data), &data);
        let scores = AnomalyScore::ALL.into_iter().filter(|score| match score {
            AnomalyScore::Elbo | AnomalyScore::Likelihood => kind.is_variational() && bundle.manifest().prior.is_some(),
            _ => true,
        });
        for score in scores {
            let options = DetectorOptions { score, level: 0.05, stored: 200, ..DetectorOptions::default() };
            let (_folder, bundle) = with_detector(&bundle, &data, ROWS, &options);
            let detector = Detector::from_bundle(&bundle, &Options::default()).expect("a detector");
            let probe = bundle.detector_probe().expect("a probe");
            let parity = prove_detector(&detector, &probe).expect("matching shapes");
            assert!(parity.holds(), "{kind} {score:?}: {parity:?}");
            assert_eq!(parity.batch_sizes.len(), 5, "{kind} {score:?}");
            shares_sum_to_one(&detector, &probe);
            if score != AnomalyScore::Neighbours {
                // candle-onnx has no TopK.
                same_in_candle_onnx(&bundle, &probe);
            }
            let failed: Vec<_> =
                verify(bundle.path(), &Options::default()).into_iter().filter(|check| !check.ok).collect();
            assert!(failed.is_empty(), "{kind} {score:?}: {failed:?}");
        }
    }
}

/// Compares the scores, the p-values and the labels of candle-onnx with the stored ones.
fn same_in_candle_onnx(bundle: &Bundle, probe: &DetectorProbe) {
    let record = bundle.manifest().detector.as_ref().expect("a detector");
    let bytes = bundle.graph(&record.graph).expect("a graph");
    let label = probe.labels.iter().map(|values| ("label", labels(values)));
    let level = Tensor::new(record.level as f32, &Device::Cpu).expect("a scalar");
    let inputs: Vec<_> = [("x", floats(&probe.samples)), ("level", level)].into_iter().chain(label).collect();
    let outputs = in_simple_eval(&bytes, &inputs);
    let largest = difference(&outputs["score"], &probe.scores.clone().into_dyn());
    assert!(largest <= 1e-4 * (record.threshold.abs() as f32).max(1.0), "{:?}: {largest}", record.score);
    assert_eq!(outputs["p_value"], probe.p_values.clone().into_dyn(), "{:?}", record.score);
    let are_anomalies: Vec<bool> = outputs["is_anomaly"].iter().map(|&value| value != 0.0).collect();
    assert_eq!(are_anomalies, probe.are_anomalies, "{:?}", record.score);
}

fn shares_sum_to_one(detector: &Detector, probe: &DetectorProbe) {
    let samples = Samples::from(&probe.samples);
    let samples = match &probe.labels {
        Some(labels) => samples.labelled(labels),
        None => samples,
    };
    let explained = detector.explain(samples).expect("valid rows");
    for row in explained.shares.outer_iter() {
        assert!((row.sum() - 1.0).abs() < 1e-4 && row.iter().all(|share| *share >= 0.0), "{row:?}");
    }
}
