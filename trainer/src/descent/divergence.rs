//! Detects infinite and NaN values in losses, gradients and weights, and locates the layer where they first appear.

use candle_core::{Result, Tensor};

use crate::{
    EpochRecord, Figures, TrainError,
    candle::{Norms, Parameters, node_values},
    kinds::{Batch, Loss, Network},
    network::Graph,
};

/// A value that became infinite or NaN, and its origin.
pub(super) struct Cause {
    part: String,
    layer: Option<String>,
    value: f64,
}

impl Cause {
    pub(super) fn into_error(self, step: u64, epoch: usize) -> TrainError {
        TrainError::Diverged { part: self.part, layer: self.layer, value: self.value, step, epoch }
    }
}

/// Checks that the loss is finite. Otherwise returns its first infinite or NaN term, and the layer where it comes from.
pub(super) fn find_in_loss(
    network: &Network<'_>,
    batch: &Batch,
    total: f64,
    parts: &[(&'static str, f64)],
) -> Result<Option<Cause>> {
    let non_finite = parts.iter().find(|(_, value)| !value.is_finite()).copied();
    let Some((part, value)) = non_finite.or((!total.is_finite()).then_some(("loss", total))) else { return Ok(None) };
    let layer = origin(network, batch)?;
    Ok(Some(Cause { part: format!("the {part}"), layer, value }))
}

/// Checks that the gradients are finite. Otherwise returns the layer of the first infinite or NaN gradient, and the
/// loss term that causes it.
pub(super) fn find_in_gradients(norms: &Norms, parameters: &Parameters, loss: &Loss) -> Result<Option<Cause>> {
    let Some((name, value)) = norms.first_non_finite() else { return Ok(None) };
    let mut term = "loss";
    for (part, tensor) in &loss.parts {
        let gradients = parameters.gradients(tensor)?;
        if crate::candle::norms(parameters, &gradients)?.first_non_finite().is_some() {
            term = *part;
            break;
        }
    }
    let layer = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
    Ok(Some(Cause { part: format!("gradient of the {term}"), layer: Some(layer.to_owned()), value }))
}

/// Checks that all weights are finite. The loss alone does not show it: a ReLU can hide an infinite or NaN weight.
pub(super) fn check_weights(parameters: &Parameters, step: u64, epoch: usize) -> std::result::Result<(), TrainError> {
    for (name, variable) in parameters.iter() {
        if let Some(value) = first_non_finite(variable.as_tensor())? {
            let layer = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
            let cause = Cause { part: "a weight".to_owned(), layer: Some(layer.to_owned()), value };
            return Err(cause.into_error(step, epoch));
        }
    }
    Ok(())
}

/// Checks that all metrics of the validation rows are finite. The training steps do not see these rows.
pub(super) fn check_validation(record: &EpochRecord) -> std::result::Result<(), TrainError> {
    let figures = record.valid.iter().flat_map(Figures::named);
    match figures.into_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((name, value)) => {
            let part = format!("the {name} of the validation rows");
            Err(Cause { part, layer: None, value }.into_error(record.step, record.epoch))
        }
    }
}

/// Returns the first layer with an infinite or NaN value. If all values are finite, the loss overflowed when it was
/// computed from them, and the layer with the largest absolute value is the cause.
fn origin(network: &Network<'_>, batch: &Batch) -> Result<Option<String>> {
    let labels = batch.labels.clone();
    let layers = |graph: &Graph, input: &Tensor| -> Result<Vec<(String, f32)>> {
        let inputs: Vec<Tensor> = std::iter::once(input.clone()).chain(labels.clone()).collect();
        let values = node_values(graph, network.parameters, &inputs)?;
        graph.nodes().iter().zip(&values).map(|(node, value)| Ok((node.name.clone(), largest(value)?))).collect()
    };
    let mut found = layers(network.encoder, batch.inputs())?;
    if found.iter().all(|(_, value)| value.is_finite())
        && let Some(code) = network.encode(batch.inputs(), batch.labels.as_ref())?.first()
    {
        found.extend(layers(network.decoder, code)?);
    }
    let non_finite = found.iter().find(|(_, value)| !value.is_finite());
    let layer = non_finite.or(found.iter().rev().max_by(|one, other| one.1.total_cmp(&other.1)));
    Ok(layer.map(|(name, _)| name.clone()))
}

/// Returns the largest absolute value, or infinity if a value is infinite or NaN.
fn largest(tensor: &Tensor) -> Result<f32> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(values
        .into_iter()
        .fold(0.0, |most, value| if value.is_finite() { most.max(value.abs()) } else { f32::INFINITY }))
}

