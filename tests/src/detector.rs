//! Detectors on bundles in temporary folders.

use std::error::Error;

use narrows_bundle::{Bundle, Role, Stage, table::Layout};
use narrows_data::Dataset;
use narrows_runtime::{Autoencoder, Codes, Options, Samples};
use narrows_trainer::detector::{DetectorOptions, Input, Origin, Rows, fit};
use ndarray::{Array2, ArrayD, ArrayView2, Axis, Ix2, concatenate};
use tempfile::TempDir;

/// Returns the bundle with a detector that is fitted to the first `count` training rows and calibrated on as many of
/// the next. The folder is deleted when the `TempDir` is dropped.
///
/// # Panics
/// If there are fewer rows, or the detector cannot be fitted or written.
pub fn with_detector(bundle: &Bundle, data: &Dataset, count: usize, options: &DetectorOptions) -> (TempDir, Bundle) {
    let model = Autoencoder::from_bundle(bundle, &Options::default()).expect("a model");
    let manifest = bundle.manifest();
    let samples = data.train.values.to_f32().expect("in memory").into_owned();
    let labels: Option<Vec<i64>> = model.takes_labels().then(|| {
        data.train.labels.as_ref().expect("labels")[..2 * count].iter().map(|&label| i64::from(label)).collect()
    });
    let rows = |range: std::ops::Range<usize>| {
        let part = samples.slice_axis(Axis(0), range.clone().into()).to_owned();
        rows_of(&model, part, labels.as_ref().map(|labels| labels[range].to_vec()))
    };
    let probe = bundle.probe().expect("a probe");
    let shape = (probe.rows(), manifest.sample.features());
    let flat = probe.samples.clone().into_shape_with_order(shape).expect("rows");
    let probe = rows_of(&model, flat, probe.labels.clone());
    let decode = |codes: &ArrayView2<'_, f32>,
                  labels: Option<&[i64]>|
     -> Result<Array2<f32>, Box<dyn Error + Send + Sync>> { Ok(decoded_rows(&model, codes, labels)?) };
    let encoder = bundle.graph(&manifest.graphs.encoder).expect("an encoder");
    let decoder = bundle.graph(&manifest.graphs.decoder).expect("a decoder");
    let prior = bundle.mixture_prior().expect("a prior or none");
    let fitted = fit(
        Input {
            options,
            origin: Origin { manifest, encoder: &encoder, decoder: &decoder, prior: prior.as_ref() },
            data: "digits",
            fitted: &rows(0..count),
            calibration: &rows(count..2 * count),
            probe: &probe,
            decode: &decode,
        },
        &|| false,
    )
    .expect("a fit");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stage = Stage::begin(folder.path().join("bundle")).expect("an empty folder");
    for (name, _) in bundle.files() {
        stage.write(name, &bundle.read(name).expect("a file")).expect("a writable folder");
    }
    for (name, bytes) in &fitted.files {
        stage.write(name, bytes).expect("a writable folder");
    }
    let mut manifest = manifest.clone();
    manifest.detector = Some(fitted.record);
    stage.write_manifest(&mut manifest).expect("a writable folder");
    let bundle = Bundle::open(stage.publish().expect("a new path")).expect("just written");
    (folder, bundle)
}

fn rows_of(model: &Autoencoder, samples: Array2<f32>, labels: Option<Vec<i64>>) -> Rows {
    let input = || match &labels {
        Some(labels) => Samples::from(&samples).labelled(labels),
        None => Samples::from(&samples),
    };
    let has_posterior = model.manifest().graphs.encoder.output(Role::LogVariance).is_some();
    let (codes, log_variances) = match has_posterior {
        true => {
            let posterior = model.posterior(input()).expect("codes");
            (posterior.mean, Some(posterior.log_variance))
        }
        false => (model.encode(input()).expect("codes"), None),
    };
    let reconstructions = decoded_rows(model, &codes.view(), labels.as_deref()).expect("samples");
    Rows { samples, labels, codes, log_variances, reconstructions }
}

/// Decodes codes: samples, or the numbers and then the probabilities of all levels of a mixed table.
fn decoded_rows(
    model: &Autoencoder,
    codes: &ArrayView2<'_, f32>,
    labels: Option<&[i64]>,
) -> Result<Array2<f32>, narrows_runtime::Error> {
    let decoded = flat_rows(model.decode(labelled_codes(codes, labels))?);
    let Some(cells) = model.manifest().sample.cells() else { return Ok(decoded) };
    let numbers = decoded.select(Axis(1), &Layout::of(&cells).numbers);
    let probabilities = model.level_probabilities(labelled_codes(codes, labels))?;
    Ok(concatenate![Axis(1), numbers, probabilities])
}

fn labelled_codes<'a>(codes: &'a ArrayView2<'_, f32>, labels: Option<&'a [i64]>) -> Codes<'a> {
    let codes = Codes::from(codes);
    match labels {
        Some(labels) => codes.labelled(labels),
        None => codes,
    }
}

fn flat_rows(samples: ArrayD<f32>) -> Array2<f32> {
    let rows = samples.len_of(Axis(0));
    let width = samples.len() / rows.max(1);
    samples.into_shape_with_order((rows, width)).expect("contiguous").into_dimensionality::<Ix2>().expect("a matrix")
}
