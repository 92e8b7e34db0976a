//! Models of mixed tables, compared with reference implementations of their graphs in plain Rust.

use narrows_runtime::{
    Autoencoder, Check, Codes, Error, Interpolation, NoiseSource, Options, Samples,
    bundle::{Kind, table::MissingCells},
    ndarray::{Array2, Axis, s},
    verify,
};

mod support;

use support::{
    Draft, LATENT, assert_close, labels,
    tables::{
        CATEGORIES, CELLS, decoded_cells, level_probabilities, modified_table, rows_with_gaps, table_codes,
        table_fixture, table_rows,
    },
};

fn open(kind: Kind, missing: MissingCells) -> Autoencoder {
    // Batches are split into runs of 7 rows.
    Autoencoder::open_with(table_fixture(kind, missing).path(), &Options::default().chunk(7)).expect("a good bundle")
}

fn has_tables(kind: Kind) -> bool {
    match kind {
        Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae | Kind::Cvae => true,
        Kind::Pca => false,
    }
}

#[test]
fn every_kind_encodes_and_decodes_the_cells_of_a_table() {
    for kind in Kind::ALL.into_iter().filter(|&kind| has_tables(kind)) {
        for (missing, rows) in [(MissingCells::Refused, table_rows(40)), (MissingCells::Masked, rows_with_gaps(40))] {
            let (model, labels) = (open(kind, missing), labels(40));
            let samples = |rows| {
                let samples = Samples::from(rows);
                if kind.is_conditional() { samples.labelled(&labels) } else { samples }
            };
            let codes = model.encode(samples(&rows)).expect("good cells");
            assert_close(&codes, &table_codes(kind, &rows, &labels));
            let expected = decoded_cells(kind, &codes, &labels);
            let reconstructed = model.reconstruct(samples(&rows)).expect("good cells");
            assert_close(&reconstructed, &expected.clone().into_dyn());
            let input = Codes::from(&codes);
            let input = if kind.is_conditional() { input.labelled(&labels) } else { input };
            let mut wide = Array2::zeros((80, CELLS + 1));
            model.decode_into(input.clone(), &mut wide.slice_mut(s![..;2, 1..])).expect("good codes");
            assert_close(&wide.slice(s![..;2, 1..]).to_owned(), &expected);
            let probabilities = model.level_probabilities(input).expect("good codes");
            assert_close(&probabilities, &level_probabilities(kind, &codes, &labels));
            let of_samples = model.reconstructed_probabilities(samples(&rows)).expect("good cells");
            assert_eq!(of_samples, probabilities);
            assert!(CATEGORIES.iter().all(|&cell| expected.column(cell).iter().all(|&level| level >= 1.0)));
        }
    }
}

#[test]
fn bytes_and_any_layout_of_cells_give_the_same_codes() {
    let model = open(Kind::Vae, MissingCells::Refused);
    let rows = table_rows(23).mapv(|value| value.max(0.0).round());
    let expected = model.encode(&rows).expect("good cells");
    let transposed = rows.t().as_standard_layout().into_owned();
    assert_eq!(model.encode(transposed.t()).expect("another layout"), expected);
    assert_eq!(model.encode(&rows.mapv(|value| value as u8)).expect("bytes"), expected);
    let mut codes = Array2::zeros((23, LATENT));
    model.encode_into(&rows, &mut codes.view_mut()).expect("good cells");
    assert_eq!(codes, expected);
    let flat = model.encode_slice(rows.as_slice().expect("standard layout"), 23).expect("good cells");
    assert_eq!(flat, expected.as_slice().expect("standard layout"));
}

#[test]
fn a_cell_that_the_network_cannot_take_is_an_error_with_its_row_and_name_in_any_split() {
    let mut rows = table_rows(60);
    rows[[31, 2]] = 4.0;
    rows[[33, 1]] = f32::INFINITY;
    for chunk in [1, 7, 32, 1000] {
        let options = Options::default().chunk(chunk);
        let fixture = table_fixture(Kind::Ae, MissingCells::Masked);
        let model = Autoencoder::open_with(fixture.path(), &options).expect("a good bundle");
        let error = model.encode(&rows).expect_err("a level outside the vocabulary");
        assert!(matches!(&error, Error::NotALevel { row: 31, levels: 3, .. }), "{error}");
        assert!(error.to_string().contains("`grade` is 4"), "{error}");
    }
    let model = open(Kind::Ae, MissingCells::Refused);
    let error = model.encode(&rows_with_gaps(3)).expect_err("missing cells").to_string();
    assert_eq!(error, "input `amount` contains NaN in row 0 at [1] (fill or drop such values first)");
    let error = model.encode(table_rows(3).slice(s![.., ..4])).expect_err("a cell short").to_string();
    assert_eq!(error, "input `cells` expects [batch, 5], got [3, 4]");
    assert_eq!(model.encode(&table_rows(0)).expect("no rows").dim(), (0, LATENT));
}

#[test]
fn a_graph_that_decodes_a_level_outside_its_vocabulary_is_an_error() {
    let fixture = modified_table(Kind::Ae, MissingCells::Refused, |draft| {
        let graph = draft.decoder.graph.as_mut().expect("a graph");
        graph.initializer.retain(|tensor| tensor.name != "one");
        graph.initializer.push(narrows_runtime::bundle::onnx::Tensor::integers("one", &[], &[4]));
    });
    let model = Autoencoder::open(fixture.path()).expect("a good bundle");
    let error = model.reconstruct(&table_rows(2)).expect_err("a level of 4 or more").to_string();
    assert!(error.contains("decoder.onnx") && error.contains("it decoded `country` as level"), "{error}");
}

