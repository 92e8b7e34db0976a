//! Convolutional networks of every kind, for images of odd sizes, colour and series, exported and compared between
//! Candle, ONNX Runtime and candle-onnx.

use narrows_bundle::Kind;
use narrows_runtime::{Autoencoder, proof::prove};
use narrows_tests::{exported, fitted};
use narrows_trainer::{
    Options,
    data::Dataset,
    ndarray::{Array4, ArrayD, IxDyn},
    options::{ArchitectureName, Normalisation, PoolName},
};

use crate::{brief, kinds::assert_parity};

const ROWS: usize = 70;

/// Shapes of samples: a square, odd sizes, colour, and series.
const SHAPES: [&[usize]; 5] = [&[28, 28], &[19, 23], &[10, 9, 3], &[1, 37], &[33]];

/// Returns bytes of smooth patterns with three classes.
fn patterns(shape: &[usize]) -> Dataset {
    let shape: Vec<usize> = [ROWS].into_iter().chain(shape.iter().copied()).collect();
    let value = |index: &IxDyn| {
        let phase: f32 = (0..shape.len()).map(|axis| index[axis] as f32 * [1.3, 0.4, 0.7, 2.0][axis]).sum();
        (127.0 + 120.0 * phase.sin()) as u8
    };
    let samples = ArrayD::from_shape_fn(IxDyn(&shape), |index| value(&index));
    let labels: Vec<usize> = (0..ROWS).map(|row| row % 3).collect();
    Dataset::from_array("patterns", samples).and_then(|data| data.with_labels(&labels)).expect("valid samples")
}

fn conv(kind: Kind) -> Options {
    brief(kind).with(|options| {
        options.architecture.architecture = Some(ArchitectureName::Conv);
        options.architecture.hidden = None;
        options.architecture.filters = Some(vec![4, 6]);
        // The probe then has rows of the training part.
        options.split.valid_fraction = Some(0.0);
    })
}

#[test]
fn exported_convolutions_match_candle_in_both_engines_for_every_kind_and_shape() {
    for shape in SHAPES {
        let data = patterns(shape);
        for kind in [Kind::Ae, Kind::Dae, Kind::Wae, Kind::Vae, Kind::Cvae] {
            let (_folder, bundle) = exported(&fitted(&conv(kind), &data), &data);
            assert_parity(&format!("{kind} {shape:?}"), &bundle);
        }
    }
}

#[test]
fn exported_normalisation_and_residual_blocks_match_candle_in_both_engines_for_every_kind() {
    for (shape, normalisation) in
        [(&[28, 28][..], Normalisation::Batch), (&[10, 9, 3], Normalisation::Layer), (&[19, 23], Normalisation::None)]
    {
        let data = patterns(shape);
        for kind in [Kind::Ae, Kind::Dae, Kind::Wae, Kind::Vae, Kind::Cvae] {
            let options = conv(kind).with(|options| {
                options.architecture.architecture = Some(ArchitectureName::Resnet);
                options.architecture.normalisation = Some(normalisation);
                options.architecture.hidden = Some(vec![7]);
            });
            let (_folder, bundle) = exported(&fitted(&options, &data), &data);
            assert_parity(&format!("{kind} {shape:?}, {normalisation} normalisation"), &bundle);
        }
    }
}

#[test]
fn exported_convolutions_match_candle_for_other_kernels_strides_and_hidden_layers() {
    let data = patterns(&[14, 11]);
    for (kernel_size, stride, filters, hidden, pool) in [
        (1, 1, vec![3], vec![], PoolName::None),
        (5, 3, vec![5, 2], vec![7], PoolName::Max),
        (3, 4, vec![4], vec![9, 6], PoolName::None),
        (3, 2, vec![4, 3], vec![], PoolName::Average),
    ] {
        let options = conv(Kind::Vae).with(|options| {
            options.architecture.kernel_size = Some(kernel_size);
            options.architecture.stride = Some(stride);
            options.architecture.pool = Some(pool);
            options.architecture.filters = Some(filters.clone());
            options.architecture.hidden = Some(hidden.clone());
        });
        let (_folder, bundle) = exported(&fitted(&options, &data), &data);
        assert_parity(&format!("kernel {kernel_size}, stride {stride}, filters {filters:?}"), &bundle);
    }
}

#[test]
fn a_convolutional_batch_has_the_same_results_in_any_cut() {
    let data = patterns(&[64, 64, 3]);
    let (_folder, bundle) = exported(&fitted(&conv(Kind::Vae), &data), &data);
    let rows = Array4::from_shape_fn((60, 64, 64, 3), |(row, y, x, channel)| (row * 7 + y * x + channel) as u8);
    let run = |options: &narrows_runtime::Options| {
        let model = Autoencoder::from_bundle(&bundle, options).expect("a valid bundle");
        let codes = model.encode(&rows).expect("valid rows");
        (model.decode(&codes).expect("valid codes"), codes)
    };
    let (reconstructions, codes) = run(&narrows_runtime::Options::default().sessions(1).chunk(60));
    for sessions in [1, 2, 5] {
        // 0 is the cut that the cost of a row gives.
        for chunk in [0, 1, 7, 60] {
            let (other_reconstructions, other) =
                run(&narrows_runtime::Options::default().sessions(sessions).chunk(chunk));
            let is_close = |a: f32, b: f32, tolerance: f32| (a - b).abs() <= tolerance;
            assert!(codes.iter().zip(&other).all(|(&a, &b)| is_close(a, b, 1e-4)), "{sessions} sessions, {chunk} rows");
            let pixels = reconstructions.iter().zip(&other_reconstructions);
            assert!(pixels.into_iter().all(|(&a, &b)| is_close(a, b, 1e-2)), "{sessions} sessions, {chunk} rows");
        }
    }
}

#[test]
fn the_parity_check_leaves_out_batches_of_large_pictures_that_would_take_much_memory() {
    let data = patterns(&[128, 160, 3]);
    let (_folder, bundle) = exported(&fitted(&conv(Kind::Ae), &data), &data);
    let model = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("a valid bundle");
    let probe = bundle.probe().expect("a probe");
    assert_eq!(probe.rows(), 34, "8 MiB of samples");
    let parity = prove(&model, &probe).expect("a parity");
    assert_eq!(parity.batch_sizes, [1, 2, 7, 64]);
    assert!(parity.encoder.holds() && parity.decoder.holds(), "{parity:?}");
}
