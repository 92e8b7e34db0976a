//! Rebuilds the encoder of a bundle as a trainable network.

use candle_core::Tensor;
use narrows_bundle::{Manifest, SampleKind};
use narrows_data::table::Layout;
use ndarray::ArrayD;
use safetensors::{Dtype, SafeTensors};

use crate::{
    ConfigError, Options, Problem, TrainError,
    architecture::{Architecture, Samples},
    export::table_ports,
    network::{
        Activation, Graph, GraphError, TableRow, Weights, builder::Builder, with_encoder_ports,
        with_table_encoder_ports, with_table_row,
    },
    table::{NODE, scaling_of},
};

/// Builds the encoder graph of a bundle from the configuration in its manifest. The input is the scaled features, the
/// first output is the code.
///
/// # Errors
/// [`TrainError::Config`] if the configuration in the manifest is invalid.
pub(crate) fn encoder_of(model: &Manifest) -> Result<Graph, TrainError> {
    let options: Options = serde_json::from_value(model.training.configuration.clone())
        .map_err(|error| problem(format!("has a configuration that this version cannot read: {error}")))?;
    let Options { architecture, code, .. } = options.as_recorded();
    let kind = match model.sample.kind {
        SampleKind::Features => narrows_data::SampleKind::Features,
        SampleKind::Series => narrows_data::SampleKind::Series,
    };
    let samples = Samples { shape: &model.sample.shape, kind };
    let Architecture { convolutions, hidden, normalisation, activation } =
        Architecture::recorded(architecture, samples).map_err(problem)?;
    let table = model.sample.table.as_ref().map(|schema| TableRow::new(&schema.cells(), schema.missing));
    let builder = Builder {
        convolutions,
        features: table.as_ref().map_or(model.sample.features(), TableRow::width),
        hidden,
        latent_dim: model.latent_dim,
        normalisation,
        activation,
        latent_activation: code.latent_activation.unwrap_or(Activation::Identity),
        classes: None,
    };
    // A CVAE is rejected earlier, since its encoder receives the class.
    let encoder = if model.kind.is_variational() { builder.variational_encoder()? } else { builder.encoder()? };
    Ok(match table {
        None => encoder,
        Some(row) => with_table_row(&encoder, NODE, &row)?,
    })
}

/// Adds to a core encoder the inputs of an exported graph, in the scale of the data.
///
/// # Errors
/// [`GraphError`] if the encoder does not fit the model.
pub(crate) fn with_ports_of(model: &Manifest, core: &Graph) -> Result<Graph, GraphError> {
    let Some(cells) = model.sample.cells() else {
        return with_encoder_ports(core, &model.sample.shape, &model.scaling);
    };
    let numbers = Layout::of(&cells).numbers;
    with_table_encoder_ports(core, &scaling_of(&model.scaling, &numbers))
}

/// Returns the inputs of such an encoder for samples, `[rows, ...sample shape]`.
///
/// # Errors
/// Errors of Candle, for lack of memory.
pub(crate) fn encoder_inputs(model: &Manifest, samples: Tensor) -> candle_core::Result<Vec<Tensor>> {
    match model.sample.cells() {
        None => Ok(vec![samples]),
        Some(cells) => table_ports(&Layout::of(&cells), &samples),
    }
}

