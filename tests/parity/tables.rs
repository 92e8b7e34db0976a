//! Tables whose columns have very different means and scales, which the graphs standardise.

use narrows_bundle::{Kind, Likelihood};
use narrows_data::{Dataset, Part, Values};
use narrows_runtime::Autoencoder;
use narrows_tests::{digits, exported, fitted};
use narrows_trainer::{
    Options,
    ndarray::{Array2, Axis},
};

use crate::{brief, kinds::assert_parity};

/// Creates a table from pixels of the digits: column `i` is a pixel times its factor plus its shift, for
/// `(factor, shift) = columns[i]`.
pub(crate) fn table(columns: &[(f32, f32)]) -> Dataset {
    let digits = digits();
    let part = |part: &Part| {
        let pixels = part.values.to_f32().expect("in memory");
        // Pixels 18 and following are in the third row of the image, where most are dark in some digits and bright in
        // others.
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
        sample_kind: narrows_data::SampleKind::default(),
        date_columns: None,
        table: None,
        notes: narrows_data::Notes::default(),
        range,
        columns: None,
        fill: None,
        valid: None,
        test: digits.test.as_ref().map(part),
        classes: None,
        train,
    }
}

/// `(factor, shift)` of columns with very different scales. The standard deviation of a pixel is about 6, so the mean
/// of the third column is 10,000 times its standard deviation. The last column is constant.
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
            "the table is not as extreme as the test requires: {ratios:?}"
        );
        let (_folder, bundle) = exported(&model, &data);
        assert_parity(&format!("{options:?}"), &bundle);
    }
}

/// The parity check allows the decoder a fraction of the range of the complete table. That is too large to check a
/// column whose range is a millionth of it.
#[test]
fn every_decoded_column_matches_candle_relative_to_its_own_scale() {
    let data = table(&UNEVEN);
    for options in models() {
        let model = fitted(&options, &data);
        let (_folder, bundle) = exported(&model, &data);
        let engine = Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("just exported");
        let probe = bundle.probe().expect("a probe");
        let actual = engine.decode(&probe.codes).expect("the probe's codes");
        let scales = model.scaling.scale.iter().zip(&model.scaling.offset);
        let columns = actual.axis_iter(Axis(1)).zip(probe.decoded["x_hat"].axis_iter(Axis(1)));
        for (index, ((actual, expected), (scale, offset))) in columns.zip(scales).enumerate() {
            let largest =
                actual.iter().zip(expected).map(|(actual, expected)| (actual - expected).abs()).fold(0.0, f32::max);
            // The tolerance of codes, plus the rounding error of values as large as the mean.
            let tolerance = 1e-4 * scale + offset.abs() * f32::EPSILON;
            assert!(
                largest <= tolerance,
                "{options:?}: column {index} differs by {largest:e}, at most {tolerance:e} allowed"
            );
        }
    }
}
