//! Scores of reconstructions, compared with reference formulas in plain Rust, and errors of `score`.

use std::f64::consts::PI;

use narrows_runtime::{
    Autoencoder, Error, Samples, ScoreOptions, Scores,
    bundle::{Kind, Likelihood, Role, Scaling},
    ndarray::{Array1, Array2, Array3, ArrayD, ArrayView2, ArrayViewD, Axis, concatenate, s},
};

mod support;

use support::{Draft, FEATURES, Fixture, SHAPE, decoded, labels, mean_of, samples};

/// Offset and scale of each feature, exact in `f32`.
const OFFSETS: [f32; FEATURES] = [1000.0, 0.5, -2.0, 0.0, 8.0, 1.0];
const SCALES: [f32; FEATURES] = [0.25, 2.0, 1.0, 4.0, 0.5, 8.0];

fn open(kind: Kind, modify: impl FnOnce(&mut Draft)) -> Autoencoder {
    Autoencoder::open(Fixture::modified(kind, modify).path()).expect("a good bundle")
}

fn batch<'a>(kind: Kind, samples: &'a Array3<f32>, labels: &'a [i64]) -> Samples<'a> {
    if kind.is_conditional() { Samples::from(samples).labelled(labels) } else { samples.into() }
}

fn scale_columns(draft: &mut Draft) {
    draft.manifest.scaling = Scaling { offset: OFFSETS.to_vec(), scale: SCALES.to_vec() };
}

fn bernoulli(draft: &mut Draft) {
    draft.manifest.likelihood = Likelihood::Bernoulli;
    draft.manifest.scaling = Scaling { offset: vec![0.0], scale: vec![4.0] };
}

/// Sums `of(x, x_hat)` over the features of each row, with `x` and `x_hat` in scaled units.
fn sums(rows: &Array3<f32>, restored: &ArrayD<f32>, scaling: &Scaling, of: impl Fn(f64, f64) -> f64) -> Array1<f64> {
    let column = |values: &[f32], index: usize| f64::from(values[index % values.len()]);
    let scaled =
        |index: usize, value: f32| (f64::from(value) - column(&scaling.offset, index)) / column(&scaling.scale, index);
    let of_row = |(row, restored): (ArrayView2<'_, f32>, ArrayViewD<'_, f32>)| {
        let values = row.iter().zip(restored.iter()).enumerate();
        values.map(|(index, (&x, &restored))| of(scaled(index, x), scaled(index, restored))).sum()
    };
    rows.outer_iter().zip(restored.outer_iter()).map(of_row).collect()
}

/// Values are of the order of 10, and the reference and the engine differ by about 1e-6 per value, which the smallest
/// scale multiplies by 4.
fn assert_close(found: &Array1<f64>, expected: &Array1<f64>) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found}, expected {expected}");
    }
}

#[test]
fn squared_error_and_reconstruction_loss_are_computed_in_scaled_units() {
    let (rows, labels) = (samples(9), labels(9));
    let scaling = Scaling { offset: OFFSETS.to_vec(), scale: SCALES.to_vec() };
    for kind in Kind::ALL {
        for variance in [None, Some(0.04)] {
            let model = open(kind, |draft| {
                scale_columns(draft);
                draft.manifest.variance = variance;
            });
            let found = model.score(batch(kind, &rows, &labels), &ScoreOptions::default()).expect("good samples");
            let restored = decoded(kind, &mean_of(kind, &rows, &labels), &labels);
            let squares = sums(&rows, &restored, &scaling, |x, mean| (x - mean).powi(2));
            assert_close(&found.squared_error, &squares);
            let sigma = variance.unwrap_or(1.0);
            let nats = squares.mapv(|square| square / (2.0 * sigma) + 3.0 * (2.0 * PI * sigma).ln());
            assert_close(&found.reconstruction, if kind.is_variational() { &nats } else { &squares });
        }
    }
}