/// Reads the weights of the encoder from the weights file of the bundle.
///
/// # Errors
/// [`TrainError::Config`] if the file is damaged, if a weight is missing, has another shape or is not finite, or if the
/// file has weights of a layer that the encoder does not have.
pub(crate) fn encoder_weights(encoder: &Graph, file: &[u8]) -> Result<Weights, TrainError> {
    let file =
        SafeTensors::deserialize(file).map_err(|error| problem(format!("has a damaged weights file: {error}")))?;
    let read = |(name, spec): (String, crate::network::ParameterSpec)| {
        let missing = || {
            problem(format!(
                "has no valid weights `{name}` of shape {:?}, which the configuration in its manifest asks for; export the \
                 model again",
                spec.shape
            ))
        };
        let view = file.tensor(&name).map_err(|_| missing())?;
        if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
            return Err(missing());
        }
        let values = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let array = ArrayD::from_shape_vec(spec.shape.clone(), values).map_err(|_| missing())?;
        if array.iter().all(|value| value.is_finite()) { Ok((name.clone(), array)) } else { Err(missing()) }
    };
    let weights: Weights = encoder.parameters().map(read).collect::<Result<_, TrainError>>()?;
    // Another network would need other weights, for example without the statistics of batch normalisation.
    match file.names().into_iter().find(|name| name.starts_with("encoder.") && !weights.contains_key(*name)) {
        None => Ok(weights),
        Some(name) => Err(problem(format!(
            "has weights `{name}` for which the configuration in its manifest has no layer; export the model again"
        ))),
    }
}

/// Builds the end-to-end graph: the head is applied to the first output of the encoder.
///
/// # Errors
/// [`GraphError`] if the head expects codes of another length.
pub(crate) fn classifier_graph(encoder: &Graph, head: &Graph) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let inputs: Vec<_> =
        encoder.inputs().iter().map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect();
    let codes = graph.splice(encoder, &inputs)?;
    let outputs = graph.splice(head, codes.get(..1).unwrap_or_default())?;
    for ((name, _), value) in head.outputs().iter().zip(outputs) {
        graph.output(name, value);
    }
    Ok(graph)
}

fn problem(what: String) -> TrainError {
    ConfigError::of(Problem::of_data("bundle", what)).into()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use narrows_bundle::Scaling;

    use super::*;
    use crate::{
        candle::{Kernels, Parameters, run},
        kinds::test_network::samples,
        network::Normalisation,
        transfer::Head,
    };

    #[test]
    fn fused_and_composed_kernels_give_the_classifier_graph_equal_outputs_and_gradients() {
        let (activation, latent_activation) = (Activation::Tanh, Activation::Identity);
        let mlp = Builder {
            convolutions: None,
            features: 5,
            hidden: vec![4],
            latent_dim: 3,
            normalisation: Normalisation::None,
            activation,
            latent_activation,
            classes: None,
        };
        let standardisation = Scaling { offset: vec![0.1, -0.2, 0.3], scale: vec![0.5, 2.0, 1.5] };
        let head = Head::Mlp(vec![6]).graph(3, &standardisation, 2, "logits").expect("valid widths");
        let graph =
            classifier_graph(&mlp.variational_encoder().expect("valid widths"), &head).expect("a matching code length");
        let outputs_and_gradients = |kernels: Kernels| {
            let parameters = Parameters::initial(&[&graph], 3, &Device::Cpu).expect("a small network");
            let outputs = run(kernels, &graph, &parameters, &[samples(7, 5)]).expect("matching shapes");
            let loss = outputs[0].sqr().and_then(|squares| squares.sum_all()).expect("a scalar");
            let gradients = parameters.gradients(&loss).expect("a scalar");
            let concatenate =
                |all: &[Option<&[f32]>]| all.iter().flat_map(|one| one.unwrap_or_default().to_vec()).collect();
            (
                outputs[0].flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("floats"),
                gradients.read(concatenate).expect("on the CPU"),
            )
        };
        let (fused, composed): ((_, Vec<f32>), (_, Vec<f32>)) =
            (outputs_and_gradients(Kernels::Fused), outputs_and_gradients(Kernels::Composed));
        let close = |one: &[f32], other: &[f32]| {
            one.iter().zip(other).all(|(one, other)| (one - other).abs() <= 1e-5 * other.abs().max(1.0))
        };
        assert!(close(&fused.0, &composed.0));
        // The log-variance layer does not affect the output, so neither kernel gives it a gradient.
        assert!(
            fused.1.len() == composed.1.len() && close(&fused.1, &composed.1),
            "{:?} and {:?}",
            fused.1,
            composed.1
        );
    }
}
