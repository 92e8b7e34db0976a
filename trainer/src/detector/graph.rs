//! The detector graph: encoder, decoder, score, p-value and label.

use std::collections::BTreeMap;

use narrows_bundle::{DetectorRecord, GraphPorts, Manifest, Role, Scaling, onnx::Model};

use super::{
    DetectorError,
    calibrate::{SLACK, Steps},
    cells::{CellErrors, CellValues},
    joined::Joined,
    score::{Outputs, Score},
    values::Values,
};
use crate::onnx::Call;

/// The autoencoder whose graphs become part of a detector.
#[derive(Clone, Copy)]
pub(super) struct Autoencoder<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) encoder: &'a Model,
    pub(super) decoder: &'a Model,
    /// The errors of the cells of a mixed table; `None` for other samples.
    pub(super) cells: Option<&'a CellErrors>,
}

/// Returns the graph of a detector with the given ports.
pub(super) fn detector_model(
    model: Autoencoder<'_>,
    score: &dyn Score,
    steps: &Steps,
    ports: &GraphPorts,
) -> Result<Model, DetectorError> {
    let mut graph = Joined::default();
    let manifest = model.manifest;
    let (values, decoded) = values(&mut graph, model)?;
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
    let named = [(Role::Score, score), (Role::PValue, p_value), (Role::Anomaly, is_anomaly), (Role::Share, share)];
    for (role, value) in named.into_iter().chain(decoded) {
        let port = ports.output(role).ok_or_else(|| DetectorError::Graph(format!("there is no port for {role:?}")))?;
        graph.output(&port.name, &value);
    }
    let metadata = vec![("kind", manifest.kind.to_string()), ("latent", manifest.latent_dim.to_string())];
    Ok(graph.finish(&format!("{}-detector", manifest.kind), ports, metadata))
}

/// Adds the encoder, the decoder and the residual. Returns the values for scores, and the outputs of the decoder.
fn values(graph: &mut Joined, model: Autoencoder<'_>) -> Result<(Values, Vec<(Role, String)>), DetectorError> {
    let Autoencoder { manifest, encoder, decoder, cells } = model;
    let takes_label = |ports: &GraphPorts| ports.input(Role::Label).is_some();
    let ports = &manifest.graphs;
    let of_sample: BTreeMap<&str, String> =
        ports.encoder.inputs.iter().map(|port| (port.name.as_str(), port.name.clone())).collect();
    let encoded = graph.embed("encoder", encoder, &of_sample)?;
    let value_of = |role: Role| ports.encoder.output(role).and_then(|port| encoded.get(&port.name)).cloned();
    let code = value_of(Role::Latent).or_else(|| value_of(Role::Mean));
    let code = code.ok_or_else(|| DetectorError::Graph("the encoder has no code".to_owned()))?;
    let of_code = inputs(&ports.decoder, &code);
    let outputs = graph.embed("decoder", decoder, &of_code)?;
    let decoded = ports.decoder.outputs.iter().filter_map(|port| Some((port.role, outputs.get(&port.name)?.clone())));
    let decoded: Vec<(Role, String)> = decoded.collect();
    let output = |role: Role| decoded.iter().find(|(of, _)| *of == role).map(|(_, value)| value.clone());
    let mut values = Values {
        features: manifest.sample.features(),
        sample: "x".to_owned(),
        target: String::new(),
        residual: String::new(),
        errors: None,
        code,
        log_variance: value_of(Role::LogVariance),
        label: takes_label(&ports.decoder).then(|| "label".to_owned()),
    };
    match cells {
        None => {
            let x_hat = output(Role::Reconstruction);
            let x_hat = x_hat.ok_or_else(|| DetectorError::Graph("the decoder has no output".to_owned()))?;
            add_residual(&mut graph.call("residual"), &manifest.scaling, &x_hat, &mut values);
        }
        Some(cells) => {
            let input = |role: Role| ports.encoder.input(role).map(|port| port.name.clone());
            let of_table = CellValues {
                numbers: input(Role::Sample).zip(output(Role::Reconstruction)),
                categories: input(Role::Categories).zip(output(Role::LevelProbabilities)),
            };
            let errors = cells.add_to(&mut graph.call("errors"), &of_table);
            // A value that is not finite has an error that is not finite.
            values.target.clone_from(&errors);
            values.errors = Some(errors);
        }
    }
    Ok((values, decoded))
}

/// Adds the sample and its residual in scaled units.
fn add_residual(call: &mut Call<'_>, scaling: &Scaling, x_hat: &str, values: &mut Values) {
    let sample = call.node("Flatten", &["x".to_owned()]);
    let reconstruction = call.node("Flatten", &[x_hat.to_owned()]);
    let inverse: Vec<f32> = scaling.scale.iter().map(|scale| scale.recip()).collect();
    let inverse = call.floats("inverse_scale", &[inverse.len()], &inverse);
    let offset = call.floats("offset", &[scaling.offset.len()], &scaling.offset);
    // The difference comes before the scaling, so that a large offset costs no precision.
    let difference = call.node("Sub", &[sample.clone(), reconstruction]);
    values.residual = call.node("Mul", &[difference, inverse.clone()]);
    let shifted = call.node("Sub", &[sample.clone(), offset]);
    values.target = call.node("Mul", &[shifted, inverse]);
    values.sample = sample;
}

/// Returns the values of the inputs of the decoder: the code, and the detector's input for the label.
fn inputs<'a>(ports: &'a GraphPorts, value: &str) -> BTreeMap<&'a str, String> {
    let first = ports.input(Role::Latent).map(|port| (port.name.as_str(), value.to_owned()));
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
