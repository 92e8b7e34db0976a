//! Training on mixed tables: what is learnt, what counts, and what is exported.

use std::ops::ControlFlow;

use narrows_bundle::Kind;
use narrows_data::{
    Dataset, Part, Values,
    table::{Column, ColumnKind, MissingCells, Schema, Stored},
};
use ndarray::Array2;

use crate::{
    Cadence, Config, Event, Fitted, Options, Run, fit, fit_in,
    transfer::{encoder_of, encoder_weights},
};

/// A table of 600 rows: a wave, its sign as a category of three levels, the size of the wave as an ordered category,
/// a count, and a number with heavy tails.
pub(crate) fn waves(missing: MissingCells) -> Dataset {
    let levels = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
    let columns = vec![
        column("sign", ColumnKind::Category { levels: levels(&["negative", "zero", "positive"]) }, Stored::Text),
        column("wave", ColumnKind::Number { decimals: None }, Stored::Float64),
        column("visits", ColumnKind::Count, Stored::Int64),
        column("size", ColumnKind::Ordered { levels: levels(&["small", "medium", "large", "huge"]) }, Stored::Text),
        column("price", ColumnKind::HeavyTailed { decimals: None }, Stored::Float64),
    ];
    let mut values = Array2::from_shape_fn((600, 5), |(row, cell)| {
        let wave = (row as f32 * 0.37).sin();
        match cell {
            0 => 2.0 + if wave.abs() < 0.1 { 0.0 } else { wave.signum() },
            1 => 10.0 + 3.0 * wave,
            2 => ((2.0 + 1.5 * wave).exp()).round() + (row % 3) as f32,
            3 => 1.0 + (wave.abs() * 3.99).floor(),
            _ => 5.0 * wave + if row % 50 == 0 { 200.0 } else { 0.0 },
        }
    });
    if missing == MissingCells::Masked {
        values.indexed_iter_mut().filter(|((row, cell), _)| (row * 7 + cell * 3) % 11 == 0).for_each(|(_, value)| {
            *value = f32::NAN;
        });
    }
    let schema = Schema { columns, missing };
    let columns = schema.cells().into_iter().map(|cell| cell.name).collect();
    let labels = (0..600).map(|row| u32::from(row % 2 == 0)).collect();
    Dataset {
        name: "waves".to_owned(),
        sample_shape: vec![5],
        sample_kind: narrows_data::SampleKind::default(),
        range: (-5.0, 205.0),
        columns: Some(columns),
        fill: None,
        date_columns: None,
        table: Some(schema),
        train: Part { values: Values::F32(values), labels: Some(labels) },
        valid: None,
        test: None,
        classes: Some(vec!["odd".to_owned(), "even".to_owned()]),
        notes: narrows_data::Notes::default(),
    }
}

pub(crate) fn fitted(kind: Kind, data: &Dataset, change: impl FnOnce(&mut Options)) -> Fitted {
    let options = Options::new(kind).with(|options| {
        options.latent = Some(3);
        options.architecture.hidden = Some(vec![32]);
        options.length.epochs = Some(40);
        change(options);
    });
    let config = Config::check(&options, data).expect("valid options");
    fit(&config, data, &mut |_| ControlFlow::Continue(())).expect("finite losses")
}

#[test]
fn every_kind_that_is_trained_reconstructs_a_category_that_is_a_function_of_a_number_and_exports_a_bundle() {
    for missing in [MissingCells::Refused, MissingCells::Masked] {
        let data = waves(missing);
        for kind in [Kind::Ae, Kind::Dae, Kind::Wae, Kind::Vae, Kind::Cvae] {
            let model = fitted(kind, &data, |_| {});
            let table = model.train.table.clone().expect("a mixed table");
            let accuracy = table.accuracy.expect("two categories");
            println!("{kind} {missing:?}: loss {:.3} mse {:.3} {table:?}", model.train.loss, model.train.mse);
            // The most frequent levels of both categories are right in about 0.4 of the cells.
            assert!(accuracy > 0.7, "{kind} {missing:?}: {accuracy}");
            let folder = tempfile::tempdir().expect("a temporary folder");
            let export = model.export(&data).expect("a bundle");
            let bundle = export.write(folder.path().join("bundle")).expect("a consistent manifest");
            drop(bundle);
        }
    }
}

#[test]
fn masked_training_fills_gaps_better_than_the_mean() {
    let data = waves(MissingCells::Masked);
    let model = fitted(Kind::Ae, &data, |_| {});
    let complete = waves(MissingCells::Refused);
    let values = complete.train.values.to_f32().expect("in memory");
    // Every wave is hidden; it follows from the sign, the size and the visits.
    let mut hidden = values.to_owned();
    hidden.column_mut(1).fill(f32::NAN);
    let parameters =
        crate::candle::Parameters::from_weights(&model.weights, &candle_core::Device::Cpu).expect("small weights");
    let network = model.core.network(&parameters, &model.config);
    let rows: Vec<usize> = (0..600).collect();
    let x = crate::samples::scaled(&Values::F32(hidden), &rows, &model.scaling, None).expect("in memory");
    let code = network.encode(&x, None).expect("cells").remove(0);
    let logits = network.decode(&code, None).and_then(|logits| logits.to_vec2::<f32>()).expect("logits");
    let scaled = |row: usize| (values[(row, 1)] - model.scaling.offset[1]) / model.scaling.scale[1];
    // The first logit is that of the first number, the wave. The mean has an error of 1.
    let error: f32 = rows.iter().map(|&row| (logits[row][0] - scaled(row)).powi(2)).sum::<f32>() / 600.0;
    assert!(error < 0.3, "{error}");
}