#[test]
fn the_cross_entropy_clamps_the_reconstruction_and_the_squared_error_does_not() {
    let (rows, labels) = (samples(9).mapv(|value| value.min(4.0)), labels(9));
    // The first scaling maps reconstructions below 0 to values below 0, the second one to values above 1.
    for (kind, offset, scale) in Kind::ALL.into_iter().flat_map(|kind| [(kind, 0.0, 4.0), (kind, 4.0, -4.0)]) {
        let scaling = Scaling { offset: vec![offset], scale: vec![scale] };
        let model = open(kind, |draft| {
            bernoulli(draft);
            draft.manifest.scaling = scaling.clone();
        });
        let found = model.score(batch(kind, &rows, &labels), &ScoreOptions::default()).expect("within the range");
        let restored = decoded(kind, &mean_of(kind, &rows, &labels), &labels);
        assert!(restored.iter().any(|&value| value < 0.0));
        let cross_entropy = sums(&rows, &restored, &scaling, |x, p| {
            let p = p.clamp(1e-7, 1.0 - 1e-7);
            -(x * p.ln() + (1.0 - x) * (1.0 - p).ln())
        });
        assert_close(&found.reconstruction, &cross_entropy);
        assert_close(&found.squared_error, &sums(&rows, &restored, &scaling, |x, p| (x - p).powi(2)));
    }
}

#[test]
fn without_latent_samples_only_deterministic_scores_are_computed() {
    let rows = samples(3);
    let score = |kind, count| {
        let options = ScoreOptions::default().importance_samples(count);
        open(kind, |_| {}).score(batch(kind, &rows, &labels(3)), &options)
    };
    for kind in [Kind::Pca, Kind::Ae, Kind::Dae] {
        let scores = score(kind, 0).expect("every kind has these");
        assert!(scores.kl.is_none() && scores.elbo.is_none() && scores.log_likelihood.is_none());
        let error = score(kind, 1).expect_err("no likelihood");
        assert!(matches!(error, Error::NoLikelihood { .. }));
        let expected =
            "has no distribution over codes, so its likelihood cannot be estimated (leave out importance_samples,";
        assert!(error.to_string().contains(expected), "{error}");
    }
    for kind in [Kind::Vae, Kind::Cvae] {
        let none = score(kind, 0).expect("variational");
        assert!(none.kl.is_some() && none.elbo.is_none() && none.log_likelihood.is_none());
        let one = score(kind, 1).expect("variational");
        assert!(one.elbo.is_some() && one.log_likelihood.is_some() && one.log_likelihood_standard_error.is_none());
        assert!(score(kind, 2).expect("variational").log_likelihood_standard_error.is_some());
    }
    let no_prior = open(Kind::Vae, |draft| draft.manifest.prior = None);
    assert!(no_prior.score(&rows, &ScoreOptions::default()).expect("a reconstruction").kl.is_none());
    let refused = no_prior.score(&rows, &ScoreOptions::default().importance_samples(1));
    assert!(matches!(refused, Err(Error::NoLikelihood { .. })));
}

#[test]
fn zero_rows_have_zero_scores() {
    let none = samples(1).slice(s![..0, .., ..]).to_owned();
    for kind in Kind::ALL {
        let count = if kind.is_variational() { 3 } else { 0 };
        let options = ScoreOptions::default().importance_samples(count);
        let Scores { squared_error, reconstruction, kl, elbo, log_likelihood, .. } =
            open(kind, bernoulli).score(batch(kind, &none, &[]), &options).expect("no samples");
        assert_eq!((squared_error.len(), reconstruction.len()), (0, 0));
        for scores in [kl, elbo, log_likelihood] {
            assert_eq!(scores.map(|scores| scores.len()), kind.is_variational().then_some(0));
        }
    }
}

