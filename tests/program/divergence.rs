//! A run whose loss becomes infinite or NaN stops at once, names the step and the layer, and keeps the last good
//! checkpoint.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn a_run_that_diverges_names_step_loss_term_and_layer_and_keeps_its_last_good_checkpoint() {
    let sandbox = Sandbox::new();
    let flags = "--hidden 16 --likelihood gaussian --optimizer sgd --learning-rate 1 --checkpoint-every 1";
    let outcome = sandbox.run(&format!("train ae {flags} --run r"));
    let last = outcome.stderr.lines().next_back().unwrap_or_default();
    assert_eq!(outcome.code, Some(1), "{last}");
    assert!(
        ["the reconstruction became", "in layer `", "lower the learning rate"].iter().all(|part| last.contains(part))
    );
    let step = last.split("diverged at step ").nth(1).and_then(|rest| rest.split(' ').next()).expect("the step");
    let step: usize = step.parse().expect("a number");
    assert!(step > 1, "at least one step succeeds before: {last}");
    let checkpoint = sandbox.path(&format!("r/checkpoints/step-{:09}.safetensors", step - 1));
    let before = fs::read(&checkpoint).expect("the checkpoint of the step before");

    let again = sandbox.run("train --resume r");
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains(&format!("diverged at step {step} ")), "{}", again.stderr);
    assert!(fs::read(&checkpoint).expect("still there") == before);
    assert!(sandbox.leftover_files().is_empty());
}

#[test]
fn a_run_that_diverges_before_its_first_checkpoint_leaves_no_files() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run("train vae --likelihood gaussian --learning-rate 1e10 --run deep/er/r");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("diverged"), "{}", outcome.stderr);
    assert!(sandbox.content().is_empty(), "{:?}", sandbox.content().keys());
}

#[test]
fn a_run_that_diverges_late_keeps_the_checkpoint_of_its_first_epoch_however_short() {
    let sandbox = Sandbox::new();
    let line =
        "train ae --hidden 16 --optimizer sgd --learning-rate 40 --momentum 0.5 --warmup 2000 --epochs 100 --run r";
    let outcome = sandbox.run(line);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("diverged") && outcome.stderr.contains("epoch 1/100"), "{}", outcome.stderr);
    assert!(sandbox.path("r/checkpoints/step-000000023.safetensors").is_file(), "{:?}", sandbox.content().keys());
}
