//! A run ends in an error when a value becomes infinite or NaN. The error says where, and earlier checkpoints stay
//! valid.

use std::ops::ControlFlow;

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Cadence, Options, Run, TrainError,
    bundle::{Kind, Likelihood},
    data::{Dataset, Part, Values},
    fit,
    options::{ArchitectureName, OptimizerName},
};
use ndarray::Array2;

use crate::interrupted::{checked, every, train_steps};

/// Trains a model that diverges, and returns the part, layer, step and epoch of the error.
fn diverged(options: &Options, data: &Dataset) -> (String, Option<String>, u64, usize) {
    let config = checked(options, data);
    let outcome = fit(&config, data, &mut |_| ControlFlow::Continue(()));
    match outcome.map(|fitted| fitted.metrics()) {
        Err(TrainError::Diverged { part, layer, value, step, epoch }) => {
            assert!(!value.is_finite(), "{value}");
            (part, layer, step, epoch)
        }
        Err(error) => panic!("{error}"),
        Ok(metrics) => panic!("training did not diverge: {metrics:?}"),
    }
}

fn sgd(kind: Kind, learning_rate: f64) -> Options {
    Options::new(kind).with(|options| {
        options.optimizer.optimizer = Some(OptimizerName::Sgd);
        options.optimizer.sgd.momentum = Some(0.0);
        options.schedule.learning_rate = Some(learning_rate);
        options.architecture.hidden = Some(vec![8]);
        options.length.epochs = Some(3);
    })
}

/// Creates a data set without a test part.
fn table(values: Array2<f32>) -> Dataset {
    let (low, high) = values.iter().fold((0f32, 0f32), |(low, high), &value| (low.min(value), high.max(value)));
    Dataset {
        name: "table".to_owned(),
        sample_shape: vec![values.ncols()],
        sample_kind: narrows_data::SampleKind::default(),
        date_columns: None,
        table: None,
        notes: narrows_data::Notes::default(),
        range: (low, high),
        columns: None,
        fill: None,
        valid: None,
        train: Part { values: Values::F32(values), labels: None },
        test: None,
        classes: None,
    }
}

#[test]
fn an_overflow_of_the_loss_is_reported_with_its_part_and_the_first_layer() {
    let data = digits();
    for kind in [Kind::Ae, Kind::Vae] {
        let options = sgd(kind, 1e15).with(|options| options.output.likelihood = Some(Likelihood::Gaussian));
        let expected = ("the reconstruction".to_owned(), Some("decoder.0".to_owned()), 2, 1);
        assert_eq!(diverged(&options, &data), expected, "{kind}");
    }
}

#[test]
fn an_overflow_of_the_gradient_is_reported_although_the_loss_is_finite() {
    // After standardisation, one row is 5 in every column and the others are -0.2. The gradient, 5 times the weight of
    // sum|z|, overflows 32-bit floats. The loss, sum|z| times its weight, does not for these initial weights.
    let data = table(Array2::from_shape_fn((26, 2), |(row, _)| if row == 11 { 100.0 } else { 0.0 }));
    let options = Options { latent: Some(1), ..sgd(Kind::Ae, 1e-44) }.with(|options| {
        options.architecture.hidden = Some(vec![]);
        options.penalty.l1 = Some(1e38);
        options.steps.batch_size = Some(1);
        options.split.valid_fraction = Some(0.0);
    });
    let (part, layer, step, epoch) = diverged(&options, &data);
    assert_eq!((part.as_str(), layer.as_deref(), epoch), ("gradient of the l1", Some("encoder.z"), 1), "step {step}");
}

#[test]
fn an_overflow_of_a_weight_in_the_last_step_is_reported_although_every_loss_is_finite() {
    let data = digits();
    let options = sgd(Kind::Ae, 3e38).with(|options| {
        options.steps.batch_size = Some(data.train.values.rows());
        options.output.likelihood = Some(Likelihood::Gaussian);
    });
    let (part, layer, step, epoch) = diverged(&options, &data);
    assert_eq!((part.as_str(), layer.as_deref(), step, epoch), ("a weight", Some("decoder.0"), 1, 1));
}

#[test]
fn an_overflow_of_the_validation_loss_is_reported_with_its_epoch() {
    let values = Array2::from_shape_fn((40, 3), |(row, column)| ((row * 3 + column) as f32).sin());
    let options = sgd(Kind::Ae, 1e-3).with(|options| {
        options.split.valid_fraction = Some(0.2);
        options.stopping.patience = Some(2);
    });
    let valid_rows = fitted(&options, &table(values.clone())).valid_rows;
    let mut with_outlier = values;
    with_outlier[(valid_rows[0], 1)] = 1e25;
    let (part, layer, step, epoch) = diverged(&options, &table(with_outlier));
    assert_eq!((part.as_str(), layer, step, epoch), ("the loss of the validation rows", None, 1, 1));
}

#[test]
fn a_loss_that_stays_finite_but_ends_far_above_that_of_the_untrained_network_is_reported() {
    let data = digits();
    let options = Options::new(Kind::Vae).with(|options| {
        options.architecture.architecture = Some(ArchitectureName::Conv);
        options.architecture.filters = Some(vec![8, 8]);
        options.schedule.learning_rate = Some(1000.0);
        options.length.epochs = Some(1);
    });
    let outcome = fit(&checked(&options, &data), &data, &mut |_| ControlFlow::Continue(()));
    let error = outcome.map(|fitted| fitted.metrics()).expect_err("diverged");
    assert!(matches!(&error, TrainError::Diverged { value, .. } if value.is_finite() && *value > 1e6), "{error}");
    let text = error.to_string();
    assert!(text.contains("before training, became") && text.contains("lower the learning rate"), "{text}");
}

#[test]
fn checkpoints_stay_valid_when_training_diverges_and_the_last_is_of_the_step_before() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The learning rate increases with every step until it is too high.
    let options = sgd(Kind::Ae, 3.0).with(|options| {
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.schedule.warmup = Some(60);
    });
    let config = checked(&options, &data);
    let train = |run: &mut Run| train_steps(run, &config, &data, u64::MAX).map(|fitted| fitted.metrics());
    let mut run = Run::create(folder.path(), &config, &data, every(1)).expect("an empty folder");
    let first = train(&mut run).expect_err("the learning rate is too high").to_string();
    drop(run);
    let (mut run, resumed) = Run::resume(folder.path(), &config, &data, Cadence::default()).expect("a run");
    assert!(resumed.passed_over.is_empty() && resumed.step > 1, "{resumed:?}");
    assert!(first.contains(&format!("diverged at step {}", resumed.step + 1)), "{first} after step {}", resumed.step);
    assert_eq!(train(&mut run).expect_err("the same error").to_string(), first);
}
