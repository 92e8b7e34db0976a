//! Tied weights: each layer of the decoder uses the transposed weight of the corresponding encoder layer, as in
//! restricted Boltzmann machines (Hinton and Salakhutdinov 2006, Vincent et al. 2008).
//!
//! This halves the number of weights. Biases are not tied. Exported models contain both copies.

use candle_core::Result;

use super::parameters::Parameters;
use crate::network::{Graph, Primitive};

/// Ties the weight of every dense layer of `decoder` to that of the corresponding layer of `encoder`, in reverse order:
/// `decoder.logits` to `encoder.0`, and `decoder.0` to `encoder.z`.
///
/// Parameters that are loaded from [`Parameters::to_weights`] are not tied; call this function again.
///
/// # Errors
/// If the encoder and the decoder do not have mirrored layers, as in variational kinds, whose encoder has two heads.
pub(crate) fn tie_decoder(parameters: &mut Parameters, encoder: &Graph, decoder: &Graph) -> Result<()> {
    let (encoder, decoder) = (dense_weights(encoder), dense_weights(decoder));
    if encoder.len() != decoder.len() {
        candle_core::bail!(
            "tied weights need mirrored layers, but the decoder has {} dense layers and the encoder has {}",
            decoder.len(),
            encoder.len()
        );
    }
    decoder.iter().zip(encoder.iter().rev()).try_for_each(|(name, to)| parameters.tie(name, to))
}

/// Returns the names of the weights of the dense layers, in order.
fn dense_weights(graph: &Graph) -> Vec<String> {
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
        Ae, Batch, LossContext, Model,
        test_network::{self, TestNetwork, number, samples},
    };

    fn tied(hidden: &[usize]) -> TestNetwork {
        let mut test_network = TestNetwork::gaussian(6, hidden, 2);
        tie_decoder(&mut test_network.parameters, &test_network.encoder, &test_network.decoder)
            .expect("mirrored layers");
        test_network
    }

    fn loss(test_network: &TestNetwork) -> candle_core::Tensor {
        let context = LossContext::Training { seed: 1, step: 1, epochs: 0.0 };
        let batch = Batch::new(samples(5, 6), None);
        Ae::default().loss(&test_network.network(), &batch, context).expect("matching shapes").total
    }

    fn gradients(test_network: &TestNetwork) -> BTreeMap<String, candle_core::Tensor> {
        test_network::gradients(&test_network.parameters, &loss(test_network))
    }

    #[test]
    fn the_gradient_of_a_tied_weight_is_the_sum_over_its_two_uses() {
        let mirrored = [
            (vec![], vec![("encoder.z", "decoder.logits")]),
            (vec![4], vec![("encoder.0", "decoder.logits"), ("encoder.z", "decoder.0")]),
            (vec![5, 3], vec![("encoder.0", "decoder.logits"), ("encoder.1", "decoder.1"), ("encoder.z", "decoder.0")]),
        ];
        for (hidden, pairs) in mirrored {
            let tied = tied(&hidden);
            let weights = tied.parameters.to_weights().expect("on the CPU");
            let untied = Parameters::from_weights(&weights, &Device::Cpu).expect("small");
            let untied = TestNetwork { parameters: untied, ..TestNetwork::gaussian(6, &hidden, 2) };
            // Products with a transposed view may have different rounding errors.
            assert!((number(&loss(&tied)) - number(&loss(&untied))).abs() < 1e-6, "{hidden:?}");

            let (tied_gradients, untied_gradients) = (gradients(&tied), gradients(&untied));
            assert_eq!(tied_gradients.len() + pairs.len(), untied_gradients.len(), "biases are not tied");
            for (encoder, decoder) in pairs {
                let (kept, removed) = (format!("{encoder}.weight"), format!("{decoder}.weight"));
                assert!(!tied_gradients.contains_key(&removed), "{removed} has its own variable");
                let sum = untied_gradients[&removed]
                    .t()
                    .and_then(|gradient| &untied_gradients[&kept] + gradient)
                    .expect("transposed shapes");
                let error =
                    (&sum - &tied_gradients[&kept]).and_then(|error| error.abs()?.max_all()).expect("equal shapes");
                assert!(number(&error) < 1e-6, "{kept}: {error}");
            }
        }
    }

    #[test]
    fn the_gradient_of_a_tied_weight_matches_finite_differences() {
        let test_network = tied(&[]);
        let actual = gradients(&test_network)["encoder.z.weight"].to_vec2::<f32>().expect("a matrix");
        let (_, weight) =
            test_network.parameters.iter().find(|(name, _)| *name == "encoder.z.weight").expect("a variable");
        let values = weight.to_vec2::<f32>().expect("a matrix");
        for (row, column) in [(0, 0), (3, 1), (5, 0)] {
            let loss_at = |step: f32| {
                let mut values = values.clone();
                values[row][column] += step;
                weight.set(&candle_core::Tensor::new(values, &Device::Cpu).expect("small")).expect("of the same shape");
                number(&loss(&test_network))
            };
            let slope = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2;
            // The loss is about 1 with a rounding error of 1e-7. The finite difference has an error of about 1e-4.
            assert!((f64::from(actual[row][column]) - slope).abs() < 1e-3, "{}, expected {slope}", actual[row][column]);
        }
    }

    #[test]
    fn layers_that_are_not_mirrored_cannot_be_tied() {
        let mut two_heads = TestNetwork::variational(6, 2, None, Likelihood::Gaussian);
        let error = tie_decoder(&mut two_heads.parameters, &two_heads.encoder, &two_heads.decoder);
        assert!(error.expect_err("two heads").to_string().contains("need mirrored layers"));

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
