//! A run that is interrupted, also several times and in the middle of epochs, ends with the same result as an
//! uninterrupted run.

use std::ops::ControlFlow;

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Cadence, Options, Run, TrainError,
    bundle::{Kind, Likelihood},
    fit_in, fitted_in,
    options::{
        ArchitectureName, Augmentation, Binarize, Corruption, KlWarmup, LatentPrior, Normalisation, OptimizerName,
        Variance,
    },
};

use crate::interrupted::{checked, every, train_in_pieces, train_steps, without_times};

/// Options that cover every kind and everything that a step can depend on.
fn runs() -> Vec<Options> {
    let short = |kind| {
        Options { latent: Some(3), ..Options::new(kind) }.with(|options| {
            options.architecture.hidden = Some(vec![8]);
            options.length.epochs = Some(4);
        })
    };
    let sgd = Some(OptimizerName::Sgd);
    vec![
        short(Kind::Ae),
        short(Kind::Ae).with(|options| {
            options.optimizer.optimizer = sgd;
            options.optimizer.sgd.nesterov = Some(true);
            options.schedule.learning_rate = Some(0.01);
            options.steps.average = Some(0.99);
        }),
        short(Kind::Ae).with(|options| {
            options.code.tied = Some(true);
            options.penalty.l1 = Some(0.01);
            options.penalty.contractive = Some(0.01);
            options.weights.l2 = Some(1e-4);
        }),
        short(Kind::Dae).with(|options| {
            options.corruption.corruption = Some(Corruption::SaltAndPepper(0.2));
            options.optimizer.optimizer = Some(OptimizerName::AdamW);
            options.steps.clip_norm = Some(0.5);
        }),
        short(Kind::Dae).with(|options| {
            options.augmentation.augment = Some(vec![
                Augmentation::Flip,
                Augmentation::Shift(2),
                Augmentation::Crop(3),
                Augmentation::Rotate(10.0),
            ]);
            options.architecture.architecture = Some(ArchitectureName::Conv);
            options.architecture.filters = Some(vec![3]);
            options.length.epochs = Some(2);
        }),
        short(Kind::Vae).with(|options| {
            options.binarize.binarize = Some(Binarize::Dynamic);
            options.divergence.kl_warmup = Some(KlWarmup::Cyclical { epochs: 1.5, rise: 0.5 });
            options.schedule.schedule = Some("one-cycle".parse().expect("a schedule"));
            options.schedule.warmup = Some(7);
        }),
        short(Kind::Vae).with(|options| {
            options.output.likelihood = Some(Likelihood::Gaussian);
            options.variance.variance = Some(Variance::Learned);
            options.steps.average = Some(0.9);
            options.split.valid_fraction = Some(0.2);
        }),
        short(Kind::Cvae).with(|options| {
            options.prior.prior = Some(LatentPrior::Vamp { components: 13 });
            options.bound.importance_samples = Some(2);
            options.steps.average = Some(0.9);
        }),
        short(Kind::Cvae).with(|options| {
            options.architecture.architecture = Some(ArchitectureName::Conv);
            options.architecture.filters = Some(vec![3, 4]);
            options.length.epochs = Some(2);
            options.steps.average = Some(0.9);
        }),
        short(Kind::Vae).with(|options| {
            options.architecture.architecture = Some(ArchitectureName::Resnet);
            options.architecture.normalisation = Some(Normalisation::Batch);
            options.architecture.filters = Some(vec![3]);
            options.length.epochs = Some(2);
            options.steps.average = Some(0.9);
        }),
        short(Kind::Ae).with(|options| {
            options.architecture.normalisation = Some(Normalisation::Batch);
            // The last batch of an epoch has a single row.
            options.steps.batch_size = Some(359);
        }),
        short(Kind::Vae).with(|options| {
            options.bound.importance_samples = Some(3);
            options.binarize.binarize = Some(Binarize::Static);
        }),
        short(Kind::Cvae).with(|options| {
            options.split.valid_fraction = Some(0.2);
            options.stopping.patience = Some(2);
            options.schedule.schedule = Some("step:2:1e-20".parse().expect("a schedule"));
            options.length.epochs = Some(30);
            options.divergence.free_bits = Some(0.1);
        }),
    ]
}

#[test]
fn an_interrupted_run_gives_the_same_model_history_and_metrics_as_an_uninterrupted_run() {
    let data = digits();
    for options in runs() {
        let uninterrupted = fitted(&options, &data);
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Epochs have 18 or 23 steps.
        let pieces = train_in_pieces(&folder.path().join("run"), &options, &data, 13);
        assert!(pieces.weights == uninterrupted.weights, "{options:?}");
        assert_eq!(without_times(&pieces.history), without_times(&uninterrupted.history), "{options:?}");
        assert_eq!(
            (pieces.metrics(), &pieces.progress),
            (uninterrupted.metrics(), &uninterrupted.progress),
            "{options:?}"
        );
        let bytes = |fitted: &narrows_trainer::Fitted| fitted.export(&data).expect("an export").files;
        assert!(bytes(&pieces) == bytes(&uninterrupted), "{options:?}");
    }
}