#[test]
fn the_shares_of_the_cells_sum_to_1_and_a_constant_has_the_error_of_a_unit_normal() {
    for (kind, of_unit) in [(Kind::Ae, 1.0), (Kind::Vae, 0.5 * (1.0 + (2.0 * std::f64::consts::PI).ln()))] {
        let model = fitted(kind, &waves(MissingCells::Masked), |options| options.length.epochs = Some(1));
        let figures = model.train.table.as_ref().expect("a mixed table");
        let shares: f64 = figures.cells.iter().filter_map(|cell| cell.share).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{shares}");
        let wave = figures.cells.iter().find(|cell| cell.name == "wave").expect("a column");
        assert!((wave.baseline - of_unit).abs() < 1e-3, "{kind}: {wave:?}");
        assert!(model.metrics().contains_key("train.column.wave.error"), "{:?}", model.metrics());
    }
}

#[test]
fn a_resumed_run_has_the_weights_of_an_uninterrupted_one() {
    let data = waves(MissingCells::Masked);
    let options = Options::new(Kind::Vae).with(|options| {
        options.latent = Some(3);
        options.length.epochs = Some(4);
    });
    let config = Config::check(&options, &data).expect("valid options");
    let whole = fit(&config, &data, &mut |_| ControlFlow::Continue(())).expect("finite losses");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    let outcome = fit_in(&mut run, &config, &data, &mut |event| match event {
        Event::Epoch(record) if record.epoch == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(outcome.is_err(), "the run is interrupted");
    drop(run);
    let (mut run, _) = Run::resume(folder.path(), &config, &data, Cadence::default()).expect("two epochs are done");
    let resumed = fit_in(&mut run, &config, &data, &mut |_| ControlFlow::Continue(())).expect("finite losses");
    assert!(resumed.weights == whole.weights);
}

#[test]
fn the_encoder_of_a_bundle_is_rebuilt_with_its_weights() {
    let data = waves(MissingCells::Masked);
    let model = fitted(Kind::Ae, &data, |options| options.length.epochs = Some(2));
    let export = model.export(&data).expect("a bundle");
    let file = export.files.iter().find(|(name, _)| *name == narrows_bundle::WEIGHTS).expect("weights");
    let encoder = encoder_of(&export.manifest).expect("a readable configuration");
    assert_eq!(encoder, model.core.encoder);
    let weights = encoder_weights(&encoder, &file.1).expect("complete weights");
    assert!(weights.iter().all(|(name, values)| model.weights.get(name) == Some(values)));
    assert!(weights.contains_key("encoder.table.log_mean"), "{:?}", weights.keys());
}

#[test]
fn options_that_a_mixed_table_does_not_take_are_refused_with_a_sentence() {
    let data = waves(MissingCells::Refused);
    let keys = |kind, change: fn(&mut Options)| -> Vec<String> {
        match Config::check(&Options::new(kind).with(change), &data) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.into_iter().map(|problem| problem.key).collect(),
        }
    };
    assert_eq!(keys(Kind::Ae, |_| {}), Vec::<String>::new());
    assert!(keys(Kind::Pca, |_| {}).contains(&"kind".to_owned()));
    type Change = fn(&mut Options);
    let cases: [(Kind, &str, Change); 9] = [
        (Kind::Ae, "likelihood", |options| options.output.likelihood = Some(narrows_bundle::Likelihood::Gaussian)),
        (Kind::Ae, "output_link", |options| options.output.output_link = Some(narrows_bundle::Link::Sigmoid)),
        (Kind::Vae, "prior", |options| options.prior.prior = "vamp:10".parse().ok()),
        (Kind::Ae, "contractive", |options| options.penalty.contractive = Some(0.1)),
        (Kind::Ae, "tied", |options| options.code.tied = Some(true)),
        (Kind::Ae, "scale", |options| options.scaling.scale = Some(crate::options::Scale::Unit)),
        (Kind::Ae, "masking", |options| options.masking.masking = Some(1.5)),
        (Kind::Dae, "corruption", |options| options.corruption.corruption = "salt-pepper:0.1".parse().ok()),
        (Kind::Ae, "pretrain", |options| options.pretrain.pretrain = Some(crate::Pretrain::Layerwise)),
    ];
    for (kind, key, change) in cases {
        assert!(keys(kind, change).contains(&key.to_owned()), "{key}: {:?}", keys(kind, change));
    }
}

#[test]
fn the_recorded_options_give_the_same_configuration() {
    for kind in [Kind::Ae, Kind::Vae] {
        let data = waves(MissingCells::Masked);
        let config = Config::check(&Options::new(kind), &data).expect("valid options");
        let again = Config::check(&config.effective(), &data).expect("valid options");
        assert_eq!(again, config);
    }
}
