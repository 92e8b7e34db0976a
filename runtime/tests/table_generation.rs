//! Generated and imputed rows of mixed tables.

use narrows_runtime::{
    Autoencoder, CellChoice, Error, GenerateOptions, ImputeOptions, Samples,
    bundle::{Kind, table::MissingCells},
    ndarray::{Array2, Axis, concatenate, s},
};

mod support;

use support::{
    Fixture, LATENT, labels, samples,
    tables::{CATEGORIES, rows_with_gaps, table_fixture, table_rows},
};

fn open(kind: Kind) -> Autoencoder {
    Autoencoder::open(table_fixture(kind, MissingCells::Masked).path()).expect("a good bundle")
}

#[test]
fn generated_cells_are_drawn_and_do_not_depend_on_the_batches() {
    let model = open(Kind::Vae);
    let options = GenerateOptions::default().count(100).seed(7);
    let (generated, codes) =
        (model.generate_with(&options).expect("a prior"), model.sample_codes(&options).expect("a prior"));
    assert_eq!(model.generate(100, 7).expect("a prior"), generated);
    assert_eq!(model.generate(9, 7).expect("a prior"), generated.slice(s![..9, ..]).into_dyn());
    let first = model.decode_drawn(codes.slice(s![..37, ..]), 7, 0).expect("good codes");
    let rest = model.decode_drawn(codes.slice(s![37.., ..]), 7, 37).expect("good codes");
    assert_eq!(concatenate![Axis(0), first, rest], generated);
    assert_ne!(model.decode_drawn(&codes, 8, 0).expect("good codes"), generated);
    let likely = model.generate_with(&options.cells(CellChoice::MostLikely)).expect("a prior");
    assert_eq!(likely, model.decode(&codes).expect("good codes"));
    assert_ne!(likely, generated);
    for (cell, column) in generated.axis_iter(Axis(1)).enumerate() {
        let is_whole = column.iter().all(|value| value.fract() == 0.0 && *value >= 0.0);
        assert_eq!(is_whole, CATEGORIES.contains(&cell) || cell == 3, "cell {cell}: {column}");
    }
}

#[test]
fn drawn_cells_have_the_moments_of_their_distributions() {
    const ROWS: usize = 40_000;
    let (model, code) = (open(Kind::Ae), [0.25, -0.5]);
    let codes = Array2::from_shape_fn((ROWS, LATENT), |(_, dimension)| code[dimension]);
    let drawn = model.decode_drawn(&codes, 3, 0).expect("good codes");
    let one = codes.slice(s![..1, ..]);
    let (mean, probabilities) =
        (model.decode(one).expect("good codes"), model.level_probabilities(one).expect("good codes"));
    let column = |cell: usize| drawn.index_axis(Axis(1), cell).mapv(f64::from);
    for (position, cell) in CATEGORIES.into_iter().enumerate() {
        for level in 1..=3 {
            let share = column(cell).iter().filter(|&&drawn| drawn == f64::from(level)).count() as f64 / ROWS as f64;
            let probability = f64::from(probabilities[[0, 3 * position + level as usize - 1]]);
            // Four standard errors of a share of 1/2.
            assert!((share - probability).abs() < 0.01, "cell {cell}, level {level}: {share}, {probability}");
        }
    }
    // The variances are 0.5 * 4^2, m + m^2/4, and (0.75 * 0.5)^2 * 4/(4 - 2).
    let count = f64::from(mean[[0, 3]]);
    for (cell, variance, tolerance) in
        [(1, 8.0, 0.04), (3, count + count * count / 4.0, 0.08), (4, 0.375 * 0.375 * 2.0, 0.25)]
    {
        let (column, mean) = (column(cell), f64::from(mean[[0, cell]]));
        let found = column.mean().expect("not empty");
        assert!((found - mean).abs() < 4.0 * (variance / ROWS as f64).sqrt(), "cell {cell}: {found}, {mean}");
        let found = column.var(0.0);
        assert!((found / variance - 1.0).abs() < tolerance, "cell {cell}: {found}, {variance}");
    }
}

#[test]
fn arrays_of_numbers_are_decoded_and_not_drawn() {
    let model = Autoencoder::open(Fixture::new(Kind::Vae).path()).expect("a good bundle");
    let codes = Array2::ones((3, LATENT));
    let decoded = model.decode(&codes).expect("good codes");
    assert_eq!(model.decode_drawn(&codes, 5, 0).expect("good codes"), decoded);
}

