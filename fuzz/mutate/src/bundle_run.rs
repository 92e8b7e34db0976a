//! Opens a mutated bundle as a program does: checks, probe, sampler, detector, packing, and runs in ONNX Runtime.

use std::path::Path;

use narrows_bundle::{Bundle, BundleError, ClassifierBundle, Contract, Opened, Sample};
use narrows_runtime::{Autoencoder, Classifier, Codes, Detector, Error, Options, Samples, ScoreOptions};
use ndarray::{Array2, ArrayD};

use crate::{
    input::Input,
    outcome::{FAILED, defect, variant},
};

/// The largest number of values in a sample that is encoded.
const LARGEST_SAMPLE: usize = 1 << 16;
const ROWS: usize = 2;

/// Opens the bundle. `folder` contains its files, unless it is packed.
pub(crate) fn run(input: &Input, folder: &Path) -> String {
    let packed = (!input.opened.is_empty()).then(|| input.files.values().next()).flatten();
    let path = if packed.is_some() { "packed bundle".to_owned() } else { folder.to_string_lossy().into_owned() };
    let opened = packed.map_or_else(|| Bundle::open(folder), |bytes| Bundle::from_bytes(bytes));
    let outcome = match opened {
        Ok(bundle) => content(&bundle).and_then(|()| autoencoder(&bundle)),
        Err(BundleError::OtherType { .. }) => packed
            .map_or_else(|| ClassifierBundle::open(folder), |bytes| ClassifierBundle::from_bytes(bytes))
            .map_err(|error| Refusal::bundle("not opened", error))
            .and_then(|bundle| content(&bundle).and_then(|()| classifier(&bundle))),
        Err(error) => Err(Refusal::bundle("not opened", error)),
    };
    match outcome {
        Ok(()) => "ran".to_owned(),
        Err(Refusal { step, kind, message }) => match message.and_then(|message| defect(&message, &path)) {
            Some(defect) => format!("{FAILED}{defect} ({step}, {kind})"),
            None => format!("{step}: {kind}"),
        },
    }
}

/// An error, and the step that returned it.
struct Refusal {
    step: &'static str,
    kind: String,
    /// The message, if it has to name the bundle.
    message: Option<String>,
}

impl Refusal {
    fn bundle(step: &'static str, error: BundleError) -> Self {
        Refusal { step, kind: variant(&error), message: Some(error.to_string()) }
    }

    fn engine(step: &'static str, error: Error) -> Self {
        match error {
            Error::Bundle(error) => Refusal::bundle(step, error),
            Error::Engine { .. } => {
                let message = chain(&error);
                let is_memory = ["allocat", "bad_alloc", "memory"].iter().any(|word| message.contains(word));
                Refusal {
                    step,
                    kind: if is_memory { "Engine, out of memory" } else { "Engine" }.to_owned(),
                    message: None,
                }
            }
            error => Refusal { step, kind: variant(&error), message: None },
        }
    }
}

/// Returns the messages of an error and of its sources.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// Reads everything that a bundle contains.
fn content<M: Contract>(bundle: &Opened<M>) -> Result<(), Refusal> {
    for ports in bundle.manifest().graphs() {
        bundle.graph(ports).map_err(|error| Refusal::bundle("graph", error))?;
    }
    bundle.probe().map_err(|error| Refusal::bundle("probe", error))?;
    let packed = bundle.pack().map_err(|error| Refusal::bundle("packing", error))?;
    assert!(Opened::<M>::from_bytes(&packed).is_ok(), "a packed bundle can be opened");
    Ok(())
}

fn options() -> Options {
    Options::default().sessions(1).threads(1)
}

fn autoencoder(bundle: &Bundle) -> Result<(), Refusal> {
    let manifest = bundle.manifest();
    bundle.sampler().map_err(|error| Refusal::bundle("sampler", error))?;
    bundle.mixture_prior().map_err(|error| Refusal::bundle("prior", error))?;
    if manifest.detector.is_some() {
        bundle.detector_probe().map_err(|error| Refusal::bundle("detector probe", error))?;
        bundle.calibration().map_err(|error| Refusal::bundle("calibration", error))?;
    }
    let model = Autoencoder::from_bundle(bundle, &options()).map_err(|error| Refusal::engine("load", error))?;
    let samples = samples(&manifest.sample)?;
    let labels = [0_i64; ROWS];
    let takes_labels = !manifest.graphs.encoder.inputs.iter().all(|port| port.role != narrows_bundle::Role::Label);
    let rows = || match takes_labels {
        true => Samples::from(&samples).labelled(&labels),
        false => Samples::from(&samples),
    };
    let codes = model.encode(rows()).map_err(|error| Refusal::engine("encode", error))?;
    let codes = match takes_labels {
        true => Codes::from(&codes).labelled(&labels),
        false => Codes::from(&codes),
    };
    model.decode(codes).map_err(|error| Refusal::engine("decode", error))?;
    model.score(rows(), &ScoreOptions::default()).map_err(|error| Refusal::engine("score", error))?;
    if manifest.prior.is_some() || manifest.sampler.is_some() {
        model.generate(ROWS, 7).map_err(|error| Refusal::engine("generate", error))?;
    }
    if manifest.detector.is_some() {
        let detector = Detector::from_bundle(bundle, &options()).map_err(|error| Refusal::engine("detector", error))?;
        detector.detect(rows()).map_err(|error| Refusal::engine("detect", error))?;
        detector.reasons(rows(), 2).map_err(|error| Refusal::engine("reasons", error))?;
    }
    Ok(())
}

fn classifier(bundle: &ClassifierBundle) -> Result<(), Refusal> {
    let manifest = bundle.manifest();
    let model = Classifier::from_bundle(bundle, &options()).map_err(|error| Refusal::engine("load", error))?;
    let samples = samples(&manifest.sample)?;
    match manifest.classes {
        Some(_) => model.classify(&samples).map(drop),
        None => model.predict(&samples).map(drop),
    }
    .map_err(|error| Refusal::engine("predict", error))?;
    let codes = Array2::<f32>::zeros((ROWS, manifest.latent_dim.min(LARGEST_SAMPLE)));
    model.head(&codes).map(drop).map_err(|error| Refusal::engine("head", error))
}

/// Returns samples of zeros.
fn samples(sample: &Sample) -> Result<ArrayD<f32>, Refusal> {
    let shape: Vec<usize> = [ROWS].into_iter().chain(sample.shape.iter().copied()).collect();
    let features = sample.shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    match features {
        Some(features) if features <= LARGEST_SAMPLE => Ok(ArrayD::zeros(shape)),
        Some(_) | None => Err(Refusal { step: "loaded", kind: "large samples".to_owned(), message: None }),
    }
}
