//! Every kind, trained briefly on digits, exported, and compared between Candle, ONNX Runtime and candle-onnx.

use narrows_bundle::{Bundle, CheckedGraph, Kind, Likelihood, Link, Probe, Role};
use narrows_runtime::{Autoencoder, proof::prove, verify};
use narrows_tests::{digits, exported, fitted};
use narrows_trainer::{
    Options,
    ndarray::{ArrayD, Axis, Slice},
    options::{Activation, Corruption, Pretrain},
};

use crate::{
    brief,
    engines::{difference, floats, in_simple_eval, labels},
};

/// Batch sizes for candle-onnx; for ONNX Runtime the parity check has its own.
const BATCH_SIZES: [usize; 4] = [1, 2, 7, 64];

/// Options that cover every kind, every activation, both likelihoods with every link, and networks with zero, one and
/// two hidden layers.
fn cases() -> Vec<Options> {
    let trained = |kind, activation, hidden: &[usize], likelihood| {
        brief(kind).with(|options| {
            options.architecture.activation = Some(activation);
            options.architecture.hidden = Some(hidden.to_vec());
            options.output.likelihood = Some(likelihood);
        })
    };
    let (bernoulli, gaussian) = (Likelihood::Bernoulli, Likelihood::Gaussian);
    vec![
        brief(Kind::Pca),
        brief(Kind::Pca).with(|options| options.pca.whiten = Some(true)),
        trained(Kind::Ae, Activation::Identity, &[24], gaussian),
        trained(Kind::Ae, Activation::Relu, &[24, 12], bernoulli),
        trained(Kind::Ae, Activation::LeakyRelu, &[24], gaussian)
            .with(|options| options.output.output_link = Some(Link::Sigmoid)),
        trained(Kind::Dae, Activation::Elu, &[24], bernoulli),
        trained(Kind::Dae, Activation::Tanh, &[24, 12], gaussian)
            .with(|options| options.corruption.corruption = Some(Corruption::Gaussian(0.3))),
        trained(Kind::Ae, Activation::Sigmoid, &[24, 12], bernoulli).with(|options| {
            options.code.latent_activation = Some(Activation::Sigmoid);
            options.code.tied = Some(true);
            options.pretrain.pretrain = Some(Pretrain::Layerwise);
        }),
        trained(Kind::Dae, Activation::Relu, &[], gaussian)
            .with(|options| options.code.latent_activation = Some(Activation::Tanh)),
        trained(Kind::Wae, Activation::Tanh, &[24], bernoulli),
        trained(Kind::Wae, Activation::Relu, &[], gaussian),
        trained(Kind::Vae, Activation::Sigmoid, &[24], bernoulli),
        trained(Kind::Vae, Activation::Silu, &[24, 12], gaussian),
        trained(Kind::Vae, Activation::Relu, &[], gaussian),
        trained(Kind::Cvae, Activation::Gelu, &[24], bernoulli),
        trained(Kind::Cvae, Activation::Relu, &[], gaussian),
    ]
}

#[test]
fn exported_graphs_match_candle_in_both_engines_for_every_kind() {
    let data = digits();
    for options in cases() {
        let (_folder, bundle) = exported(&fitted(&options, &data), &data);
        assert_parity(&format!("{options:?}"), &bundle);
    }
}

#[test]
fn the_cases_cover_every_kind_and_every_activation() {
    let cases = cases();
    for kind in Kind::ALL {
        assert!(cases.iter().any(|options| options.kind == Some(kind)), "{kind}");
    }
    for activation in Activation::ALL {
        // A network without hidden layers has no activation.
        let has_hidden_layer =
            |options: &Options| options.architecture.hidden.as_ref().is_some_and(|hidden| !hidden.is_empty());
        let uses = |options: &Options| options.architecture.activation == Some(activation) && has_hidden_layer(options);
        assert!(cases.iter().any(uses), "{activation}");
    }
}

/// Asserts that both graphs of a bundle reproduce its probe in both engines, within the tolerances of the parity check.
pub(crate) fn assert_parity(name: &str, bundle: &Bundle) {
    let model = Autoencoder::from_bundle(bundle, &narrows_runtime::Options::default()).expect(name);
    let probe = bundle.probe().expect(name);
    let parity = prove(&model, &probe).expect(name);
    assert!(parity.encoder.holds() && parity.decoder.holds(), "{name}: {parity:?}");
    let checks = verify(bundle.path(), &narrows_runtime::Options::default());
    assert!(checks.iter().all(|check| check.ok), "{name}: {checks:?}");

    let graphs = &bundle.manifest().graphs;
    let cases = [
        (&graphs.encoder, &probe.encoded, parity.encoder.tolerance),
        (&graphs.decoder, &probe.decoded, parity.decoder.tolerance),
    ];
    for (ports, expected, tolerance) in cases {
        let CheckedGraph { bytes, cost, parameters: _ } = bundle.graph_with_cost(ports).expect(name);
        assert!(cost.is_some(), "{name}: the runtime must know the cost of every operator");
        for rows in BATCH_SIZES {
            let inputs: Vec<_> =
                ports.inputs.iter().map(|port| (port.name.as_str(), input(&probe, port.role, rows))).collect();
            let actual = in_simple_eval(&bytes, &inputs);
            for (output, expected) in expected {
                let difference = difference(&actual[output], &first(expected, rows));
                assert!(
                    difference <= tolerance,
                    "{name}: `{output}` of {rows} rows in candle-onnx differs by {difference:e}"
                );
            }
        }
    }
}

/// Returns the first rows of the probe for an input port of this role.
fn input(probe: &Probe, role: Role, rows: usize) -> candle_core::Tensor {
    match role {
        Role::Sample => floats(&first(&probe.samples, rows)),
        Role::Latent => floats(&first(&probe.codes, rows)),
        Role::Label => labels(&probe.labels.as_deref().expect("labels of a conditional model")[..rows]),
        Role::Mean | Role::LogVariance | Role::Reconstruction => panic!("{role:?} is an output, not an input"),
        Role::Logits
        | Role::Probabilities
        | Role::Prediction
        | Role::Score
        | Role::PValue
        | Role::Anomaly
        | Role::Share
        | Role::Categories
        | Role::DecodedCategories
        | Role::LevelProbabilities => panic!("an autoencoder has no port of role {role:?}"),
    }
}

fn first(array: &ArrayD<f32>, rows: usize) -> ArrayD<f32> {
    array.slice_axis(Axis(0), Slice::from(..rows)).to_owned()
}