/// Returns all scores as a matrix, `[rows, 6]`.
fn table(scores: Scores) -> Array2<f64> {
    let optional = [scores.kl, scores.elbo, scores.log_likelihood, scores.log_likelihood_standard_error];
    let columns = [scores.squared_error, scores.reconstruction]
        .into_iter()
        .chain(optional.map(|column| column.expect("variational")));
    let columns: Vec<Array2<f64>> = columns.map(|column| column.insert_axis(Axis(1))).collect();
    let views: Vec<_> = columns.iter().map(|column| column.view()).collect();
    concatenate(Axis(1), &views).expect("equal numbers of rows")
}

#[test]
fn the_scores_of_a_row_do_not_depend_on_its_position_or_on_other_rows() {
    let (rows, labels) = (samples(17), labels(17));
    for count in [2, 300, 5000] {
        let options = ScoreOptions::default().importance_samples(count).seed(5);
        let model = open(Kind::Cvae, |_| {});
        let score = |samples: Samples<'_>| table(model.score(samples, &options).expect("good samples"));
        let all = score(Samples::from(&rows).labelled(&labels));
        let backwards: Vec<i64> = labels.iter().rev().copied().collect();
        let reversed = score(Samples::from(rows.slice(s![..;-1, .., ..])).labelled(&backwards));
        let single =
            (0..17).map(|row| score(Samples::from(rows.slice(s![row..=row, .., ..])).labelled(&labels[row..=row])));
        let single: Vec<Array2<f64>> = single.collect();
        let views: Vec<_> = single.iter().map(|row| row.view()).collect();
        let single = concatenate(Axis(0), &views).expect("equal widths");
        for other in [reversed.slice(s![..;-1, ..]).to_owned(), single] {
            let difference = (&all - &other).mapv(f64::abs) / all.mapv(|score| score.abs().max(1.0));
            // The engine may sum in another order in another batch.
            assert!(difference.iter().all(|&difference| difference < 1e-5), "{count} samples: {difference}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_scores_and_another_seed_gives_others() {
    let (model, rows) = (open(Kind::Vae, |_| {}), samples(4));
    let score = |seed| {
        let options = ScoreOptions::default().importance_samples(5).seed(seed);
        model.score(&rows, &options).expect("variational").log_likelihood.expect("latent samples")
    };
    assert_eq!(score(1), score(1));
    assert!(score(1).iter().zip(&score(2)).all(|(one, two)| one != two));
}

#[test]
fn element_type_and_layout_do_not_change_the_scores() {
    let model = open(Kind::Vae, scale_columns);
    let bytes = Array3::from_shape_fn((5, SHAPE[0], SHAPE[1]), |(row, y, x)| (row * 9 + y * 3 + x) as u8);
    let floats = bytes.mapv(f32::from);
    let options = ScoreOptions::default().importance_samples(3);
    let score = |samples: Samples<'_>| model.score(samples, &options).expect("good samples");
    let expected = score((&floats).into());
    assert_eq!(score((&bytes).into()), expected);
    assert_eq!(score((&floats.to_shape((5, FEATURES)).expect("the same number of values")).into()), expected);
    let mirrored = floats.t().as_standard_layout().to_owned();
    assert_eq!(score(mirrored.t().into()), expected);
}

#[test]
fn the_error_for_a_value_outside_the_bernoulli_range_names_its_position() {
    let model = open(Kind::Ae, bernoulli);
    let mut rows = samples(4).mapv(|value| value.min(4.0));
    assert!(model.score(&rows, &ScoreOptions::default()).is_ok());
    rows[[2, 1, 0]] = 4.5;
    let text = |samples: Samples<'_>| model.score(samples, &ScoreOptions::default()).expect_err("an error").to_string();
    let expected = "row 2 contains 4.5 at [1, 0], outside the range [0, 4] of the bernoulli likelihood of this model";
    assert_eq!(text((&rows).into()), expected);
    let flat = rows.to_shape((4, FEATURES)).expect("the same number of values");
    assert_eq!(text((&flat).into()), expected.replace("[1, 0]", "[3]"));
    rows[[2, 1, 0]] = -0.25;
    assert!(text((&rows).into()).starts_with("row 2 contains -0.25 at [1, 0]"));
    assert!(open(Kind::Ae, |_| {}).score(&rows, &ScoreOptions::default()).is_ok());

    // For the largest value of the training data, value minus offset equals the scale only after rounding to `f32`.
    let (low, high) = (-3.1f32, 5.7f32);
    let model = open(Kind::Ae, |draft| {
        bernoulli(draft);
        draft.manifest.scaling = Scaling { offset: vec![low], scale: vec![high - low] };
    });
    assert!(f64::from(high) - f64::from(low) > f64::from(high - low));
    let scores = model.score(&Array2::from_elem((1, FEATURES), high), &ScoreOptions::default());
    assert!(scores.is_ok(), "{scores:?}");
}

#[test]
fn wrong_samples_and_labels_give_the_same_errors_as_in_reconstruct() {
    let rows = samples(3);
    let score = |kind, samples: Samples<'_>| {
        let refused = open(kind, |_| {}).score(samples, &ScoreOptions::default());
        refused.expect_err("an error").to_string()
    };
    assert!(score(Kind::Cvae, (&rows).into()).contains("none were given"));
    let two = [0, 1];
    let expected = "expected one label per row, got 2 labels for 3 rows";
    assert_eq!(score(Kind::Cvae, Samples::from(&rows).labelled(&two)), expected);
    let wrong = [0, 9, 1];
    assert!(score(Kind::Cvae, Samples::from(&rows).labelled(&wrong)).starts_with("the label of row 1 is 9"));
    assert!(score(Kind::Vae, Samples::from(&rows).labelled(&[0, 1, 1])).contains("takes no labels here"));
    assert!(score(Kind::Ae, (&Array2::<u8>::zeros((3, 5))).into()).contains("got [3, 5]"));
    let mut bad = samples(3);
    bad[[2, 0, 1]] = f32::NAN;
    assert!(score(Kind::Vae, (&bad).into()).contains("contains NaN in row 2 at [0, 1]"));
}

#[test]
fn labels_are_passed_to_the_graph_that_takes_them() {
    // Combines an encoder without labels (of a VAE) with a decoder with labels (of a CVAE).
    let mut encoder = None;
    drop(Fixture::modified(Kind::Vae, |draft| {
        encoder = Some((draft.encoder.clone(), draft.manifest.graphs.encoder.clone()))
    }));
    let (graph, ports) = encoder.expect("a draft");
    let model = open(Kind::Cvae, |draft| (draft.encoder, draft.manifest.graphs.encoder) = (graph, ports));
    assert!(model.manifest().graphs.encoder.input(Role::Label).is_none());
    let (rows, labels) = (samples(6), labels(6));
    let options = ScoreOptions::default().importance_samples(2);
    let found = model.score(Samples::from(&rows).labelled(&labels), &options).expect("labels for the decoder");
    let restored = decoded(Kind::Cvae, &mean_of(Kind::Vae, &rows, &labels), &labels);
    let identity = Scaling { offset: vec![0.0], scale: vec![1.0] };
    assert_close(&found.squared_error, &sums(&rows, &restored, &identity, |x, mean| (x - mean).powi(2)));
    assert!(matches!(model.score(&rows, &options), Err(Error::LabelsMissing { .. })));
}

#[test]
fn the_error_for_a_code_that_overflows_names_the_row_of_its_sample() {
    let model = open(Kind::Vae, |draft| draft.manifest.scaling.scale = vec![1.0]);
    let mut rows = Array3::zeros((5000, SHAPE[0], SHAPE[1]));
    // Such large values give equally large log-variances and infinite standard deviations.
    rows.slice_mut(s![4500, .., ..]).fill(3e37);
    let error = model.score(&rows, &ScoreOptions::default().importance_samples(7)).expect_err("an infinite code");
    assert!(error.to_string().contains("in row 4500"), "{error}");
}