/// Returns the first infinite or NaN value.
fn first_non_finite(tensor: &Tensor) -> Result<Option<f64>> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.into_iter().find(|value| !value.is_finite()).map(f64::from))
}

#[cfg(test)]
mod tests {
    use narrows_bundle::ElementType;

    use super::*;
    use crate::{
        candle::norms,
        kinds::{
            Ae, LossContext, Model,
            test_network::{TestNetwork, number, samples},
        },
        network::{Activation, Dense},
    };

    const CONTEXT: LossContext = LossContext::Training { seed: 1, step: 1, epochs: 0.0 };

    fn batch() -> Batch {
        Batch::new(samples(5, 4), None)
    }

    fn part_and_layer(error: TrainError) -> (String, Option<String>) {
        match error {
            TrainError::Diverged { part, layer, .. } => (part, layer),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn non_finite_weight_that_a_relu_hides_from_the_loss_is_detected() {
        let mut encoder = Graph::new();
        let x = encoder.input("x", ElementType::F32, &[4]);
        let hidden = encoder.node("encoder.0", Dense::new(4, 3), &[x]).expect("matching shapes");
        let active = encoder.node("encoder.0.active", Activation::Relu, &[hidden]).expect("matching shapes");
        encoder.output("z", active);
        let test_network = TestNetwork { encoder, ..TestNetwork::gaussian(4, &[], 3) }
            .with_weights(|index| (index as f32).sin())
            .with(&[("encoder.0.bias", &[f32::NAN, 0.0, f32::NEG_INFINITY])]);
        let loss = Ae::default().loss(&test_network.network(), &batch(), CONTEXT).expect("matching shapes");
        assert!(number(&loss.total).is_finite(), "{}", loss.total);
        let error = check_weights(&test_network.parameters, 3, 1).expect_err("a NaN weight");
        assert_eq!(part_and_layer(error), ("a weight".to_owned(), Some("encoder.0".to_owned())));
    }

    #[test]
    fn non_finite_gradient_is_reported_with_its_loss_term_and_layer() {
        let test_network = TestNetwork::gaussian(4, &[], 3);
        let plain = Ae::default().loss(&test_network.network(), &batch(), CONTEXT).expect("matching shapes");
        // The square root of zero is finite, but its derivative is not.
        let bias = test_network.parameters.tensor("decoder.logits.bias").expect("a bias");
        let root = |bias: &Tensor| (bias - bias)?.sum_all()?.sqrt();
        let loss = Loss { total: (&plain.total + root(&bias).expect("a small tensor")).expect("scalars"), ..plain };
        let loss = Loss {
            parts: [loss.parts, vec![("l2", root(&bias).expect("a small tensor"))]].concat(),
            total: loss.total,
        };
        assert!(number(&loss.total).is_finite());
        let gradients = test_network.parameters.gradients(&loss.total).expect("a scalar");
        let norms = norms(&test_network.parameters, &gradients).expect("floats");
        let cause =
            find_in_gradients(&norms, &test_network.parameters, &loss).expect("floats").expect("a non-finite gradient");
        let actual = part_and_layer(cause.into_error(1, 1));
        assert_eq!(actual, ("gradient of the l2".to_owned(), Some("decoder.logits".to_owned())));
    }

    #[test]
    fn non_finite_loss_is_reported_with_its_term_and_the_first_non_finite_layer() {
        let test_network =
            TestNetwork::gaussian(4, &[], 3).with(&[("decoder.logits.bias", &[0.0, f32::INFINITY, 0.0, 0.0])]);
        let parts = [("reconstruction", f64::INFINITY), ("l1", 1.0)];
        let cause = find_in_loss(&test_network.network(), &batch(), f64::INFINITY, &parts)
            .expect("floats")
            .expect("a non-finite loss");
        let actual = part_and_layer(cause.into_error(1, 1));
        assert_eq!(actual, ("the reconstruction".to_owned(), Some("decoder.logits".to_owned())));
        let large = TestNetwork::gaussian(4, &[], 3).with(&[("decoder.logits.bias", &[0.0, 3e38, 0.0, 0.0])]);
        let cause = find_in_loss(&large.network(), &batch(), f64::INFINITY, &parts);
        let error = cause.expect("floats").expect("a non-finite loss").into_error(1, 1);
        assert_eq!(part_and_layer(error).1, Some("decoder.logits".to_owned()), "a loss that overflows");
        let test_network = TestNetwork::gaussian(4, &[], 3);
        assert!(find_in_loss(&test_network.network(), &batch(), 1.0, &[("l1", 1.0)]).expect("floats").is_none());
    }
}
