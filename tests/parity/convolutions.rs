//! Convolutional networks of every kind, for images of odd sizes, colour and series, exported and compared between
//! Candle, ONNX Runtime and candle-onnx.

use narrows_bundle::Kind;
use narrows_tests::{exported, fitted};
use narrows_trainer::{
    Options,
    data::Dataset,
    ndarray::{ArrayD, IxDyn},
    options::ArchitectureName,
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
fn exported_convolutions_match_candle_for_other_kernels_strides_and_hidden_layers() {
    let data = patterns(&[14, 11]);
    for (kernel_size, stride, filters, hidden) in
        [(1, 1, vec![3], vec![]), (5, 3, vec![5, 2], vec![7]), (3, 4, vec![4], vec![9, 6])]
    {
        let options = conv(Kind::Vae).with(|options| {
            options.architecture.kernel_size = Some(kernel_size);
            options.architecture.stride = Some(stride);
            options.architecture.filters = Some(filters.clone());
            options.architecture.hidden = Some(hidden.clone());
        });
        let (_folder, bundle) = exported(&fitted(&options, &data), &data);
        assert_parity(&format!("kernel {kernel_size}, stride {stride}, filters {filters:?}"), &bundle);
    }
}
