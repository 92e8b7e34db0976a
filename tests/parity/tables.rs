//! Tables: columns of very different means and scales, standardised inside the graphs.

use narrows_bundle::{Kind, Likelihood};
use narrows_data::{Dataset, Part, Values};
use narrows_runtime::Autoencoder;
use narrows_tests::{digits, exported, fitted};
use narrows_trainer::{
    Options,
    ndarray::{Array2, Axis},
};

use crate::{brief, kinds::assert_parity};

/// A table whose columns are pixels of the digits, each times a factor and shifted: `(factor, shift)`.
pub(crate) fn table(columns: &[(f32, f32)]) -> Dataset {
    let digits = digits();
    let part = |part: &Part| {
        let pixels = part.values.to_f32().expect("in memory");
        // From the third row on, most pixels are neither always dark nor always bright.
        let column = |row: usize, column: usize| {
            let (factor, shift) = columns[column];
            pixels[[row, 18 + column]] * factor + shift
        };
        Part {
            values: Values::F32(Array2::from_shape_fn((pixels.nrows(), columns.len()), |(r, c)| column(r, c))),
            labels: None,
        }
    };
    let train = part(&digits.train);
    let values = train.values.to_f32().expect("in memory");
    let range = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    Dataset {
        name: "table".to_owned(),
        sample_shape: vec![columns.len()],
        range,
        columns: None,
        fill: None,
        valid: None,
        test: digits.test.as_ref().map(part),
        classes: None,
        train,
    }
}

/// A pixel's standard deviation is about 6: the third column's mean is 10,000 times its own, and the last
/// column never changes.
pub(crate) const UNEVEN: [(f32, f32); 6] =
    [(0.2, 0.0), (40.0, -1000.0), (0.16, 1e4), (1e-4, 0.0), (3.0, 50.0), (0.0, 1234.5)];

fn models() -> [Options; 4] {
    let gaussian = |kind| brief(kind).with(|options| options.output.likelihood = Some(Likelihood::Gaussian));
    [gaussian(Kind::Pca), gaussian(Kind::Ae), gaussian(Kind::Dae), gaussian(Kind::Vae)]
}

#[test]
fn exported_graphs_match_candle_on_columns_of_very_different_scales() {
    let data = table(&UNEVEN);
    for options in models() {
        let model = fitted(&options, &data);
        let ratios: Vec<f32> =
            model.scaling.offset.iter().zip(&model.scaling.scale).map(|(mean, sigma)| mean / sigma).collect();
        assert!(
            ratios[2] > 9e3 && model.scaling.scale[5] == 1.0,
            "the table is not what the test is about: {ratios:?}"
        );
        let (_folder, bundle) = exported(&model, &data);
        assert_parity(&format!("{options:?}"), &bundle);
    }
}

/// The proof allows the decoder a share of the whole table's range, which says nothing about a column that
/// is a millionth of it.
#[test]
fn every_column_of_a_decoded_table_matches_in_its_own_scale() {
    let data = table(&UNEVEN);
    for options in models() {
        let model = fitted(&options, &data);
        let (_folder, bundle) = exported(&model, &data);
        let engine = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("just exported");
        let probe = bundle.probe().expect("a probe");
        let found = engine.decode(&probe.codes).expect("the probe's codes");
        let scales = model.scaling.scale.iter().zip(&model.scaling.offset);
        let columns = found.axis_iter(Axis(1)).zip(probe.decoded["x_hat"].axis_iter(Axis(1)));
        for (index, ((found, expected), (scale, offset))) in columns.zip(scales).enumerate() {
            let largest =
                found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
            // As much as a code may differ, and the rounding of numbers as large as the mean.
            let tolerance = 1e-4 * scale + offset.abs() * f32::EPSILON;
            assert!(largest <= tolerance, "{options:?}: column {index} is off by {largest:e}, allowed {tolerance:e}");
        }
    }
}
