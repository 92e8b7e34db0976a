//! Folding the scaling into the neighbouring layer: where it is done, where it is not, and that outputs stay the same
//! up to rounding.

use narrows_bundle::{DECODER, ENCODER, Kind, Likelihood, Link, onnx::Model};
use narrows_data::Dataset;
use narrows_runtime::proof::{DECODER_TOLERANCE, ENCODER_TOLERANCE};
use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Options,
    internals::{folded, with_decoder_ports, with_encoder_ports},
    ndarray::{ArrayD, aview1},
};
use prost::Message;

use crate::{
    brief,
    engines::{difference, floats, in_candle},
    tables::{UNEVEN, table},
};

/// `(factor, shift)` of columns whose means are at most six standard deviations from 0: the scaling is folded, and
/// folding causes rounding errors.
const NEAR_ZERO: [(f32, f32); 5] = [(0.2, 3.0), (40.0, -1000.0), (0.01, 0.3), (1e-4, 0.0), (3.0, 50.0)];

/// Fits and exports a model and returns the operators of one of its graphs.
fn operators(data: &Dataset, options: &Options, file: &str) -> Vec<String> {
    let export = fitted(options, data).export(data).expect("an export");
    let (_, bytes) = export.files.iter().find(|(name, _)| *name == file).expect("a graph of every bundle");
    let graph = Model::decode(bytes.as_slice()).expect("just written").graph.expect("just written");
    graph.node.into_iter().map(|node| node.op_type).collect()
}

#[test]
fn scaling_is_folded_into_an_adjacent_linear_layer_unless_means_are_far_from_zero() {
    let (digits, near, uneven) = (digits(), table(&NEAR_ZERO), table(&UNEVEN));
    let ae = |likelihood| brief(Kind::Ae).with(|options| options.output.likelihood = Some(likelihood));
    let sigmoid = ae(Likelihood::Gaussian).with(|options| options.output.output_link = Some(Link::Sigmoid));
    let cases: [(&str, &Dataset, Options, &str, &[&str]); 11] = [
        ("input of components", &digits, brief(Kind::Pca), ENCODER, &["Reshape", "Gemm"]),
        ("output of components", &digits, brief(Kind::Pca), DECODER, &["Gemm", "Reshape"]),
        (
            "input of two heads",
            &digits,
            brief(Kind::Vae),
            ENCODER,
            &["Reshape", "Gemm", "Relu", "Gemm", "Gemm", "Clip"],
        ),
        ("input of bytes", &digits, ae(Likelihood::Bernoulli), ENCODER, &["Reshape", "Gemm", "Relu", "Gemm"]),
        ("linear output", &digits, ae(Likelihood::Gaussian), DECODER, &["Gemm", "Relu", "Gemm", "Reshape"]),
        (
            "output after a probability",
            &digits,
            ae(Likelihood::Bernoulli),
            DECODER,
            &["Gemm", "Relu", "Gemm", "Sigmoid", "Mul", "Add", "Reshape"],
        ),
        (
            "output after a sigmoid",
            &digits,
            sigmoid,
            DECODER,
            &["Gemm", "Relu", "Gemm", "Sigmoid", "Mul", "Add", "Reshape"],
        ),
        ("input with means near 0", &near, ae(Likelihood::Gaussian), ENCODER, &["Gemm", "Relu", "Gemm"]),
        ("output with means near 0", &near, ae(Likelihood::Gaussian), DECODER, &["Gemm", "Relu", "Gemm"]),
        (
            "input with means far from 0",
            &uneven,
            ae(Likelihood::Gaussian),
            ENCODER,
            &["Sub", "Div", "Gemm", "Relu", "Gemm"],
        ),
        (
            "output with means far from 0",
            &uneven,
            ae(Likelihood::Gaussian),
            DECODER,
            &["Gemm", "Relu", "Gemm", "Mul", "Add"],
        ),
    ];
    for (name, data, options, file, expected) in cases {
        assert_eq!(operators(data, &options, file), expected, "{name}");
    }
}

#[test]
fn folding_changes_codes_and_columns_by_rounding_errors_only() {
    for (name, data) in [("digits", digits()), ("near", table(&NEAR_ZERO)), ("uneven", table(&UNEVEN))] {
        for options in
            [brief(Kind::Pca), brief(Kind::Vae).with(|options| options.output.likelihood = Some(Likelihood::Gaussian))]
        {
            let model = fitted(&options, &data);
            let (shape, link) = (&data.sample_shape, model.config.output_distribution.link);
            let encoder = with_encoder_ports(&model.core.encoder, shape, &model.scaling).expect("a fitted shape");
            let decoder = with_decoder_ports(&model.core.decoder, shape, link, &model.scaling).expect("a fitted shape");
            let samples = samples(&data);
            let codes = in_candle(&encoder, &model.weights, &[floats(&samples)]);
            let codes = codes.get("z").or(codes.get("mu")).expect("a code");
            let graphs = [(&encoder, &samples, ENCODER_TOLERANCE), (&decoder, codes, DECODER_TOLERANCE)];
            for (graph, input, tolerance) in graphs {
                let (folded, weights) = folded(graph, &model.weights).expect("a complete graph");
                let actual = in_candle(&folded, &weights, &[floats(input)]);
                for (output, expected) in in_candle(graph, &model.weights, &[floats(input)]) {
                    let scale = if output == "x_hat" { model.scaling.scale.as_slice() } else { &[1.0] };
                    let difference = difference(&(&actual[&output] / &aview1(scale)), &(expected / aview1(scale)));
                    assert!(
                        difference <= tolerance,
                        "{name}: {options:?}: `{output}` changes by {difference:e}, at most {tolerance:e} allowed"
                    );
                }
            }
        }
    }
}

/// Returns the test part: `[rows, ...sample shape]`.
fn samples(data: &Dataset) -> ArrayD<f32> {
    let values = data.test.as_ref().expect("a test part").values.to_f32().expect("in memory").into_owned();
    let shape: Vec<usize> = [&[values.nrows()], data.sample_shape.as_slice()].concat();
    values.into_shape_with_order(shape).expect("the shape of the samples")
}
