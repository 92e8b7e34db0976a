//! Scores of reconstructions, held against their formulas in plain Rust, and what cannot be scored.

use std::f64::consts::PI;

use narrows_runtime::{
    Autoencoder, Error, Samples, ScoreOptions, Scores,
    bundle::{Kind, Likelihood, Role, Scaling},
    ndarray::{Array1, Array2, Array3, ArrayD, ArrayView2, ArrayViewD, Axis, concatenate, s},
};

mod support;

use support::{Draft, FEATURES, Fixture, SHAPE, decoded, labels, mean_of, samples};

/// Offsets and scales that are exact in `f32`, one a feature.
const OFFSETS: [f32; FEATURES] = [1000.0, 0.5, -2.0, 0.0, 8.0, 1.0];
const SCALES: [f32; FEATURES] = [0.25, 2.0, 1.0, 4.0, 0.5, 8.0];

fn open(kind: Kind, spoil: impl FnOnce(&mut Draft)) -> Autoencoder {
    Autoencoder::open(Fixture::spoilt(kind, spoil).path()).expect("a good bundle")
}

fn batch<'a>(kind: Kind, samples: &'a Array3<f32>, labels: &'a [i64]) -> Samples<'a> {
    if kind.is_conditional() { Samples::from(samples).labelled(labels) } else { samples.into() }
}

fn by_column(draft: &mut Draft) {
    draft.manifest.scaling = Scaling { offset: OFFSETS.to_vec(), scale: SCALES.to_vec() };
}

fn bernoulli(draft: &mut Draft) {
    draft.manifest.likelihood = Likelihood::Bernoulli;
    draft.manifest.scaling = Scaling { offset: vec![0.0], scale: vec![4.0] };
}

/// The sum over the features of each row, of what `of` makes of a number and its reconstruction, both scaled.
fn sums(rows: &Array3<f32>, restored: &ArrayD<f32>, scaling: &Scaling, of: impl Fn(f64, f64) -> f64) -> Array1<f64> {
    let column = |values: &[f32], at: usize| f64::from(values[at % values.len()]);
    let scaled = |at: usize, value: f32| (f64::from(value) - column(&scaling.offset, at)) / column(&scaling.scale, at);
    let of_row = |(row, restored): (ArrayView2<'_, f32>, ArrayViewD<'_, f32>)| {
        let numbers = row.iter().zip(restored.iter()).enumerate();
        numbers.map(|(at, (&x, &restored))| of(scaled(at, x), scaled(at, restored))).sum()
    };
    rows.outer_iter().zip(restored.outer_iter()).map(of_row).collect()
}

/// The graphs here and those of the engine differ by some 1e-6 a number, of the order of 10, which the
/// smallest scale magnifies by 4.
fn assert_close(found: &Array1<f64>, expected: &Array1<f64>) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found} against {expected}");
    }
}