#[test]
fn a_killed_run_resumes_from_its_last_checkpoint_to_the_same_result() {
    let data = digits();
    let options = &runs()[6];
    let config = checked(options, &data);
    let uninterrupted = fitted(options, &data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, every(5)).expect("an empty folder");
    train_steps(&mut run, &config, &data, 40).expect_err("interrupted");
    drop(run);
    // Without this checkpoint, the folder is that of a process that was killed after step 39.
    let checkpoints = folder.path().join("checkpoints");
    std::fs::remove_file(checkpoints.join("step-000000040.safetensors")).expect("saved when the run was interrupted");
    let (mut run, resumed) = Run::resume(folder.path(), &config, &data, every(5)).expect("a run");
    assert_eq!((resumed.step, resumed.epoch), (35, 1));
    assert_eq!(run.history().len(), 1, "epochs after the checkpoint are repeated");
    let resumed = train_steps(&mut run, &config, &data, u64::MAX).expect("the end");
    assert!(resumed.weights == uninterrupted.weights);
    assert_eq!(without_times(&resumed.history), without_times(&uninterrupted.history));
}

#[test]
fn an_interrupted_run_can_be_inspected_and_continued_without_reopening() {
    let data = digits();
    let options = &runs()[0];
    let config = checked(options, &data);
    let uninterrupted = fitted(options, &data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    assert!(fitted_in(&mut run, &config, &data).expect_err("no step was taken").to_string().contains("no model"));
    train_steps(&mut run, &config, &data, 30).expect_err("interrupted");
    let current = fitted_in(&mut run, &config, &data).expect("a model");
    let progress = current.progress.expect("a trained model has progress");
    assert_eq!((progress.steps, progress.epochs, progress.finished, current.history.len()), (30, 1, false, 1));
    assert!(current.weights != uninterrupted.weights);
    let end = train_steps(&mut run, &config, &data, u64::MAX).expect("the end");
    assert!(end.weights == uninterrupted.weights);
    assert_eq!(without_times(&end.history), without_times(&uninterrupted.history));
}

#[test]
fn a_finished_run_takes_no_more_steps_unless_it_gets_more_epochs() {
    let data = digits();
    let options = |epochs| runs()[0].clone().with(|options| options.length.epochs = Some(epochs));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let short = train_in_pieces(&folder.path().join("run"), &options(2), &data, 100);
    let reopened = |epochs| Run::resume(folder.path().join("run"), &checked(&options(epochs), &data), &data, every(0));
    let (mut run, resumed) = reopened(2).expect("the same run");
    assert!(resumed.finished);
    let config = checked(&options(2), &data);
    let same = fit_in(&mut run, &config, &data, &mut |_| ControlFlow::Continue(())).expect("nothing left to do");
    assert!(same.weights == short.weights && same.history == short.history);
    drop(run);
    let (mut run, resumed) = reopened(3).expect("one epoch more");
    assert!(!resumed.finished);
    let config = checked(&options(3), &data);
    let more = train_steps(&mut run, &config, &data, u64::MAX).expect("the end");
    assert!(more.weights == fitted(&options(3), &data).weights);
    drop(run);
    let error = reopened(2).expect_err("three epochs are done").to_string();
    assert!(error.contains("`epochs` was 3, now 2, but 3 have already begun"), "{error}");
}

#[test]
fn fewer_epochs_end_a_run_at_its_current_epoch() {
    let data = digits();
    let options = |epochs| runs()[0].clone().with(|options| options.length.epochs = Some(epochs));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = checked(&options(4), &data);
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    let outcome = fit_in(&mut run, &config, &data, &mut |event| match event {
        narrows_trainer::Event::Epoch(record) if record.epoch == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(outcome, Err(TrainError::Interrupted { epoch: 2, step: 46 })));
    drop(run);
    let config = checked(&options(2), &data);
    let (mut run, resumed) =
        Run::resume(folder.path(), &config, &data, Cadence::default()).expect("two epochs are done");
    assert!(resumed.finished);
    let fewer = train_steps(&mut run, &config, &data, u64::MAX).expect("nothing left to do");
    assert!(fewer.weights == fitted(&options(2), &data).weights);
}

#[test]
fn a_closed_form_solution_is_saved_and_not_computed_again() {
    let data = digits();
    let options = Options { latent: Some(5), ..Options::new(Kind::Pca) };
    let config = checked(&options, &data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    let solved = train_steps(&mut run, &config, &data, u64::MAX).expect("a solution");
    drop(run);
    let (mut run, resumed) = Run::resume(folder.path(), &config, &data, Cadence::default()).expect("a run");
    assert!(resumed.finished);
    let file = resumed.checkpoint.expect("a checkpoint");
    let modified = || std::fs::metadata(&file).and_then(|file| file.modified()).expect("a file");
    let before = modified();
    let reloaded = train_steps(&mut run, &config, &data, u64::MAX).expect("a solution");
    assert!(reloaded.weights == solved.weights && reloaded.explained_variance_ratio == solved.explained_variance_ratio);
    assert_eq!(modified(), before, "the checkpoint was written again");
}