#[test]
fn imputation_fills_every_gap_and_keeps_what_was_there() {
    for kind in [Kind::Ae, Kind::Vae, Kind::Cvae] {
        let (model, rows, labels) = (open(kind), rows_with_gaps(50), labels(50));
        let samples = |rows| {
            let samples = Samples::from(rows);
            if kind.is_conditional() { samples.labelled(&labels) } else { samples }
        };
        let imputed = model.impute(samples(&rows), &ImputeOptions::default()).expect("good cells");
        assert_eq!(imputed.filled, rows.iter().filter(|value| value.is_nan()).count());
        for (((row, cell), &given), (&filled, &spread)) in
            rows.indexed_iter().zip(imputed.rows.iter().zip(&imputed.spread))
        {
            assert!(filled.is_finite(), "{kind}, row {row}, cell {cell}");
            if !given.is_nan() {
                assert_eq!((filled, spread), (given, 0.0), "{kind}, row {row}, cell {cell}");
            } else if CATEGORIES.contains(&cell) {
                assert!([1.0, 2.0, 3.0].contains(&filled) && (0.0..1.0).contains(&spread));
            } else {
                assert_eq!(spread > 0.0, kind.is_variational(), "{kind}, row {row}, cell {cell}: {spread}");
            }
        }
        let complete = model.impute(samples(&table_rows(50)), &ImputeOptions::default()).expect("good cells");
        assert_eq!((complete.rows, complete.filled), (table_rows(50), 0));
    }
}

#[test]
fn one_pass_without_draws_fills_in_the_reconstruction_and_the_next_one_takes_it_as_given() {
    for kind in [Kind::Ae, Kind::Vae] {
        let (model, rows) = (open(kind), rows_with_gaps(30));
        let fill = |from: &Array2<f32>| {
            let decoded = model.reconstruct(from).expect("good cells");
            let mut filled = rows.clone();
            filled
                .iter_mut()
                .zip(&decoded)
                .filter(|(value, _)| value.is_nan())
                .for_each(|(value, from)| *value = *from);
            filled
        };
        let options = ImputeOptions::default().draws(0);
        let (once, twice) = (fill(&rows), fill(&fill(&rows)));
        assert_eq!(model.impute(&rows, &options).expect("good cells").rows, once);
        assert_eq!(model.impute(&rows, &options.passes(2)).expect("good cells").rows, twice);
        assert_ne!(once, twice);
    }
}

#[test]
fn an_imputation_depends_on_the_seed_and_the_row_but_not_on_the_batch() {
    let (model, rows) = (open(Kind::Vae), rows_with_gaps(20));
    let options = ImputeOptions::default().seed(3).draws(5).passes(2);
    let all = model.impute(&rows, &options).expect("good cells");
    for (row, cells) in rows.axis_chunks_iter(Axis(0), 1).enumerate() {
        let one = model.impute(cells, &options).expect("good cells").rows;
        let expected = all.rows.row(row);
        let is_close = |(found, expected): (&f32, &f32)| (found - expected).abs() <= 1e-4 * expected.abs().max(1.0);
        assert!(one.row(0).iter().zip(&expected).all(is_close), "row {row}: {one}, expected {expected}");
    }
    assert_ne!(model.impute(&rows, &options.clone().seed(4)).expect("good cells").rows, all.rows);
    assert_eq!(model.impute(&rows, &options).expect("good cells"), all);
}

#[test]
fn gaps_of_a_model_for_complete_rows_and_rows_of_other_models_are_refused() {
    let fixture = table_fixture(Kind::Ae, MissingCells::Refused);
    let model = Autoencoder::open(fixture.path()).expect("a good bundle");
    let mut rows = table_rows(9);
    rows[[6, 1]] = f32::NAN;
    let error = model.impute(&rows, &ImputeOptions::default()).expect_err("a model for complete rows").to_string();
    assert_eq!(error, "input `amount` contains NaN in row 6 at [1] (fill or drop such values first)");
    let images = Autoencoder::open(Fixture::new(Kind::Ae).path()).expect("a good bundle");
    let error = images.impute(&samples(1), &ImputeOptions::default()).expect_err("no table");
    assert!(matches!(error, Error::NotATable { kind: "ae" }), "{error}");
}
