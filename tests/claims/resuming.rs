//! A run that was broken off, in the middle of epochs and several times, ends where it would have ended.

use std::ops::ControlFlow;

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Binarize, Cadence, Corruption, KlWarmup, OptimizerName, Options, Run, TrainError, Variance,
    bundle::{Kind, Likelihood},
    fit_in, fitted_in,
};

use crate::interrupted::{checked, every, go_on, in_pieces, timeless};

/// Every kind, and everything that a step can depend on.
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
fn a_run_in_pieces_gives_the_very_model_history_and_figures_of_one_in_a_piece() {
    let data = digits();
    for options in runs() {
        let whole = fitted(&options, &data);
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Epochs have 18 or 23 steps.
        let pieces = in_pieces(&folder.path().join("run"), &options, &data, 13);
        assert!(pieces.weights == whole.weights, "{options:?}");
        assert_eq!(timeless(&pieces.history), timeless(&whole.history), "{options:?}");
        assert_eq!((pieces.metrics(), &pieces.progress), (whole.metrics(), &whole.progress), "{options:?}");
        let bytes = |fitted: &narrows_trainer::Fitted| fitted.export(&data).expect("an export").files;
        assert!(bytes(&pieces) == bytes(&whole), "{options:?}");
    }
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_end() {
    let data = digits();
    let options = &runs()[5];
    let config = checked(options, &data);
    let whole = fitted(options, &data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, every(5)).expect("an empty folder");
    go_on(&mut run, &config, &data, 40).expect_err("broken off");
    drop(run);
    // As if the process had been killed after step 39: what it saved on its way is all that there is.
    let checkpoints = folder.path().join("checkpoints");
    std::fs::remove_file(checkpoints.join("step-000000040.safetensors")).expect("saved when it was broken off");
    let (mut run, resumed) = Run::resume(folder.path(), &config, &data, every(5)).expect("a run");
    assert_eq!((resumed.step, resumed.epoch), (35, 1));
    assert_eq!(run.history().len(), 1, "what comes after the checkpoint happens again");
    let again = go_on(&mut run, &config, &data, u64::MAX).expect("the end");
    assert!(again.weights == whole.weights);
    assert_eq!(timeless(&again.history), timeless(&whole.history));
}

#[test]
fn an_open_run_can_be_gone_on_with_or_looked_at_where_it_stands() {
    let data = digits();
    let options = &runs()[0];
    let config = checked(options, &data);
    let whole = fitted(options, &data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    assert!(fitted_in(&mut run, &config, &data).expect_err("no step was made").to_string().contains("no model"));
    go_on(&mut run, &config, &data, 30).expect_err("broken off");
    let standing = fitted_in(&mut run, &config, &data).expect("a model");
    let progress = standing.progress.expect("it is being trained");
    assert_eq!((progress.steps, progress.epochs, progress.finished, standing.history.len()), (30, 1, false, 1));
    assert!(standing.weights != whole.weights);
    let end = go_on(&mut run, &config, &data, u64::MAX).expect("the end");
    assert!(end.weights == whole.weights);
    assert_eq!(timeless(&end.history), timeless(&whole.history));
}

#[test]
fn a_finished_run_makes_no_more_steps_and_more_epochs_reopen_it() {
    let data = digits();
    let options = |epochs| runs()[0].clone().with(|options| options.length.epochs = Some(epochs));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let short = in_pieces(&folder.path().join("run"), &options(2), &data, 100);
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
    let more = go_on(&mut run, &config, &data, u64::MAX).expect("the end");
    assert!(more.weights == fitted(&options(3), &data).weights);
    drop(run);
    let error = reopened(2).expect_err("three epochs are done").to_string();
    assert!(error.contains("`epochs` was 3, now 2, with 3 begun"), "{error}");
}

#[test]
fn fewer_epochs_end_a_run_where_it_stands() {
    let data = digits();
    let options = |epochs| runs()[0].clone().with(|options| options.length.epochs = Some(epochs));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = checked(&options(4), &data);
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    let broken = fit_in(&mut run, &config, &data, &mut |event| match event {
        narrows_trainer::Event::Epoch(record) if record.epoch == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(broken, Err(TrainError::Interrupted { epoch: 2, step: 46 })));
    drop(run);
    let config = checked(&options(2), &data);
    let (mut run, resumed) = Run::resume(folder.path(), &config, &data, Cadence::default()).expect("two are done");
    assert!(resumed.finished);
    let fewer = go_on(&mut run, &config, &data, u64::MAX).expect("nothing left to do");
    assert!(fewer.weights == fitted(&options(2), &data).weights);
}

#[test]
fn a_solution_in_closed_form_is_kept() {
    let data = digits();
    let options = Options { latent: Some(5), ..Options::new(Kind::Pca) };
    let config = checked(&options, &data);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = Run::create(folder.path(), &config, &data, Cadence::default()).expect("an empty folder");
    let solved = go_on(&mut run, &config, &data, u64::MAX).expect("a solution");
    drop(run);
    let (mut run, resumed) = Run::resume(folder.path(), &config, &data, Cadence::default()).expect("a run");
    assert!(resumed.finished);
    let file = resumed.checkpoint.expect("it was saved");
    let written = || std::fs::metadata(&file).and_then(|file| file.modified()).expect("a file");
    let before = written();
    let kept = go_on(&mut run, &config, &data, u64::MAX).expect("a solution");
    assert!(kept.weights == solved.weights && kept.explained_variance_ratio == solved.explained_variance_ratio);
    assert_eq!(written(), before, "nothing is solved again");
}