#[test]
fn squared_errors_and_nats_are_those_of_the_reconstruction_in_scaled_units() {
    let (rows, labels) = (samples(9), labels(9));
    let scaling = Scaling { offset: OFFSETS.to_vec(), scale: SCALES.to_vec() };
    for kind in Kind::ALL {
        for variance in [None, Some(0.04)] {
            let model = open(kind, |draft| {
                by_column(draft);
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
fn the_cross_entropy_clamps_what_the_decoder_returns_and_the_squared_error_does_not() {
    let (rows, labels) = (samples(9).mapv(|value| value.min(4.0)), labels(9));
    // What is decoded below 0 has the scaled values below 0 by the one, above 1 by the other.
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
fn without_draws_only_what_holds_no_noise_is_scored() {
    let rows = samples(3);
    let score = |kind, draws| {
        let options = ScoreOptions::default().importance_samples(draws);
        open(kind, |_| {}).score(batch(kind, &rows, &labels(3)), &options)
    };
    for kind in [Kind::Pca, Kind::Ae, Kind::Dae] {
        let scores = score(kind, 0).expect("every kind has these");
        assert!(scores.kl.is_none() && scores.elbo.is_none() && scores.log_likelihood.is_none());
        let error = score(kind, 1).expect_err("no likelihood");
        assert!(matches!(error, Error::NoLikelihood { .. }));
        let expected = "has no distribution over codes and so no likelihood to estimate (leave out importance_samples;";
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
fn no_rows_have_no_scores() {
    let none = samples(1).slice(s![..0, .., ..]).to_owned();
    for kind in Kind::ALL {
        let draws = if kind.is_variational() { 3 } else { 0 };
        let options = ScoreOptions::default().importance_samples(draws);
        let Scores { squared_error, reconstruction, kl, elbo, log_likelihood, .. } =
            open(kind, bernoulli).score(batch(kind, &none, &[]), &options).expect("no samples");
        assert_eq!((squared_error.len(), reconstruction.len()), (0, 0));
        for scores in [kl, elbo, log_likelihood] {
            assert_eq!(scores.map(|scores| scores.len()), kind.is_variational().then_some(0));
        }
    }
}

/// Every score of every row, `[rows, 6]`.
fn table(scores: Scores) -> Array2<f64> {
    let drawn = [scores.kl, scores.elbo, scores.log_likelihood, scores.log_likelihood_standard_error];
    let columns =
        [scores.squared_error, scores.reconstruction].into_iter().chain(drawn.map(|column| column.expect("drawn")));
    let columns: Vec<Array2<f64>> = columns.map(|column| column.insert_axis(Axis(1))).collect();
    let views: Vec<_> = columns.iter().map(|column| column.view()).collect();
    concatenate(Axis(1), &views).expect("as many rows")
}

#[test]
fn the_scores_of_a_row_do_not_depend_on_where_it_stands_or_what_stands_beside_it() {
    let (rows, labels) = (samples(17), labels(17));
    for draws in [2, 300, 5000] {
        let options = ScoreOptions::default().importance_samples(draws).seed(5);
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
            let apart = (&all - &other).mapv(f64::abs) / all.mapv(|score| score.abs().max(1.0));
            // The engine may add in another order in another batch.
            assert!(apart.iter().all(|&apart| apart < 1e-5), "{draws} draws: {apart}");
        }
    }
}

#[test]
fn a_seed_gives_the_same_scores_and_another_seed_others() {
    let (model, rows) = (open(Kind::Vae, |_| {}), samples(4));
    let score = |seed| {
        let options = ScoreOptions::default().importance_samples(5).seed(seed);
        model.score(&rows, &options).expect("variational").log_likelihood.expect("drawn")
    };
    assert_eq!(score(1), score(1));
    assert!(score(1).iter().zip(&score(2)).all(|(one, two)| one != two));
}

#[test]
fn bytes_and_any_layout_score_as_floats_in_order_do() {
    let model = open(Kind::Vae, by_column);
    let bytes = Array3::from_shape_fn((5, SHAPE[0], SHAPE[1]), |(row, y, x)| (row * 9 + y * 3 + x) as u8);
    let floats = bytes.mapv(f32::from);
    let options = ScoreOptions::default().importance_samples(3);
    let score = |samples: Samples<'_>| model.score(samples, &options).expect("good samples");
    let expected = score((&floats).into());
    assert_eq!(score((&bytes).into()), expected);
    assert_eq!(score((&floats.to_shape((5, FEATURES)).expect("as many numbers")).into()), expected);
    let mirrored = floats.t().as_standard_layout().to_owned();
    assert_eq!(score(mirrored.t().into()), expected);
}

#[test]
fn what_a_bernoulli_likelihood_has_no_probability_for_is_named_with_its_place() {
    let model = open(Kind::Ae, bernoulli);
    let mut rows = samples(4).mapv(|value| value.min(4.0));
    assert!(model.score(&rows, &ScoreOptions::default()).is_ok());
    rows[[2, 1, 0]] = 4.5;
    let text =
        |samples: Samples<'_>| model.score(samples, &ScoreOptions::default()).expect_err("a refusal").to_string();
    let expected = "row 2 holds 4.5 at [1, 0], outside [0, 4], which the bernoulli likelihood of this model needs";
    assert_eq!(text((&rows).into()), expected);
    let flat = rows.to_shape((4, FEATURES)).expect("as many numbers");
    assert_eq!(text((&flat).into()), expected.replace("[1, 0]", "[3]"));
    rows[[2, 1, 0]] = -0.25;
    assert!(text((&rows).into()).starts_with("row 2 holds -0.25 at [1, 0]"));
    assert!(open(Kind::Ae, |_| {}).score(&rows, &ScoreOptions::default()).is_ok());

    // The largest value that was trained on, less the offset, is the scale only after rounding to `f32`.
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
fn samples_and_labels_are_refused_as_a_reconstruction_refuses_them() {
    let rows = samples(3);
    let score = |kind, samples: Samples<'_>| {
        let refused = open(kind, |_| {}).score(samples, &ScoreOptions::default());
        refused.expect_err("a refusal").to_string()
    };
    assert!(score(Kind::Cvae, (&rows).into()).contains("none were given"));
    let two = [0, 1];
    assert_eq!(score(Kind::Cvae, Samples::from(&rows).labelled(&two)), "3 rows need 3 labels, got 2");
    let wrong = [0, 9, 1];
    assert!(score(Kind::Cvae, Samples::from(&rows).labelled(&wrong)).starts_with("the label of row 1 is 9"));
    assert!(score(Kind::Vae, Samples::from(&rows).labelled(&[0, 1, 1])).contains("takes no labels here"));
    assert!(score(Kind::Ae, (&Array2::<u8>::zeros((3, 5))).into()).contains("got [3, 5]"));
    let mut bad = samples(3);
    bad[[2, 0, 1]] = f32::NAN;
    assert!(score(Kind::Vae, (&bad).into()).contains("holds NaN in row 2 at [0, 1]"));
}

#[test]
fn labels_reach_the_half_that_takes_them() {
    // An encoder without labels before a decoder with them: the encoder of a VAE, the decoder of a CVAE.
    let mut encoder = None;
    drop(Fixture::spoilt(Kind::Vae, |draft| {
        encoder = Some((draft.encoder.clone(), draft.manifest.graphs.encoder.clone()))
    }));
    let (graph, ports) = encoder.expect("a draft");
    let model = open(Kind::Cvae, |draft| (draft.encoder, draft.manifest.graphs.encoder) = (graph, ports));
    assert!(model.manifest().graphs.encoder.input(Role::Label).is_none());
    let (rows, labels) = (samples(6), labels(6));
    let options = ScoreOptions::default().importance_samples(2);
    let found = model.score(Samples::from(&rows).labelled(&labels), &options).expect("labels for the decoder");
    let restored = decoded(Kind::Cvae, &mean_of(Kind::Vae, &rows, &labels), &labels);
    let whole = Scaling { offset: vec![0.0], scale: vec![1.0] };
    assert_close(&found.squared_error, &sums(&rows, &restored, &whole, |x, mean| (x - mean).powi(2)));
    assert!(matches!(model.score(&rows, &options), Err(Error::LabelsMissing { .. })));
}

#[test]
fn a_code_that_overflowed_is_named_with_the_row_of_its_sample() {
    let model = open(Kind::Vae, |draft| draft.manifest.scaling.scale = vec![1.0]);
    let mut rows = Array3::zeros((5000, SHAPE[0], SHAPE[1]));
    // Numbers like this make log-variances as large, and deviations that are infinite.
    rows.slice_mut(s![4500, .., ..]).fill(3e37);
    let error = model.score(&rows, &ScoreOptions::default().importance_samples(7)).expect_err("an infinite code");
    assert!(error.to_string().contains("in row 4500"), "{error}");
}
