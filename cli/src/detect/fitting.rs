//! Fits the detector of a bundle to selected rows, and checks its graph in ONNX Runtime.

use anyhow::{Context, bail};
use narrows_bundle::{Bundle, DetectorParity, Manifest};
use narrows_data::Limits;
use narrows_runtime::{Autoencoder, Detector, Options, proof::prove_detector};
use narrows_trainer::detector::{DetectorError, DetectorOptions, FittedDetector, Input, Origin, fit};

use super::{
    LabelledFigures, Selection,
    computed::{NOUN, compute, decode_with, probe_rows},
};
use crate::{rewrite::check_stop, stop::Stop};

/// Runs the model on the rows and fits a detector to the results. `data` is the name of the data set.
pub(crate) fn fit_to(
    bundle: &Bundle,
    model: &Autoencoder,
    selection: &Selection<'_>,
    data: &str,
    options: &DetectorOptions,
    limits: &Limits,
    stop: &Stop,
) -> anyhow::Result<FittedDetector> {
    let manifest = bundle.manifest();
    let fitted = compute(model, &selection.fitted, limits, stop)?;
    let calibration = compute(model, &selection.calibration, limits, stop)?;
    let probe = probe_rows(model, &bundle.probe()?)?;
    let (encoder, decoder) = (bundle.graph(&manifest.graphs.encoder)?, bundle.graph(&manifest.graphs.decoder)?);
    let prior = bundle.mixture_prior()?;
    let origin = Origin { manifest, encoder: &encoder, decoder: &decoder, prior: prior.as_ref() };
    let decode = |codes: &ndarray::ArrayView2<'_, f32>, labels: Option<&[i64]>| decode_with(model, codes, labels);
    let (fitted, calibration, probe) = (&fitted, &calibration, &probe);
    let input = Input { options, origin, data, fitted, calibration, probe, decode: &decode };
    let fitted = fit(input, &|| stop.signal().is_some());
    if let Err(DetectorError::Interrupted) = &fitted {
        check_stop(NOUN, stop)?;
    }
    fitted.with_context(|| format!("`{}`", selection.fitted.spec))
}

/// Runs the detector of a written bundle on its probe, and stores the comparison in the manifest. Returns the figures
/// of labelled rows, if there are any.
pub(crate) fn prove(
    written: &Bundle,
    manifest: &mut Manifest,
    selection: &Selection<'_>,
    takes_labels: &Autoencoder,
    stop: &Stop,
) -> anyhow::Result<Option<LabelledFigures>> {
    let detector = Detector::from_bundle(written, &Options::default())?;
    let parity = prove_detector(&detector, &written.detector_probe()?)?;
    check(&parity)?;
    if let Some(record) = &mut manifest.detector {
        record.parity = Some(parity);
    }
    LabelledFigures::of(&detector, takes_labels, selection, stop)
}

/// Refuses a graph that gives other labels or scores than the fitted detector.
fn check(parity: &DetectorParity) -> anyhow::Result<()> {
    if parity.holds() {
        return Ok(());
    }
    bail!(
        "the check of the detector failed: of {} rows, {} have another label in ONNX Runtime, scores differ by {} and \
         p-values by {}, so no detector was written; values that are large compared with how much they vary, such as \
         timestamps, lose their digits in 32-bit floats: subtract a constant from such columns, or pass another --score",
        parity.rows,
        parity.label_flips,
        parity.score,
        parity.p_value
    )
}