#[test]
fn generation_and_interpolation_return_cells() {
    let model = open(Kind::Vae, MissingCells::Refused);
    let generated = model.generate(50, 7).expect("a prior");
    assert_eq!(generated.shape(), [50, CELLS]);
    for (cell, column) in generated.axis_iter(Axis(1)).enumerate().filter(|(cell, _)| CATEGORIES.contains(cell)) {
        assert!(column.iter().all(|&level| [1.0, 2.0, 3.0].contains(&level)), "cell {cell}: {column}");
    }
    let ends = table_rows(2);
    let path = model.interpolate(&ends, 5, Interpolation::Linear).expect("two rows");
    let reconstructed = model.reconstruct(&ends).expect("good cells");
    assert_eq!(path.shape(), [5, CELLS]);
    for (step, end) in [(0, 0), (4, 1)] {
        assert_close(&path.index_axis(Axis(0), step).to_owned(), &reconstructed.index_axis(Axis(0), end).to_owned());
    }
}

fn failed(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

#[test]
fn a_good_bundle_of_a_table_passes_all_checks() {
    for kind in Kind::ALL.into_iter().filter(|&kind| has_tables(kind)) {
        for missing in [MissingCells::Refused, MissingCells::Masked] {
            let fixture = table_fixture(kind, missing);
            let checks = verify(fixture.path(), &Options::default());
            assert_eq!(failed(&checks), [""; 0], "{checks:?}");
            let detail = |name: &str| {
                checks.iter().find(|check| check.name == name).map(|check| check.detail.clone()).expect("a check")
            };
            assert!(detail("encoder graph").starts_with("takes `x`, `categories`, returns"), "{checks:?}");
            assert!(detail("decoder graph").ends_with("returns `x_hat`, `categories_hat`, `probabilities`"));
        }
    }
}

#[test]
fn one_changed_value_in_the_probe_of_a_table_fails_the_parity_check() {
    type Modify = fn(&mut Draft);
    let cases: [(Modify, f64); 5] = [
        // In the scale of the last cell, 0.5.
        (|draft| change(draft, "x_hat", 1e-3), 2e-3),
        (|draft| change(draft, "probabilities", 2e-4), 2e-4),
        (|draft| change(draft, "categories_hat", 1.0), f64::INFINITY),
        (|draft| change(draft, "categories_hat", f32::NAN), f64::INFINITY),
        (|draft| change(draft, "probabilities", f32::NAN), f64::INFINITY),
    ];
    for (modify, expected) in cases {
        let checks = verify(modified_table(Kind::Vae, MissingCells::Refused, modify).path(), &Options::default());
        assert_eq!(failed(&checks), ["decoder parity"], "{checks:?}");
        let figure = checks.iter().find(|check| !check.ok).and_then(|check| check.figure).expect("a figure");
        assert!(figure == expected || (figure - expected).abs() < 2e-5, "{figure}, expected {expected}");
    }
}

fn change(draft: &mut Draft, output: &str, by: f32) {
    *draft.probe.decoded.get_mut(output).expect("an output").last_mut().expect("not empty") += by;
}

#[test]
fn a_probe_that_does_not_fit_the_table_is_an_error() {
    let checks = verify(
        modified_table(Kind::Ae, MissingCells::Refused, |draft| {
            let narrow = Array2::zeros((12, 5));
            draft.probe.decoded.insert("probabilities".to_owned(), narrow.into_dyn());
        })
        .path(),
        &Options::default(),
    );
    assert_eq!(failed(&checks), ["decoder parity"]);
    let detail = &checks.iter().find(|check| !check.ok).expect("a failure").detail;
    assert!(detail.contains("`categories_hat`") || detail.contains("`probabilities`"), "{detail}");
}

#[test]
fn categories_get_no_noise_and_are_never_far_outside_the_range() {
    let model = open(Kind::Dae, MissingCells::Refused);
    let rows = table_rows(60);
    for noise in ["gaussian:0.5", "masking:0.5", "salt-pepper:0.5"] {
        let mut noisy = rows.clone();
        let mut source = NoiseSource::of(noise.parse().expect("a noise"), model.manifest(), 3);
        source.apply(noisy.view_mut().into_dyn());
        for cell in 0..CELLS {
            assert_eq!(noisy.column(cell) == rows.column(cell), CATEGORIES.contains(&cell), "{noise}, cell {cell}");
        }
    }
    let fixture = modified_table(Kind::Ae, MissingCells::Refused, |draft| draft.manifest.sample.range = (-2.0, 2.25));
    let model = Autoencoder::open(fixture.path()).expect("a good bundle");
    let mut rows = table_rows(4);
    // Far outside the numbers, which the two categories share no range with.
    (rows[[1, CATEGORIES[0]]], rows[[2, CATEGORIES[1]]]) = (1000.0, 1000.0);
    assert_eq!(model.rows_far_outside(&rows), [0_usize; 0]);
    rows[[3, 1]] = 1000.0;
    assert_eq!(model.rows_far_outside(&rows), [3]);
}
