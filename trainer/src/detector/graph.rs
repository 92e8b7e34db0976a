//! The detector graph: encoder, decoder, score, p-value and label.

use std::collections::BTreeMap;

use narrows_bundle::{DetectorRecord, GraphPorts, Manifest, Role, onnx::Model};

use super::{
    DetectorError,
    calibrate::{SLACK, Steps},
    joined::Joined,
    score::{Outputs, Score},
    values::Values,
};
use crate::onnx::Call;

/// Returns the graph of a detector with the given ports.
pub(super) fn detector_model(
    manifest: &Manifest,
    (encoder, decoder): (&Model, &Model),
    score: &dyn Score,
    steps: &Steps,
    ports: &GraphPorts,
) -> Result<Model, DetectorError> {
    let mut graph = Joined::default();
    let (values, x_hat) = values(&mut graph, manifest, encoder, decoder)?;
    let Outputs { score, share } = score.add_to(&mut graph, "score", &values)?;
    let score = {
        let mut call = graph.call("finite");
        // 0 times a number that is not finite is NaN. So the score of a row with such a value, or with one whose square
        // overflows, is NaN whatever the network does.
        let zero = call.floats("zero", &[], &[0.0]);
        let squares = call.node("Mul", &[values.target.clone(), values.target.clone()]);
        let zeros = call.node("Mul", &[squares, zero]);
        let sum = call.sum(&zeros, 1);
        call.node("Add", &[score, sum])
    };
    let (p_value, is_anomaly) = label(&mut graph.call("calibration"), &score, steps);
    let mut call = graph.call("outputs");
    let vector = |call: &mut Call<'_>, value: &str| call.reshape(value, &[-1]);
    let (score, p_value, is_anomaly) =
        (vector(&mut call, &score), vector(&mut call, &p_value), vector(&mut call, &is_anomaly));
    let shape: Vec<i64> = std::iter::once(-1).chain(manifest.sample.shape.iter().map(|&size| size as i64)).collect();
    let share = call.reshape(&share, &shape);
    let named = [
        (Role::Score, score),
        (Role::PValue, p_value),
        (Role::Anomaly, is_anomaly),
        (Role::Share, share),
        (Role::Reconstruction, x_hat),
    ];
    for (role, value) in named {
        let port = ports.output(role).ok_or_else(|| DetectorError::Graph(format!("there is no port for {role:?}")))?;
        graph.output(&port.name, &value);
    }
    let metadata = vec![("kind", manifest.kind.to_string()), ("latent", manifest.latent_dim.to_string())];
    Ok(graph.finish(&format!("{}-detector", manifest.kind), ports, metadata))
}

/// Adds the encoder, the decoder and the residual. Returns the values for scores, and the reconstruction.
fn values(
    graph: &mut Joined,
    manifest: &Manifest,
    encoder: &Model,
    decoder: &Model,
) -> Result<(Values, String), DetectorError> {
    let takes_label = |ports: &GraphPorts| ports.input(Role::Label).is_some();
    let ports = &manifest.graphs;
    let encoded = graph.embed("encoder", encoder, &inputs(&ports.encoder, Role::Sample, "x"))?;
    let value_of = |role: Role| ports.encoder.output(role).and_then(|port| encoded.get(&port.name)).cloned();
    let code = value_of(Role::Latent).or_else(|| value_of(Role::Mean));
    let code = code.ok_or_else(|| DetectorError::Graph("the encoder has no code".to_owned()))?;
    let decoded = graph.embed("decoder", decoder, &inputs(&ports.decoder, Role::Latent, &code))?;
    let x_hat = decoded.into_values().next();
    let x_hat = x_hat.ok_or_else(|| DetectorError::Graph("the decoder has no output".to_owned()))?;
    let scaling = &manifest.scaling;
    let mut call = graph.call("residual");
    let sample = call.node("Flatten", &["x".to_owned()]);
    let reconstruction = call.node("Flatten", std::slice::from_ref(&x_hat));
    let inverse: Vec<f32> = scaling.scale.iter().map(|scale| scale.recip()).collect();
    let inverse = call.floats("inverse_scale", &[inverse.len()], &inverse);
    let offset = call.floats("offset", &[scaling.offset.len()], &scaling.offset);
    // The difference comes before the scaling, so that a large offset costs no precision.
    let difference = call.node("Sub", &[sample.clone(), reconstruction]);
    let residual = call.node("Mul", &[difference, inverse.clone()]);
    let shifted = call.node("Sub", &[sample.clone(), offset]);
    let target = call.node("Mul", &[shifted, inverse]);
    let values = Values {
        features: manifest.sample.features(),
        sample,
        target,
        residual,
        code,
        log_variance: value_of(Role::LogVariance),
        label: takes_label(&ports.decoder).then(|| "label".to_owned()),
    };
    Ok((values, x_hat))
}

/// Returns the values of the inputs of a graph: `value` for the one of this role, and the detector's input for the
/// label.
fn inputs<'a>(ports: &'a GraphPorts, role: Role, value: &str) -> BTreeMap<&'a str, String> {
    let first = ports.input(role).map(|port| (port.name.as_str(), value.to_owned()));
    let label = ports.input(Role::Label).map(|port| (port.name.as_str(), "label".to_owned()));
    first.into_iter().chain(label).collect()
}

/// Adds the p-value and the label of a score `[batch, 1]`, both `[batch, 1]`.
fn label(call: &mut Call<'_>, score: &str, steps: &Steps) -> (String, String) {
    /// Code of 32-bit floats in ONNX.
    const FLOAT: i64 = narrows_bundle::onnx::element::FLOAT as i64;
    let count = steps.positions.len();
    let rows = steps.rows as f32 + 1.0;
    let positions = call.floats("steps", &[1, count], &steps.positions);
    let weights = call.floats("rows_at_steps", &[count, 1], &steps.weights);
    let one = call.floats("one", &[], &[1.0]);
    let rows = call.floats("rows", &[], &[rows]);
    let slack = call.floats("slack", &[], &[SLACK as f32]);
    let is_at_or_above = call.node("LessOrEqual", &[score.to_owned(), positions]);
    let is_at_or_above = call.node_with_integer("Cast", &[is_at_or_above], "to", FLOAT);
    let above = call.node("MatMul", &[is_at_or_above, weights]);
    let rank = call.node("Add", &[above, one]);
    let p_value = call.node("Div", &[rank.clone(), rows.clone()]);
    let allowed = call.node("Mul", &[DetectorRecord::LEVEL.to_owned(), rows]);
    let allowed = call.node("Add", &[allowed, slack]);
    let is_anomaly = call.node("LessOrEqual", &[rank, allowed]);
    (p_value, is_anomaly)
}
