//! Layer-wise pretraining: one layer is trained at a time while the others stay fixed, training of the complete network
//! continues from there, and a deep sigmoid network reaches a lower loss than with random initial weights.

use std::ops::ControlFlow;

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Cadence, Event, Fitted, Options, PretrainedLayer, Run, TrainError,
    bundle::{Kind, Likelihood},
    data::Dataset,
    fit_in, fitted_in,
    options::{Activation, Binarize, Corruption, Kernels, OptimizerName, Pretrain},
};

use crate::interrupted::{checked, train_in_pieces, without_times};

/// Options of a network with layers of 32, 16 and 4 units.
fn stacked(kind: Kind) -> Options {
    Options { latent: Some(4), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![32, 16]);
        options.architecture.activation = Some(Activation::Sigmoid);
        options.code.latent_activation = Some(Activation::Sigmoid);
        options.pretrain.pretrain = Some(Pretrain::Layerwise);
        options.length.epochs = Some(2);
    })
}

/// The prefixes of the parameter names of each encoder layer and of its mirrored decoder layer.
const LAYERS: [[&str; 2]; 3] =
    [["encoder.0.", "decoder.logits."], ["encoder.1.", "decoder.1."], ["encoder.z.", "decoder.0."]];

/// Returns the model right after the pretraining of a layer.
fn after_layer(number: usize, options: &Options, data: &Dataset) -> Fitted {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = checked(options, data);
    let mut run = Run::create(folder.path(), &config, data, Cadence::default()).expect("an empty folder");
    let outcome = fit_in(&mut run, &config, data, &mut |event| match event {
        Event::Layer(layer) if layer.layer == number => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(outcome, Err(TrainError::Interrupted { .. })), "after layer {number}");
    fitted_in(&mut run, &config, data).expect("a checkpoint")
}

#[test]
fn pretraining_a_layer_changes_only_that_layer_and_building_the_complete_network_changes_none() {
    let data = digits();
    let averaged = stacked(Kind::Dae).with(|options| options.steps.average = Some(0.9));
    for options in [stacked(Kind::Ae), averaged, stacked(Kind::Ae).with(|options| options.code.tied = Some(true))] {
        let stages = [1, 2, 3].map(|number| after_layer(number, &options, &data).weights);
        for (before, (after, own)) in stages.iter().zip(stages[1..].iter().zip(&LAYERS[1..])) {
            for (name, array) in after {
                let is_own = own.iter().any(|layer| name.starts_with(layer));
                assert_eq!(*array != before[name], is_own, "{name} in {own:?}: {options:?}");
            }
        }
        // With this learning rate the joint training does not change any weight.
        let (learning_rate, pretrain_learning_rate) = (Some(1e-30), Some(0.001));
        let pretrained_only = options.with(|options| {
            options.schedule.learning_rate = learning_rate;
            options.pretrain.pretrain_learning_rate = pretrain_learning_rate;
        });
        assert!(fitted(&pretrained_only, &data).weights == stages[2], "{pretrained_only:?}");
    }
}

#[test]
fn the_loss_of_every_layer_decreases_and_its_last_value_is_reported() {
    let data = digits();
    for (activation, likelihood) in [
        (Activation::Sigmoid, Likelihood::Bernoulli),
        (Activation::Relu, Likelihood::Bernoulli),
        (Activation::Tanh, Likelihood::Gaussian),
    ] {
        for kind in [Kind::Ae, Kind::Dae] {
            let options = stacked(kind).with(|options| {
                options.architecture.activation = Some(activation);
                options.code.latent_activation = Some(activation);
                options.output.likelihood = Some(likelihood);
                options.pretrain.pretrain_epochs = Some(6);
                options.split.valid_fraction = Some(0.1);
            });
            let fitted = fitted(&options, &data);
            assert_eq!(fitted.history.len(), 3 * 6 + 2);
            let epochs: Vec<usize> = fitted.history.iter().map(|record| record.epoch).collect();
            assert!(epochs.iter().copied().eq(1..=20), "{epochs:?}");
            for (index, layer) in fitted.pretrained.iter().enumerate() {
                let records = &fitted.history[6 * index..6 * (index + 1)];
                assert!(records.iter().all(|record| record.layer == Some(index + 1)), "{records:?}");
                let losses: Vec<f64> = records.iter().map(|record| record.train.loss).collect();
                let valid_losses: Vec<f64> =
                    records.iter().filter_map(|record| Some(record.valid.as_ref()?.loss)).collect();
                for losses in [&losses, &valid_losses] {
                    assert!(losses.len() == 6 && losses[5] < losses[0], "{kind}, {activation}, {layer:?}: {losses:?}");
                }
                let widths = [(64, 32), (32, 16), (16, 4)][index];
                let PretrainedLayer { layer, inputs, outputs, epochs, loss, .. } = *layer;
                assert_eq!((layer, (inputs, outputs), epochs, loss), (index + 1, widths, 6, losses[5]));
                assert_eq!(fitted.metrics()[&format!("pretrain.layer{layer}.loss")], loss);
            }
            assert_eq!(fitted.pretrained.len(), 3);
            assert!(fitted.history[18..].iter().all(|record| record.layer.is_none()));
        }
    }
}

#[test]
fn a_pretrained_deep_sigmoid_network_starts_with_a_much_lower_loss() {
    let data = digits();
    let deep = Options { latent: Some(16), ..stacked(Kind::Ae) }.with(|options| {
        options.architecture.hidden = Some(vec![128, 64, 32]);
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.length.epochs = Some(1);
    });
    let pretrained = deep.clone().with(|options| {
        options.pretrain.pretrain_epochs = Some(30);
        options.pretrain.pretrain_learning_rate = Some(0.01);
    });
    let fresh = deep.with(|options| options.pretrain.pretrain = None);
    let first = |options: &Options| fitted(options, &data).history.last().expect("an epoch").train.loss;
    let (pretrained, fresh) = (first(&pretrained), first(&fresh));
    assert!(3.0 * pretrained < fresh, "{pretrained} with and {fresh} without pretraining");
}

/// Options that cover everything that a step of a stage can depend on.
fn runs() -> Vec<Options> {
    vec![
        stacked(Kind::Ae),
        stacked(Kind::Ae).with(|options| {
            options.pretrain.pretrain_epochs = Some(1);
            options.steps.average = Some(0.9);
            options.optimizer.optimizer = Some(OptimizerName::Sgd);
            options.schedule.learning_rate = Some(0.01);
            options.schedule.schedule = Some("one-cycle".parse().expect("a schedule"));
            options.schedule.warmup = Some(3);
            options.split.valid_fraction = Some(0.2);
            options.stopping.patience = Some(1);
        }),
        stacked(Kind::Dae).with(|options| {
            options.code.tied = Some(true);
            options.penalty.contractive = Some(0.01);
            options.penalty.l1 = Some(0.01);
            options.weights.l2 = Some(1e-4);
            options.corruption.corruption = Some(Corruption::Gaussian(0.2));
            options.steps.clip_norm = Some(0.5);
            options.binarize.binarize = Some(Binarize::Dynamic);
            options.architecture.activation = Some(Activation::Relu);
        }),
        stacked(Kind::Dae).with(|options| {
            options.architecture.hidden = Some(vec![]);
            options.kernels.kernels = Some(Kernels::Composed);
        }),
    ]
}

/// Returns the exported files and the manifest.
fn bytes(fitted: &Fitted, data: &Dataset) -> Vec<(&'static str, Vec<u8>)> {
    let export = fitted.export(data).expect("an export");
    let manifest = serde_json::to_vec(&export.manifest).expect("plain data");
    export.files.into_iter().chain([("manifest", manifest)]).collect()
}

#[test]
fn a_run_interrupted_at_any_step_ends_like_an_uninterrupted_run() {
    let data = digits();
    for options in runs() {
        let uninterrupted = fitted(&options, &data);
        // Epochs have 18 or 23 steps, so these interrupt in the middle of epochs and at their ends.
        for steps in [13, 23] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let pieces = train_in_pieces(&folder.path().join("run"), &options, &data, steps);
            assert!(bytes(&pieces, &data) == bytes(&uninterrupted, &data), "{steps}: {options:?}");
            assert_eq!(without_times(&pieces.history), without_times(&uninterrupted.history), "{steps}: {options:?}");
        }
    }
}

