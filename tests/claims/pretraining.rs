//! Layer-wise pretraining: every layer learns alone, nothing else moves meanwhile, the whole goes on from there,
//! and a deep network of sigmoids begins where a fresh one does not get to.

use std::ops::ControlFlow;

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Activation, Binarize, Cadence, Corruption, Event, Fitted, Kernels, OptimizerName, Options, Pretrain,
    PretrainedLayer, Run, TrainError,
    bundle::{Kind, Likelihood},
    data::Dataset,
    fit_in, fitted_in,
};

use crate::interrupted::{checked, in_pieces, timeless};

/// Three layers, of 32, 16 and 4 numbers.
fn stacked(kind: Kind) -> Options {
    Options { latent: Some(4), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![32, 16]);
        options.architecture.activation = Some(Activation::Sigmoid);
        options.code.latent_activation = Some(Activation::Sigmoid);
        options.pretrain.pretrain = Some(Pretrain::Layerwise);
        options.length.epochs = Some(2);
    })
}

/// The parameters of each layer and its mirror image, by what their names begin with.
const LAYERS: [[&str; 2]; 3] =
    [["encoder.0.", "decoder.logits."], ["encoder.1.", "decoder.1."], ["encoder.z.", "decoder.0."]];

/// The model as it stands right after a layer's pretraining.
fn after_layer(number: usize, options: &Options, data: &Dataset) -> Fitted {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = checked(options, data);
    let mut run = Run::create(folder.path(), &config, data, Cadence::default()).expect("an empty folder");
    let broken = fit_in(&mut run, &config, data, &mut |event| match event {
        Event::Layer(layer) if layer.layer == number => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(broken, Err(TrainError::Interrupted { .. })), "after layer {number}");
    fitted_in(&mut run, &config, data).expect("it was saved")
}

#[test]
fn the_pretraining_of_a_layer_moves_that_layer_and_no_other_and_unrolling_moves_none() {
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
        // Steps too short to move anything.
        let (learning_rate, pretrain_learning_rate) = (Some(1e-30), Some(0.001));
        let standing = options.with(|options| {
            options.schedule.learning_rate = learning_rate;
            options.pretrain.pretrain_learning_rate = pretrain_learning_rate;
        });
        assert!(fitted(&standing, &data).weights == stages[2], "{standing:?}");
    }
}

#[test]
fn the_loss_of_every_layer_falls_and_its_last_one_is_told() {
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
                let held_out: Vec<f64> =
                    records.iter().filter_map(|record| Some(record.valid.as_ref()?.loss)).collect();
                for losses in [&losses, &held_out] {
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
fn a_deep_network_of_sigmoids_begins_far_below_a_fresh_one() {
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
    assert!(3.0 * pretrained < fresh, "{pretrained} against {fresh}");
}

/// What a step of a stage can depend on.
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

fn bytes(fitted: &Fitted, data: &Dataset) -> Vec<(&'static str, Vec<u8>)> {
    let export = fitted.export(data).expect("an export");
    let manifest = serde_json::to_vec(&export.manifest).expect("plain data");
    export.files.into_iter().chain([("manifest", manifest)]).collect()
}

#[test]
fn a_run_in_pieces_ends_as_one_in_a_piece_wherever_it_is_broken_off() {
    let data = digits();
    for options in runs() {
        let whole = fitted(&options, &data);
        // In the middle of epochs, which have 18 or 23 steps, and right before their ends.
        for steps in [13, 23] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let pieces = in_pieces(&folder.path().join("run"), &options, &data, steps);
            assert!(bytes(&pieces, &data) == bytes(&whole, &data), "{steps}: {options:?}");
            assert_eq!(timeless(&pieces.history), timeless(&whole.history), "{steps}: {options:?}");
        }
    }
}

/// The end of a run that is broken off after every event that is `chosen`, and opened again; and how often it was.
fn broken_off(options: &Options, data: &Dataset, chosen: fn(&Event<'_>) -> bool) -> (Fitted, usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = checked(options, data);
    let path = folder.path().join("run");
    let mut run = Run::create(&path, &config, data, Cadence::default()).expect("a free place");
    // A run that does its epochs again and again would never end.
    for times in 0..50 {
        let outcome = fit_in(&mut run, &config, data, &mut |event| {
            if chosen(event) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match outcome {
            Ok(fitted) => return (fitted, times),
            Err(TrainError::Interrupted { .. }) => {
                drop(run);
                run = Run::resume(&path, &config, data, Cadence::default()).expect("a run").0;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("still not at its end after 50 pieces")
}

#[test]
fn a_run_that_is_broken_off_between_epochs_or_between_layers_ends_as_one_in_a_piece() {
    let data = digits();
    for options in runs() {
        let whole = fitted(&options, &data);
        let by_epoch = broken_off(&options, &data, |event| matches!(event, Event::Epoch(_)));
        let by_layer = broken_off(&options, &data, |event| matches!(event, Event::Layer(_)));
        // The last epoch ends the run.
        assert_eq!((by_epoch.1, by_layer.1), (whole.history.len() - 1, whole.pretrained.len()), "{options:?}");
        for (pieces, _) in [by_epoch, by_layer] {
            assert!(bytes(&pieces, &data) == bytes(&whole, &data), "{options:?}");
            assert_eq!(timeless(&pieces.history), timeless(&whole.history), "{options:?}");
        }
    }
}

#[test]
fn more_epochs_of_the_whole_go_on_after_the_same_pretraining() {
    let data = digits();
    let options = |epochs| {
        stacked(Kind::Ae).with(|options| {
            options.length.epochs = Some(epochs);
            options.pretrain.pretrain_epochs = Some(2);
        })
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    drop(in_pieces(&folder.path().join("run"), &options(1), &data, 1000));
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
    assert!(error.contains("`epochs` was 3, now 2, with 3 begun"), "{error}");
}
