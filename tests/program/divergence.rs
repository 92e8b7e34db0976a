//! A run whose numbers are none any more stops at once, says where it began, and keeps what was good.

use std::fs;

use crate::place::Place;

#[test]
fn a_run_that_diverges_names_step_part_and_layer_and_keeps_its_last_good_checkpoint() {
    let place = Place::new();
    let flags = "--hidden 16 --likelihood gaussian --optimizer sgd --learning-rate 1 --checkpoint-every 1";
    let outcome = place.run(&format!("train ae {flags} --run r"));
    let last = outcome.stderr.lines().next_back().unwrap_or_default();
    assert_eq!(outcome.code, Some(1), "{last}");
    assert!(
        ["the reconstruction became", "in layer `", "lower the learning rate"].iter().all(|part| last.contains(part))
    );
    let step = last.split("diverged at step ").nth(1).and_then(|rest| rest.split(' ').next()).expect("the step");
    let step: usize = step.parse().expect("a number");
    assert!(step > 1, "a step went well before: {last}");
    let kept = place.path(&format!("r/checkpoints/step-{:09}.safetensors", step - 1));
    let before = fs::read(&kept).expect("the checkpoint of the step before");

    let again = place.run("train --resume r");
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains(&format!("diverged at step {step} ")), "{}", again.stderr);
    assert!(fs::read(&kept).expect("still there") == before);
    assert!(place.litter().is_empty());
}

#[test]
fn a_run_that_diverges_before_anything_was_kept_leaves_nothing() {
    let place = Place::new();
    let outcome = place.run("train vae --likelihood gaussian --learning-rate 1e10 --run deep/er/r");
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("diverged"), "{}", outcome.stderr);
    assert!(place.content().is_empty(), "{:?}", place.content().keys());
}

#[test]
fn a_run_that_diverges_late_keeps_its_first_epoch_however_short() {
    let place = Place::new();
    let line =
        "train ae --hidden 16 --optimizer sgd --learning-rate 40 --momentum 0.5 --warmup 2000 --epochs 100 --run r";
    let outcome = place.run(line);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("diverged") && outcome.stderr.contains("epoch 1/100"), "{}", outcome.stderr);
    assert!(place.path("r/checkpoints/step-000000023.safetensors").is_file(), "{:?}", place.content().keys());
}