/// Trains a run to its end, interrupting and resuming it after every event that `is_selected` accepts. Also returns the
/// number of interruptions.
fn interrupted_at(options: &Options, data: &Dataset, is_selected: fn(&Event<'_>) -> bool) -> (Fitted, usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = checked(options, data);
    let path = folder.path().join("run");
    let mut run = Run::create(&path, &config, data, Cadence::default()).expect("a path that does not exist yet");
    // The limit ends a run that repeats its epochs without end.
    for interruptions in 0..50 {
        let outcome = fit_in(&mut run, &config, data, &mut |event| {
            if is_selected(event) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match outcome {
            Ok(fitted) => return (fitted, interruptions),
            Err(TrainError::Interrupted { .. }) => {
                drop(run);
                run = Run::resume(&path, &config, data, Cadence::default()).expect("a run").0;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the run has not finished after 50 pieces")
}

#[test]
fn a_run_interrupted_between_epochs_or_layers_ends_like_an_uninterrupted_run() {
    let data = digits();
    for options in runs() {
        let uninterrupted = fitted(&options, &data);
        let by_epoch = interrupted_at(&options, &data, |event| matches!(event, Event::Epoch(_)));
        let by_layer = interrupted_at(&options, &data, |event| matches!(event, Event::Layer(_)));
        // After the last epoch the run has ended.
        assert_eq!(
            (by_epoch.1, by_layer.1),
            (uninterrupted.history.len() - 1, uninterrupted.pretrained.len()),
            "{options:?}"
        );
        for (pieces, _) in [by_epoch, by_layer] {
            assert!(bytes(&pieces, &data) == bytes(&uninterrupted, &data), "{options:?}");
            assert_eq!(without_times(&pieces.history), without_times(&uninterrupted.history), "{options:?}");
        }
    }
}

#[test]
fn more_epochs_resume_a_run_without_repeating_the_pretraining() {
    let data = digits();
    let options = |epochs| {
        stacked(Kind::Ae).with(|options| {
            options.length.epochs = Some(epochs);
            options.pretrain.pretrain_epochs = Some(2);
        })
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    drop(train_in_pieces(&folder.path().join("run"), &options(1), &data, 1000));
    let resume = |epochs| {
        let config = checked(&options(epochs), &data);
        let (mut run, resumed) = Run::resume(folder.path().join("run"), &config, &data, Cadence::default())?;
        Ok::<_, TrainError>((resumed.finished, fit_in(&mut run, &config, &data, &mut |_| ControlFlow::Continue(()))?))
    };
    let (finished, longer) = resume(3).expect("more epochs");
    assert!(!finished && longer.weights == fitted(&options(3), &data).weights);
    let (finished, same) = resume(3).expect("nothing left to do");
    assert!(finished && same.weights == longer.weights);
    let error = resume(2).expect_err("three epochs are done").to_string();
    assert!(error.contains("`epochs` was 3, now 2, but 3 have already begun"), "{error}");
}
