//! Scores of mixed tables, compared with the formulas of the distributions.

use narrows_runtime::{
    Autoencoder, Error, Samples, ScoreOptions,
    bundle::{Kind, onnx::Tensor, table::MissingCells},
    ndarray::{Array2, Axis},
};

mod support;

use support::{
    Draft, Fixture, LATENT, labels, samples,
    tables::{
        CELLS, NUMBERS, OFFSETS, SCALES, decoded_cells, level_probabilities, likelihoods, modified_table,
        rows_with_gaps, table_codes, table_fixture, table_rows,
    },
};

/// Graphs compute in `f32`, and exponential functions of codes of the order of 10 amplify their rounding errors.
const CLOSE: f64 = 1e-4;

fn open(kind: Kind) -> Autoencoder {
    Autoencoder::open(table_fixture(kind, MissingCells::Masked).path()).expect("a good bundle")
}

fn scaled(cell: usize, value: f32) -> f64 {
    (f64::from(value) - f64::from(OFFSETS[cell])) / f64::from(SCALES[cell])
}

/// Computes the error of a cell; `is_likelihood` for that of a variational model.
fn expected(is_likelihood: bool, cell: usize, target: f32, decoded: f32, probabilities: &[f32]) -> f64 {
    if target.is_nan() {
        return 0.0;
    }
    let (difference, target) = (scaled(cell, target) - scaled(cell, decoded), f64::from(target));
    let error = match cell {
        0 | 2 => {
            let first = if cell == 0 { 0 } else { 3 };
            let unseen = if cell == 0 { 1e-7 } else { 0.125 };
            let probability =
                if target == 0.0 { unseen } else { f64::from(probabilities[first + target as usize - 1]) };
            -probability.clamp(1e-7, 1.0).ln()
        }
        1 if is_likelihood => difference.powi(2) / (2.0 * 0.5) + 0.5 * std::f64::consts::PI.ln(),
        1 => difference.powi(2),
        // A dispersion of 1/4 is a negative binomial distribution of size 4.
        3 => {
            let (mean, success) = (f64::from(decoded), 4.0 / (4.0 + f64::from(decoded)));
            let ways: f64 = (1..=target as i32).map(|k| (3.0 + f64::from(k)) / f64::from(k)).product();
            let log_likelihood = |success: f64| {
                let failures = if target == 0.0 { 0.0 } else { target * (1.0 - success).ln() };
                ways.ln() + 4.0 * success.ln() + failures
            };
            if is_likelihood {
                -log_likelihood(success)
            } else {
                assert!(mean > 0.0);
                2.0 * (log_likelihood(4.0 / (4.0 + target)) - log_likelihood(success))
            }
        }
        // The density of a Student-t distribution with 4 degrees of freedom is 3/8 (1 + t^2/4)^(-5/2).
        _ if is_likelihood => 0.75_f64.ln() - 0.375_f64.ln() + 2.5 * (1.0 + (difference / 0.75).powi(2) / 4.0).ln(),
        _ => 5.0 * (1.0 + difference.powi(2) / 4.0).ln(),
    };
    if is_likelihood { error } else { likelihoods()[cell].weight * error }
}

