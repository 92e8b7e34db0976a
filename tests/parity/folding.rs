//! Folding the scaling into the neighbouring layer: where it is done, where it is not, and that it changes
//! nothing.

use narrows_bundle::{DECODER, ENCODER, Kind, Likelihood, Link, onnx::Model};
use narrows_data::Dataset;
use narrows_runtime::proof::{DECODER_TOLERANCE, ENCODER_TOLERANCE};
use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Options,
    ndarray::{ArrayD, aview1},
    network::{fold_scaling, with_decoder_ports, with_encoder_ports},
};
use prost::Message;

use crate::{
    brief,
    engines::{difference, floats, in_candle},
    tables::{UNEVEN, table},
};

/// Means of up to six standard deviations: folded, with something to lose.
const NEAR: [(f32, f32); 5] = [(0.2, 3.0), (40.0, -1000.0), (0.01, 0.3), (1e-4, 0.0), (3.0, 50.0)];

fn operators(data: &Dataset, options: &Options, file: &str) -> Vec<String> {
    let export = fitted(options, data).export(data).expect("an export");
    let (_, bytes) = export.files.iter().find(|(name, _)| *name == file).expect("a graph of every bundle");
    let graph = Model::decode(bytes.as_slice()).expect("just written").graph.expect("just written");
    graph.node.into_iter().map(|node| node.op_type).collect()
}

#[test]
fn the_scaling_is_folded_where_a_layer_can_take_it_over_and_kept_where_not() {
    let (digits, near, uneven) = (digits(), table(&NEAR), table(&UNEVEN));
    let ae = |likelihood| brief(Kind::Ae).with(|options| options.output.likelihood = Some(likelihood));
    let sigmoid = ae(Likelihood::Gaussian).with(|options| options.output.output_link = Some(Link::Sigmoid));
    let cases: [(&str, &Dataset, Options, &str, &[&str]); 11] = [
        ("components in", &digits, brief(Kind::Pca), ENCODER, &["Reshape", "Gemm"]),
        ("components out", &digits, brief(Kind::Pca), DECODER, &["Gemm", "Reshape"]),
        ("two heads", &digits, brief(Kind::Vae), ENCODER, &["Reshape", "Gemm", "Relu", "Gemm", "Gemm", "Clip"]),
        ("bytes in", &digits, ae(Likelihood::Bernoulli), ENCODER, &["Reshape", "Gemm", "Relu", "Gemm"]),
        ("linear out", &digits, ae(Likelihood::Gaussian), DECODER, &["Gemm", "Relu", "Gemm", "Reshape"]),
        (
            "behind a probability",
            &digits,
            ae(Likelihood::Bernoulli),
            DECODER,
            &["Gemm", "Relu", "Gemm", "Sigmoid", "Mul", "Add", "Reshape"],
        ),
        ("behind a sigmoid", &digits, sigmoid, DECODER, &["Gemm", "Relu", "Gemm", "Sigmoid", "Mul", "Add", "Reshape"]),
        ("means near 0 in", &near, ae(Likelihood::Gaussian), ENCODER, &["Gemm", "Relu", "Gemm"]),
        ("means near 0 out", &near, ae(Likelihood::Gaussian), DECODER, &["Gemm", "Relu", "Gemm"]),
        ("means far off in", &uneven, ae(Likelihood::Gaussian), ENCODER, &["Sub", "Div", "Gemm", "Relu", "Gemm"]),
        ("means far off out", &uneven, ae(Likelihood::Gaussian), DECODER, &["Gemm", "Relu", "Gemm", "Mul", "Add"]),
    ];
    for (name, data, options, file, expected) in cases {
        assert_eq!(operators(data, &options, file), expected, "{name}");
    }
}

#[test]
fn folding_moves_no_code_and_no_column_beyond_rounding() {
    for (name, data) in [("digits", digits()), ("near", table(&NEAR)), ("uneven", table(&UNEVEN))] {
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
            let halves = [(&encoder, &samples, ENCODER_TOLERANCE), (&decoder, codes, DECODER_TOLERANCE)];
            for (graph, input, tolerance) in halves {
                let (folded, weights) = fold_scaling(graph, &model.weights).expect("a whole graph");
                let found = in_candle(&folded, &weights, &[floats(input)]);
                for (output, expected) in in_candle(graph, &model.weights, &[floats(input)]) {
                    let unit = if output == "x_hat" { model.scaling.scale.as_slice() } else { &[1.0] };
                    let difference = difference(&(&found[&output] / &aview1(unit)), &(expected / aview1(unit)));
                    assert!(difference <= tolerance, "{name}: {options:?}: `{output}` moves by {difference:e}");
                }
            }
        }
    }
}

/// The test part in the shape of its samples.
fn samples(data: &Dataset) -> ArrayD<f32> {
    let values = data.test.as_ref().expect("a test part").values.to_f32().expect("in memory").into_owned();
    let shape: Vec<usize> = [&[values.nrows()], data.sample_shape.as_slice()].concat();
    values.into_shape_with_order(shape).expect("as many numbers")
}
