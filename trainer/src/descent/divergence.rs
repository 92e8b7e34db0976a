//! Divergence: numbers that are none, and where they came up first.

use candle_core::{Result, Tensor};

use crate::{
    EpochRecord, Figures, TrainError,
    candle::{Norms, Parameters, node_values},
    kinds::{Batch, Loss, Network},
    network::Graph,
};

/// What became infinite or NaN.
pub(super) struct Cause {
    part: String,
    layer: Option<String>,
    value: f64,
}

impl Cause {
    pub(super) fn at(self, step: u64, epoch: usize) -> TrainError {
        TrainError::Diverged { part: self.part, layer: self.layer, value: self.value, step, epoch }
    }
}

/// A loss that is not finite: its first such part, and the first layer whose values are none.
pub(super) fn of_loss(
    network: &Network<'_>,
    batch: &Batch,
    total: f64,
    parts: &[(&'static str, f64)],
) -> Result<Option<Cause>> {
    let spoilt = parts.iter().find(|(_, value)| !value.is_finite()).copied();
    let Some((part, value)) = spoilt.or((!total.is_finite()).then_some(("loss", total))) else { return Ok(None) };
    let layer = first_spoilt_layer(network, batch)?;
    Ok(Some(Cause { part: format!("the {part}"), layer, value }))
}

/// A gradient that is not finite: whose it is, and the part of the loss that it comes from.
pub(super) fn of_gradients(norms: &Norms, parameters: &Parameters, loss: &Loss) -> Result<Option<Cause>> {
    let Some((name, value)) = norms.spoilt() else { return Ok(None) };
    let mut guilty = "loss";
    for (part, tensor) in &loss.parts {
        let gradients = parameters.gradients(tensor)?;
        if crate::candle::norms(parameters, &gradients)?.spoilt().is_some() {
            guilty = *part;
            break;
        }
    }
    let layer = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
    Ok(Some(Cause { part: format!("gradient of the {guilty}"), layer: Some(layer.to_owned()), value }))
}

/// No weight may be infinite or NaN: a ReLU can hide one from every loss.
pub(super) fn check_weights(parameters: &Parameters, step: u64, epoch: usize) -> std::result::Result<(), TrainError> {
    for (name, variable) in parameters.iter() {
        if let Some(value) = spoilt(variable.as_tensor())? {
            let layer = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
            let cause = Cause { part: "a weight".to_owned(), layer: Some(layer.to_owned()), value };
            return Err(cause.at(step, epoch));
        }
    }
    Ok(())
}

/// No figure of the rows held out may be infinite or NaN: they are not the rows that the steps saw.
pub(super) fn check_held_out(record: &EpochRecord) -> std::result::Result<(), TrainError> {
    let figures = record.valid.iter().flat_map(Figures::named);
    match figures.into_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((name, value)) => {
            let part = format!("the {name} of the rows held out");
            Err(Cause { part, layer: None, value }.at(record.step, record.epoch))
        }
    }
}

fn first_spoilt_layer(network: &Network<'_>, batch: &Batch) -> Result<Option<String>> {
    let half = |graph: &Graph, input: &Tensor| -> Result<(Option<String>, Vec<Tensor>)> {
        let inputs: Vec<Tensor> = std::iter::once(input.clone()).chain(batch.labels.clone()).collect();
        let values = node_values(graph, network.parameters, &inputs)?;
        for (node, value) in graph.nodes().iter().zip(&values) {
            if spoilt(value)?.is_some() {
                return Ok((Some(node.name.clone()), values));
            }
        }
        Ok((None, values))
    };
    if let (Some(layer), _) = half(network.encoder, &batch.x)? {
        return Ok(Some(layer));
    }
    let encoded = network.encode(&batch.x, batch.labels.as_ref())?;
    match encoded.first() {
        Some(code) => Ok(half(network.decoder, code)?.0),
        None => Ok(None),
    }
}

/// The first number that is none.
fn spoilt(tensor: &Tensor) -> Result<Option<f64>> {
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
            Ae, Draw, Model,
            trial::{Trial, number, samples},
        },
        network::{Activation, Dense},
    };

    const DRAW: Draw = Draw::Training { seed: 1, step: 1, epochs: 0.0 };

    fn batch() -> Batch {
        Batch { x: samples(5, 4), labels: None }
    }

    fn told(error: TrainError) -> (String, Option<String>) {
        match error {
            TrainError::Diverged { part, layer, .. } => (part, layer),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_weight_that_a_relu_hides_from_the_loss_is_found() {
        let mut encoder = Graph::new();
        let x = encoder.input("x", ElementType::F32, &[4]);
        let hidden = encoder.node("encoder.0", Dense::new(4, 3), &[x]).expect("shapes that fit");
        let active = encoder.node("encoder.0.active", Activation::Relu, &[hidden]).expect("shapes that fit");
        encoder.output("z", active);
        let trial = Trial { encoder, ..Trial::gaussian(4, &[], 3) }
            .with_weights(|index| (index as f32).sin())
            .with(&[("encoder.0.bias", &[f32::NAN, 0.0, f32::NEG_INFINITY])]);
        let loss = Ae::default().loss(&trial.network(), &batch(), DRAW).expect("shapes that fit");
        assert!(number(&loss.total).is_finite(), "{}", loss.total);
        let error = check_weights(&trial.parameters, 3, 1).expect_err("a weight that is none");
        assert_eq!(told(error), ("a weight".to_owned(), Some("encoder.0".to_owned())));
    }

    #[test]
    fn a_gradient_is_told_by_the_part_that_spoils_it() {
        let trial = Trial::gaussian(4, &[], 3);
        let plain = Ae::default().loss(&trial.network(), &batch(), DRAW).expect("shapes that fit");
        // The root of zero: a number, without a slope.
        let bias = trial.parameters.tensor("decoder.logits.bias").expect("a bias");
        let root = |bias: &Tensor| (bias - bias)?.sum_all()?.sqrt();
        let loss = Loss { total: (&plain.total + root(&bias).expect("small")).expect("scalars"), ..plain };
        let loss = Loss { parts: [loss.parts, vec![("l2", root(&bias).expect("small"))]].concat(), total: loss.total };
        assert!(number(&loss.total).is_finite());
        let gradients = trial.parameters.gradients(&loss.total).expect("a scalar");
        let norms = norms(&trial.parameters, &gradients).expect("floats");
        let cause = of_gradients(&norms, &trial.parameters, &loss).expect("floats").expect("a gradient that is none");
        let found = told(cause.at(1, 1));
        assert_eq!(found, ("gradient of the l2".to_owned(), Some("decoder.logits".to_owned())));
    }

    #[test]
    fn a_loss_is_told_by_its_part_and_the_first_layer_that_spoils_it() {
        let trial = Trial::gaussian(4, &[], 3).with(&[("decoder.logits.bias", &[0.0, f32::INFINITY, 0.0, 0.0])]);
        let parts = [("reconstruction", f64::INFINITY), ("l1", 1.0)];
        let cause = of_loss(&trial.network(), &batch(), f64::INFINITY, &parts).expect("floats").expect("no number");
        let found = told(cause.at(1, 1));
        assert_eq!(found, ("the reconstruction".to_owned(), Some("decoder.logits".to_owned())));
        let trial = Trial::gaussian(4, &[], 3);
        assert!(of_loss(&trial.network(), &batch(), 1.0, &[("l1", 1.0)]).expect("floats").is_none());
    }
}
