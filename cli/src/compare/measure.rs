//! The figures of a model on the rows that judge, computed by its exported graphs in ONNX Runtime.

use anyhow::bail;
use narrows_bundle::{Bundle, sha256_hex};
use narrows_data::Dataset;
use narrows_runtime::{Autoencoder, ScoreOptions};
use narrows_trainer::Config;

use super::{
    Figures, Measurement,
    chunks::Chunks,
    judge::Rows,
    probe::{Probe, probe_accuracy},
    train::{Trained, check_stop},
};
use crate::stop::runtime_options;

/// Measures a model. `trained` is `None` for a loaded bundle; `config` is that of a trained model. The time to encode
/// is measured later, when nothing else runs.
pub(crate) fn measure(
    bundle: &Bundle,
    measurement: &Measurement<'_>,
    config: Option<&Config>,
    trained: Option<Trained>,
    seed: u64,
) -> anyhow::Result<Figures> {
    let model = Autoencoder::from_bundle(bundle, &runtime_options())?;
    let Measurement { data, judge, .. } = *measurement;
    let (fitted, judged) = judge.split(data, config);
    let scores = score(&model, measurement, &judged, seed)?;
    let probe_accuracy = match Probe::of(&model, data) {
        Probe::Possible => probe_accuracy(&model, measurement, (&fitted, &judged), seed)?,
        Probe::NoLabels | Probe::Conditional => None,
    };
    let graphs = &bundle.manifest().graphs;
    let mut parameters = 0;
    for ports in [&graphs.encoder, &graphs.decoder] {
        parameters += bundle.graph_with_cost(ports)?.parameters;
    }
    let (train_seconds, remarks) =
        trained.map_or((None, Vec::new()), |trained| (Some(trained.seconds), trained.remarks));
    Ok(Figures {
        mse: scores.squared_error / data_features(data),
        nll: scores.variational.as_ref().map(|averages| averages.nll),
        rate: scores.variational.as_ref().map(|averages| averages.rate),
        distortion: scores.variational.as_ref().map(|averages| averages.distortion),
        probe_accuracy,
        parameters,
        bundle_bytes: bundle.files().map(|(_, file)| file.bytes).sum(),
        train_seconds,
        encode_microseconds: None,
        scaling: sha256_hex(&serde_json::to_vec(&bundle.manifest().scaling)?),
        remarks,
    })
}

fn data_features(data: &Dataset) -> f64 {
    data.train.values.features().max(1) as f64
}

/// Averages over the rows that judge.
struct Averages {
    squared_error: f64,
    variational: Option<Variational>,
}

/// Averages of a variational model, in nats per sample.
#[derive(Default)]
struct Variational {
    nll: f64,
    rate: f64,
    distortion: f64,
}

fn score(model: &Autoencoder, measurement: &Measurement<'_>, judged: &Rows<'_>, seed: u64) -> anyhow::Result<Averages> {
    let chunks = Chunks::of(model, measurement.data, judged, (measurement.binarize, seed))?;
    let is_variational = model.kind().is_variational();
    let samples = if is_variational { measurement.importance_samples } else { 0 };
    let options = ScoreOptions::default().importance_samples(samples).seed(seed);
    let (mut rows, mut squared_error, mut sums) = (0, 0.0, Variational::default());
    for range in chunks.ranges() {
        check_stop(measurement.stop)?;
        let chunk = chunks.read(range)?;
        rows += chunk.rows();
        let scores = model.score(chunk.samples(), &options);
        // A signal cancels the call.
        check_stop(measurement.stop)?;
        let scores = scores?;
        squared_error += scores.squared_error.sum();
        if let (Some(kl), Some(elbo), Some(likelihood)) = (&scores.kl, &scores.elbo, &scores.log_likelihood) {
            let (kl, elbo) = (kl.sum(), elbo.sum());
            sums.nll -= likelihood.sum();
            sums.rate += kl;
            // ELBO = -(distortion + rate).
            sums.distortion -= elbo + kl;
        }
    }
    let count = rows.max(1) as f64;
    let finite = |name: &str, sum: f64| {
        let mean = sum / count;
        if mean.is_finite() {
            return Ok(mean);
        }
        bail!(
            "the {name} on the rows that judge is {mean}: the model does not fit them; scale the data, or train it otherwise"
        )
    };
    let variational = match is_variational {
        false => None,
        true => Some(Variational {
            nll: finite("negative log-likelihood", sums.nll)?,
            rate: finite("KL divergence", sums.rate)?,
            distortion: finite("distortion", sums.distortion)?,
        }),
    };
    Ok(Averages { squared_error: finite("squared error", squared_error)?, variational })
}
