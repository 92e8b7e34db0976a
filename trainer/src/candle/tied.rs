//! Tied weights: each layer of the decoder uses the transpose of the encoder's layer that it mirrors, as
//! in restricted Boltzmann machines (Hinton and Salakhutdinov 2006, Vincent et al. 2008).
//!
//! Half the weights remain. Biases stay free. What is exported holds both copies.

use candle_core::Result;

use super::parameters::Parameters;
use crate::network::{Graph, Primitive};

/// Ties the weight of every dense layer of `decoder` to its mirror image in `encoder`: `decoder.logits` to
/// `encoder.0`, and `decoder.0` to `encoder.z`.
///
/// Weights that come back from [`Parameters::to_weights`] are free again and are tied by the same call.
///
/// # Errors
/// If the halves do not mirror each other, like those of variational kinds, whose encoder has two heads.
pub fn tie_decoder(parameters: &mut Parameters, encoder: &Graph, decoder: &Graph) -> Result<()> {
    let (encoder, decoder) = (weights(encoder), weights(decoder));
    if encoder.len() != decoder.len() {
        candle_core::bail!(
            "a decoder of {} layers does not mirror an encoder of {}, so their weights cannot be tied",
            decoder.len(),
            encoder.len()
        );
    }
    decoder.iter().zip(encoder.iter().rev()).try_for_each(|(name, to)| parameters.tie(name, to))
}

/// Names of the weights of the dense layers, in their order.
fn weights(graph: &Graph) -> Vec<String> {
    let dense = graph.nodes().iter().filter(|node| matches!(node.primitive, Primitive::Dense(_)));
    dense.map(|node| format!("{}.weight", node.name)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use candle_core::Device;
    use narrows_bundle::Likelihood;

    use super::*;
    use crate::kinds::{
        Ae, Batch, Draw, Model,
        trial::{self, Trial, number, samples},
    };

    fn tied(hidden: &[usize]) -> Trial {
        let mut trial = Trial::gaussian(6, hidden, 2);
        tie_decoder(&mut trial.parameters, &trial.encoder, &trial.decoder).expect("mirrored halves");
        trial
    }

    fn loss(trial: &Trial) -> candle_core::Tensor {
        let draw = Draw::Training { seed: 1, step: 1, epochs: 0.0 };
        let batch = Batch { x: samples(5, 6), labels: None };
        Ae::default().loss(&trial.network(), &batch, draw).expect("shapes that fit").total
    }

    fn gradients(trial: &Trial) -> BTreeMap<String, candle_core::Tensor> {
        trial::gradients(&trial.parameters, &loss(trial))
    }

    #[test]
    fn the_gradient_of_a_tied_weight_is_the_sum_of_those_of_its_two_uses() {
        let mirrored = [
            (vec![], vec![("encoder.z", "decoder.logits")]),
            (vec![4], vec![("encoder.0", "decoder.logits"), ("encoder.z", "decoder.0")]),
            (vec![5, 3], vec![("encoder.0", "decoder.logits"), ("encoder.1", "decoder.1"), ("encoder.z", "decoder.0")]),
        ];
        for (hidden, pairs) in mirrored {
            let tied = tied(&hidden);
            let weights = tied.parameters.to_weights().expect("on the CPU");
            let free = Parameters::from_weights(&weights, &Device::Cpu).expect("small");
            let free = Trial { parameters: free, ..Trial::gaussian(6, &hidden, 2) };
            // A product may round otherwise where its factor is a transposed view.
            assert!((number(&loss(&tied)) - number(&loss(&free))).abs() < 1e-6, "{hidden:?}");

            let (found, parts) = (gradients(&tied), gradients(&free));
            assert_eq!(found.len() + pairs.len(), parts.len(), "biases stay free");
            for (encoder, decoder) in pairs {
                let (kept, gone) = (format!("{encoder}.weight"), format!("{decoder}.weight"));
                assert!(!found.contains_key(&gone), "{gone} has no variable of its own");
                let sum = parts[&gone].t().and_then(|part| &parts[&kept] + part).expect("transposed shapes");
                let error = (&sum - &found[&kept]).and_then(|error| error.abs()?.max_all()).expect("equal shapes");
                assert!(number(&error) < 1e-6, "{kept}: {error}");
            }
        }
    }

    #[test]
    fn the_gradient_of_a_tied_weight_is_the_slope_of_the_loss() {
        let trial = tied(&[]);
        let found = gradients(&trial)["encoder.z.weight"].to_vec2::<f32>().expect("a matrix");
        let (_, weight) = trial.parameters.iter().find(|(name, _)| *name == "encoder.z.weight").expect("a variable");
        let values = weight.to_vec2::<f32>().expect("a matrix");
        for (row, column) in [(0, 0), (3, 1), (5, 0)] {
            let beside = |step: f32| {
                let mut values = values.clone();
                values[row][column] += step;
                weight.set(&candle_core::Tensor::new(values, &Device::Cpu).expect("small")).expect("of the same shape");
                number(&loss(&trial))
            };
            let slope = (beside(1e-2) - beside(-1e-2)) / 2e-2;
            // The loss is of order 1 with a rounding of 1e-7, the step leaves out some 1e-4 of the slope.
            assert!((f64::from(found[row][column]) - slope).abs() < 1e-3, "{} against {slope}", found[row][column]);
        }
    }

    #[test]
    fn halves_that_do_not_mirror_each_other_cannot_be_tied() {
        let mut two_heads = Trial::variational(6, 2, None, Likelihood::Gaussian);
        let error = tie_decoder(&mut two_heads.parameters, &two_heads.encoder, &two_heads.decoder);
        assert!(error.expect_err("two heads").to_string().contains("does not mirror"));

        let mut tied = tied(&[4]);
        for (name, to) in [
            ("encoder.0.weight", "encoder.z.weight"),
            ("encoder.0.bias", "encoder.z.weight"),
            ("encoder.z.weight", "encoder.z.weight"),
            ("decoder.0.weight", "encoder.z.weight"),
            ("encoder.9.weight", "encoder.z.weight"),
        ] {
            assert!(tied.parameters.tie(name, to).is_err(), "{name} to {to}");
        }
    }
}
