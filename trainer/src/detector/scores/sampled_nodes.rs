//! The nodes of the scores from samples of the code.

use std::{collections::BTreeMap, f64::consts::PI};

use narrows_bundle::Likelihood;
use ndarray::{Array1, Axis};

use super::sampled::{Estimate, MIN_PROBABILITY, Sampled};
use crate::{
    detector::{
        chunk::Chunk,
        error::DetectorError,
        joined::Joined,
        mixture_nodes::log_density,
        score::{Outputs, Score},
        values::Values,
        whitening::floats,
    },
    onnx::Call,
};

impl Score for Sampled<'_> {
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        self.estimates(rows)
    }

    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError> {
        let score = add_to(self, graph, prefix, values)?;
        Ok(Outputs::with_share_of_error(score, graph, prefix, values))
    }
}

/// Adds the score to a graph and returns the name of its value, `[batch, 1]`.
fn add_to(score: &Sampled<'_>, graph: &mut Joined, prefix: &str, values: &Values) -> Result<String, DetectorError> {
    let missing = || DetectorError::Graph("the encoder has no output for the variance of the code".to_owned());
    let log_variance = values.log_variance.as_ref().ok_or_else(missing)?;
    let (samples, latent) = (score.noise.nrows() as i64, score.noise.ncols() as i64);
    let codes = codes(score, &mut graph.call(&format!("{prefix}.codes")), &values.code, log_variance);
    let mut inputs = BTreeMap::from([("z", codes.clone())]);
    if let Some(label) = &values.label {
        let name = format!("{prefix}.labels");
        let mut call = graph.call(&name);
        let column = call.reshape(label, &[-1, 1]);
        let repeats = call.integers("repeats", &[1, samples]);
        let tiled = call.node("Tile", &[column, repeats]);
        inputs.insert("label", call.reshape(&tiled, &[-1]));
    }
    let decoded = graph.embed(&format!("{prefix}/decoder"), score.decoder, &inputs)?;
    let decoded =
        decoded.into_values().next().ok_or_else(|| DetectorError::Graph("the decoder has no output".to_owned()))?;
    let likelihood = log_likelihood(score, &mut graph.call(&format!("{prefix}.likelihood")), values, &decoded);
    let log_prior = match &score.prior {
        None => {
            let name = format!("{prefix}.prior");
            let mut call = graph.call(&name);
            let half = call.floats("half", &[], &[-0.5]);
            let normal = call.floats("constant", &[], &[(-0.5 * latent as f64 * (2.0 * PI).ln()) as f32]);
            let squares = call.node("Mul", &[codes.clone(), codes]);
            let sums = call.sum(&squares, 1);
            let halves = call.node("Mul", &[sums, half]);
            call.node("Add", &[halves, normal])
        }
        Some((mixture, _)) => log_density(&mut graph.call(&format!("{prefix}.prior")), &codes, mixture),
    };
    let name = format!("{prefix}.estimate");
    let mut call = graph.call(&name);
    let log_prior = call.reshape(&log_prior, &[-1, samples]);
    let log_posterior = log_posterior(score, &mut call, log_variance);
    let joint = call.node("Add", &[likelihood, log_prior]);
    let weights = call.node("Sub", &[joint, log_posterior]);
    Ok(match score.estimate {
        Estimate::Elbo => {
            let mean = call.reduce("ReduceMean", &weights, 1);
            call.node("Neg", &[mean])
        }
        Estimate::Likelihood => {
            let count = call.floats("log_samples", &[], &[(samples as f32).ln()]);
            let sum = call.log_sum_exp(&weights);
            call.node("Sub", &[count, sum])
        }
    })
}