#[test]
fn the_errors_of_cells_are_those_of_their_distributions_and_sum_to_the_reconstruction_loss() {
    for kind in [Kind::Ae, Kind::Vae, Kind::Cvae] {
        let (model, rows, labels) = (open(kind), rows_with_gaps(60), labels(60));
        let samples = Samples::from(&rows);
        let samples = if kind.is_conditional() { samples.labelled(&labels) } else { samples };
        let codes = table_codes(kind, &rows, &labels);
        let (decoded, probabilities) =
            (decoded_cells(kind, &codes, &labels), level_probabilities(kind, &codes, &labels));
        let errors = model.cell_errors(samples.clone()).expect("good cells");
        let scores = model.score(samples, &ScoreOptions::default()).expect("good cells");
        for row in 0..60 {
            let probabilities = probabilities.row(row).to_vec();
            let mut squared_error = 0.0;
            for cell in 0..CELLS {
                let (target, decoded) = (rows[[row, cell]], decoded[[row, cell]]);
                let expected = expected(kind.is_variational(), cell, target, decoded, &probabilities);
                let found = errors[[row, cell]];
                assert!(
                    (found - expected).abs() < CLOSE * expected.abs().max(1.0),
                    "{kind} {row} {cell}: {found}, {expected}"
                );
                if NUMBERS.contains(&cell) && !target.is_nan() {
                    let scaled = |value| if cell == 3 { f64::from(value) } else { scaled(cell, value) };
                    squared_error += (scaled(target) - scaled(decoded)).powi(2);
                }
            }
            assert!((scores.reconstruction[row] - errors.row(row).sum()).abs() < 1e-9);
            let found = scores.squared_error[row];
            assert!((found - squared_error).abs() < CLOSE * squared_error.max(1.0), "{found}, {squared_error}");
        }
    }
}

fn replace(draft: &mut Draft, name: &str, dims: &[usize], values: &[f32]) {
    let graph = draft.encoder.graph.as_mut().expect("a graph");
    graph.initializer.retain(|tensor| tensor.name != name);
    graph.initializer.push(Tensor::floats(name, dims, values));
}

#[test]
fn with_a_posterior_without_variance_the_bound_is_the_likelihood_of_the_mean_minus_the_divergence() {
    let fixture = modified_table(Kind::Vae, MissingCells::Masked, |draft| {
        replace(draft, "log_var.weight", &[14, LATENT], &[0.0; 14 * LATENT]);
        replace(draft, "log_var.bias", &[LATENT], &[-24.0; LATENT]);
    });
    let (model, rows) = (Autoencoder::open(fixture.path()).expect("a good bundle"), rows_with_gaps(30));
    let scores = model.score(&rows, &ScoreOptions::default().importance_samples(3)).expect("good cells");
    let (bound, kl) = (scores.elbo.expect("latent samples"), scores.kl.expect("a posterior"));
    for ((bound, kl), error) in bound.iter().zip(&kl).zip(&scores.reconstruction) {
        // A deviation of exp(-12) of the code moves the errors by about 1e-5.
        assert!((bound + kl + error).abs() < 1e-2 * error.abs().max(1.0), "{bound} {kl} {error}");
    }
}

#[test]
fn scores_of_rows_with_gaps_do_not_depend_on_the_batch() {
    let (model, rows) = (open(Kind::Vae), rows_with_gaps(20));
    let options = ScoreOptions::default().importance_samples(7).seed(3);
    let all = model.score(&rows, &options).expect("good cells");
    for (row, cells) in rows.axis_chunks_iter(Axis(0), 1).enumerate() {
        let one = model.score(cells, &options).expect("good cells");
        let (found, expected) =
            (one.log_likelihood.expect("latent samples")[0], all.log_likelihood.as_ref().expect("latent samples")[row]);
        assert!((found - expected).abs() < CLOSE * expected.abs().max(1.0), "{row}: {found}, {expected}");
        assert!(one.elbo.expect("latent samples")[0] <= found + 1e-9);
    }
}

#[test]
fn a_row_of_missing_cells_has_no_error_and_other_models_have_no_cells() {
    let empty = Array2::from_elem((1, CELLS), f32::NAN);
    let scores = open(Kind::Vae).score(&empty, &ScoreOptions::default()).expect("a row of missing cells");
    assert_eq!((scores.reconstruction[0], scores.squared_error[0]), (0.0, 0.0));
    let images = Autoencoder::open(Fixture::new(Kind::Vae).path()).expect("a good bundle");
    let error = images.cell_errors(&samples(1)).expect_err("no table");
    assert!(matches!(error, Error::NotATable { kind: "vae" }), "{error}");
    assert!(images.level_probabilities(&Array2::zeros((1, LATENT))).is_err());
    assert_eq!(open(Kind::Ae).cell_errors(&table_rows(0)).expect("no rows").dim(), (0, CELLS));
}
