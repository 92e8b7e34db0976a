//! A run reports its progress, and returns an error if training diverges or is stopped.

use std::ops::ControlFlow;

use narrows_tests::digits;
use narrows_trainer::{
    Config, Event, Fitted, Options, TrainError,
    bundle::{Kind, Likelihood},
    fit,
};

fn observed(options: &Options, mut observe: impl FnMut(&Event<'_>) -> ControlFlow<()>) -> Result<Fitted, TrainError> {
    let data = digits();
    let config = Config::check(options, &data).expect("options that fit the digits");
    fit(&config, &data, &mut observe)
}

#[test]
fn the_loss_decreases_with_every_epoch() {
    for kind in [Kind::Ae, Kind::Dae, Kind::Vae, Kind::Cvae] {
        let mut losses = Vec::new();
        let fitted = observed(&Options::new(kind).with(|options| options.length.epochs = Some(5)), |event| {
            if let Event::Epoch(record) = event {
                assert_eq!(record.epoch, losses.len() + 1);
                losses.push(record.train.loss);
            }
            ControlFlow::Continue(())
        });
        assert_eq!(losses.len(), 5);
        assert!(losses.is_sorted_by(|loss, next| loss > next), "{kind}: {losses:?}");
        // The final metrics are of the model after the last step, not averages over the last epoch.
        let last = fitted.expect("a run without errors").train.loss;
        assert!(last < losses[0], "{kind}: {last} at the end, {losses:?} during training");
    }
}

#[test]
fn a_learning_rate_that_makes_the_loss_diverge_ends_in_an_error() {
    for (kind, likelihood) in [
        (Kind::Ae, Likelihood::Gaussian),
        (Kind::Ae, Likelihood::Bernoulli),
        (Kind::Vae, Likelihood::Gaussian),
        (Kind::Vae, Likelihood::Bernoulli),
    ] {
        let options = Options::new(kind).with(|options| {
            options.output.likelihood = Some(likelihood);
            options.schedule.learning_rate = Some(1e10);
        });
        let outcome = observed(&options, |_| ControlFlow::Continue(()));
        let error = outcome.map(|fitted| fitted.train.loss).expect_err("training diverges");
        assert!(
            matches!(error, TrainError::Diverged { value, .. } if !value.is_finite()),
            "{kind}, {likelihood:?}: {error}"
        );
        assert!(error.to_string().contains("lower the learning rate"), "{error}");
    }
}

#[test]
fn a_callback_can_stop_the_run_after_any_step_or_epoch() {
    let options = Options::new(Kind::Ae).with(|options| options.length.epochs = Some(3));
    let mut events = 0;
    let by_step = observed(&options, |event| match event {
        Event::Step { epoch: 2, .. } => ControlFlow::Break(()),
        _ => {
            events += 1;
            ControlFlow::Continue(())
        }
    });
    assert!(matches!(by_step, Err(TrainError::Interrupted { epoch: 2, step: 24 })));
    // 23 steps of 64 rows and the end of the first epoch.
    assert_eq!(events, 24);
    let by_epoch = observed(&options, |event| match event {
        Event::Epoch(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(by_epoch, Err(TrainError::Interrupted { epoch: 1, step: 23 })));
}