/// Adds the sampled codes, `[batch * samples, latent]`.
fn codes(score: &Sampled<'_>, call: &mut Call<'_>, mean: &str, log_variance: &str) -> String {
    let (samples, latent) = score.noise.dim();
    let half = call.floats("half", &[], &[0.5]);
    let noise = call.floats("noise", &[samples, latent], &floats(&score.noise));
    let halves = call.node("Mul", &[log_variance.to_owned(), half]);
    let deviation = call.node("Exp", &[halves]);
    let deviation = call.reshape(&deviation, &[-1, 1, latent as i64]);
    let mean = call.reshape(mean, &[-1, 1, latent as i64]);
    let scaled = call.node("Mul", &[deviation, noise]);
    let codes = call.node("Add", &[mean, scaled]);
    call.reshape(&codes, &[-1, latent as i64])
}

/// Adds `ln q(z_k|x)` of all samples, `[batch, samples]`.
fn log_posterior(score: &Sampled<'_>, call: &mut Call<'_>, log_variance: &str) -> String {
    let (samples, latent) = score.noise.dim();
    let normal = 0.5 * latent as f64 * (2.0 * PI).ln();
    let constants: Array1<f64> = score.noise.map_axis(Axis(1), |row| -0.5 * row.dot(&row) - normal);
    let constants = call.floats("constants", &[1, samples], &floats(&constants));
    let half = call.floats("half", &[], &[0.5]);
    let sum = call.sum(log_variance, 1);
    let halves = call.node("Mul", &[sum, half]);
    call.node("Sub", &[constants, halves])
}

/// Adds `ln p(x|z_k)` of all samples, `[batch, samples]`.
fn log_likelihood(score: &Sampled<'_>, call: &mut Call<'_>, values: &Values, decoded: &str) -> String {
    let (samples, features) = (score.noise.nrows() as i64, values.features as i64);
    let decoded = call.node("Flatten", &[decoded.to_owned()]);
    let decoded = call.reshape(&decoded, &[-1, samples, features]);
    let scale: Vec<f32> = score.scaling.scale.iter().map(|scale| scale.recip()).collect();
    let scale = call.floats("scale", &[scale.len()], &scale);
    match score.likelihood {
        Likelihood::Gaussian | Likelihood::Columns => {
            let sample = call.reshape(&values.sample, &[-1, 1, features]);
            let difference = call.node("Sub", &[sample, decoded]);
            let error = call.node("Mul", &[difference, scale]);
            let squares = call.node("Mul", &[error.clone(), error]);
            let sum = call.sum(&squares, 2);
            let factor = call.floats("factor", &[], &[(-0.5 / score.variance) as f32]);
            let constant = -0.5 * features as f64 * (2.0 * PI * score.variance).ln();
            let constant = call.floats("constant", &[], &[constant as f32]);
            let exponent = call.node("Mul", &[sum, factor]);
            let all = call.node("Add", &[exponent, constant]);
            call.reshape(&all, &[-1, samples])
        }
        Likelihood::Bernoulli => {
            let offset = call.floats("offset", &[score.scaling.offset.len()], &score.scaling.offset);
            let one = call.floats("one", &[], &[1.0]);
            let zero = call.floats("zero", &[], &[0.0]);
            let (low, high) = (MIN_PROBABILITY as f32, (1.0 - MIN_PROBABILITY) as f32);
            let (low, high) = (call.floats("low", &[], &[low]), call.floats("high", &[], &[high]));
            let target = call.node("Clip", &[values.target.clone(), zero, one.clone()]);
            let target = call.reshape(&target, &[-1, 1, features]);
            let mean = call.node("Sub", &[decoded, offset]);
            let mean = call.node("Mul", &[mean, scale]);
            let probability = call.node("Clip", &[mean, low, high]);
            let log = call.node("Log", std::slice::from_ref(&probability));
            let complement = call.node("Sub", &[one.clone(), probability]);
            let log_complement = call.node("Log", &[complement]);
            let other = call.node("Sub", &[one, target.clone()]);
            let first = call.node("Mul", &[target, log]);
            let second = call.node("Mul", &[other, log_complement]);
            let all = call.node("Add", &[first, second]);
            let sum = call.sum(&all, 2);
            call.reshape(&sum, &[-1, samples])
        }
    }
}
