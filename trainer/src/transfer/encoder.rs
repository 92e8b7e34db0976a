//! The encoder of a bundle as a network again, to go on learning.

use narrows_bundle::Manifest;
use ndarray::ArrayD;
use safetensors::{Dtype, SafeTensors};

use crate::{
    ConfigError, Options, Problem, TrainError,
    network::{Activation, Graph, GraphError, Weights, mlp::Mlp},
};

/// Scaled features to a code first, as the model was trained.
///
/// # Errors
/// [`TrainError::Config`] for a manifest whose configuration is not understood.
pub(crate) fn encoder_of(model: &Manifest) -> Result<Graph, TrainError> {
    let options: Options = serde_json::from_value(model.training.configuration.clone())
        .map_err(|error| problem(format!("has a configuration that this version does not understand ({error})")))?;
    let mlp = Mlp {
        features: model.sample.features(),
        hidden: options.architecture.hidden.unwrap_or_default(),
        latent_dim: model.latent_dim,
        activation: options.architecture.activation.unwrap_or(Activation::Identity),
        latent_activation: options.code.latent_activation.unwrap_or(Activation::Identity),
        classes: None,
    };
    // A cvae is refused before: its encoder is told the class.
    Ok(if model.kind.is_variational() { mlp.variational_encoder()? } else { mlp.encoder()? })
}

/// The weights of the encoder, out of the bundle's file of weights.
///
/// # Errors
/// [`TrainError::Config`] for a file that is no such file, or without a weight that the encoder has.
pub(crate) fn encoder_weights(encoder: &Graph, file: &[u8]) -> Result<Weights, TrainError> {
    let file = SafeTensors::deserialize(file).map_err(|error| problem(format!("has damaged weights ({error})")))?;
    let of = |(name, spec): (String, crate::network::ParameterSpec)| {
        let missing = || problem(format!("has no weights `{name}` of shape {:?}", spec.shape));
        let view = file.tensor(&name).map_err(|_| missing())?;
        if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
            return Err(missing());
        }
        let values = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let array = ArrayD::from_shape_vec(spec.shape.clone(), values).map_err(|_| missing())?;
        if array.iter().all(|value| value.is_finite()) { Ok((name.clone(), array)) } else { Err(missing()) }
    };
    encoder.parameters().map(of).collect()
}

/// Sample to answer: the encoder's first output, and the head on it.
///
/// # Errors
/// [`GraphError`] for a head on codes of another length.
pub(crate) fn classifier_graph(encoder: &Graph, head: &Graph) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let inputs: Vec<_> =
        encoder.inputs().iter().map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect();
    let codes = graph.splice(encoder, &inputs)?;
    let told = graph.splice(head, codes.get(..1).unwrap_or_default())?;
    for ((name, _), value) in head.outputs().iter().zip(told) {
        graph.output(name, value);
    }
    Ok(graph)
}

fn problem(what: String) -> TrainError {
    ConfigError::of(Problem::new("bundle", what)).into()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use narrows_bundle::Scaling;

    use super::*;
    use crate::{
        candle::{Kernels, Parameters, run},
        kinds::trial::samples,
        transfer::Head,
    };

    #[test]
    fn encoder_and_head_as_one_have_the_same_outputs_and_gradients_by_both_kernels() {
        let (activation, latent_activation) = (Activation::Tanh, Activation::Identity);
        let mlp = Mlp { features: 5, hidden: vec![4], latent_dim: 3, activation, latent_activation, classes: None };
        let standardisation = Scaling { offset: vec![0.1, -0.2, 0.3], scale: vec![0.5, 2.0, 1.5] };
        let head = Head::Mlp(vec![6]).graph(3, &standardisation, 2, "logits").expect("widths that fit");
        let graph =
            classifier_graph(&mlp.variational_encoder().expect("valid widths"), &head).expect("a code that fits");
        let of = |kernels: Kernels| {
            let parameters = Parameters::initial(&[&graph], 3, &Device::Cpu).expect("small");
            let told = run(kernels, &graph, &parameters, &[samples(7, 5)]).expect("shapes that fit");
            let loss = told[0].sqr().and_then(|squares| squares.sum_all()).expect("a scalar");
            let gradients = parameters.gradients(&loss).expect("a scalar");
            let of_all = |all: &[Option<&[f32]>]| all.iter().flat_map(|one| one.unwrap_or_default().to_vec()).collect();
            (
                told[0].flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("floats"),
                gradients.read(of_all).expect("on the CPU"),
            )
        };
        let (fused, composed): ((_, Vec<f32>), (_, Vec<f32>)) = (of(Kernels::Fused), of(Kernels::Composed));
        let close = |one: &[f32], other: &[f32]| {
            one.iter().zip(other).all(|(one, other)| (one - other).abs() <= 1e-5 * other.abs().max(1.0))
        };
        assert!(close(&fused.0, &composed.0));
        // What is not reached, the head of the variance, has no gradient in either.
        assert!(
            fused.1.len() == composed.1.len() && close(&fused.1, &composed.1),
            "{:?} and {:?}",
            fused.1,
            composed.1
        );
    }
}
