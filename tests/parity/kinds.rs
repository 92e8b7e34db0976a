//! Every kind, fitted on digits for a moment, written, and run by ONNX Runtime and by candle-onnx.

use narrows_bundle::{Bundle, Kind, Likelihood, Link, Probe, Role};
use narrows_runtime::{Autoencoder, proof::prove, verify};
use narrows_tests::{digits, exported, fitted};
use narrows_trainer::{
    Activation, Corruption, Options, Pretrain,
    ndarray::{ArrayD, Axis, Slice},
};

use crate::{
    brief,
    engines::{difference, floats, in_simple_eval, labels},
};

/// Rows at a time in candle-onnx; ONNX Runtime's sizes are those of the proof.
const BATCH_SIZES: [usize; 4] = [1, 2, 7, 64];

/// Every kind, every activation, both likelihoods with every link, and networks of no, one and two hidden
/// layers.
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
fn no_kind_and_no_activation_is_left_out() {
    let cases = cases();
    for kind in Kind::ALL {
        assert!(cases.iter().any(|options| options.kind == Some(kind)), "{kind}");
    }
    for activation in Activation::ALL {
        // Without a hidden layer there is no place for one.
        let has_place =
            |options: &Options| options.architecture.hidden.as_ref().is_some_and(|hidden| !hidden.is_empty());
        let uses = |options: &Options| options.architecture.activation == Some(activation) && has_place(options);
        assert!(cases.iter().any(uses), "{activation}");
    }
}

/// Both graphs of a bundle are within the proof's tolerances of its probe, in both engines.
pub(crate) fn assert_parity(name: &str, bundle: &Bundle) {
    let model = Autoencoder::from_bundle(bundle, &narrows_runtime::Options::default()).expect(name);
    let probe = bundle.probe().expect(name);
    let parity = prove(&model, &probe).expect(name);
    assert!(parity.encoder.holds() && parity.decoder.holds(), "{name}: {parity:?}");
    let checks = verify(bundle.path(), &narrows_runtime::Options::default());
    assert!(checks.iter().all(|check| check.ok), "{name}: {checks:?}");

    let graphs = &bundle.manifest().graphs;
    let halves = [
        (&graphs.encoder, &probe.encoded, parity.encoder.tolerance),
        (&graphs.decoder, &probe.decoded, parity.decoder.tolerance),
    ];
    for (ports, expected, tolerance) in halves {
        let bytes = bundle.graph(ports).expect(name);
        for rows in BATCH_SIZES {
            let inputs: Vec<_> =
                ports.inputs.iter().map(|port| (port.name.as_str(), input(&probe, port.role, rows))).collect();
            let found = in_simple_eval(&bytes, &inputs);
            for (output, expected) in expected {
                let difference = difference(&found[output], &first(expected, rows));
                assert!(difference <= tolerance, "{name}: `{output}` of {rows} rows in candle-onnx: {difference:e}");
            }
        }
    }
}

/// The first rows of the probe, as a graph takes them.
fn input(probe: &Probe, role: Role, rows: usize) -> candle_core::Tensor {
    match role {
        Role::Sample => floats(&first(&probe.samples, rows)),
        Role::Latent => floats(&first(&probe.codes, rows)),
        Role::Label => labels(&probe.labels.as_deref().expect("labels of a conditional model")[..rows]),
        Role::Mean | Role::LogVariance | Role::Reconstruction => panic!("{role:?} goes into no graph"),
        Role::Logits | Role::Probabilities | Role::Prediction => panic!("no autoencoder has {role:?}"),
    }
}

fn first(array: &ArrayD<f32>, rows: usize) -> ArrayD<f32> {
    array.slice_axis(Axis(0), Slice::from(..rows)).to_owned()
}
