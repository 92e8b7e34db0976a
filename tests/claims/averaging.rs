//! A moving average of the weights differs from the last weights, and is better where training steps are noisy.

use narrows_tests::{digits, fitted};
use narrows_trainer::{Fitted, Options, bundle::Kind, options::OptimizerName};

#[test]
fn averaged_weights_have_a_lower_loss_than_the_last_weights_of_a_noisy_run() {
    let data = digits();
    let noisy = |average| {
        Options::new(Kind::Ae).with(|options| {
            options.architecture.hidden = Some(vec![64]);
            options.optimizer.optimizer = Some(OptimizerName::Sgd);
            options.schedule.learning_rate = Some(0.05);
            options.steps.batch_size = Some(8);
            options.length.epochs = Some(6);
            options.split.valid_fraction = Some(0.1);
            options.steps.average = average;
        })
    };
    let (last, averaged) = (fitted(&noisy(None), &data), fitted(&noisy(Some(0.995)), &data));
    let losses = |fitted: &Fitted| {
        let test = fitted.test.as_ref().expect("digits have a test part").loss;
        (fitted.train.loss, fitted.valid.as_ref().expect("a tenth of the rows is held out").loss, test)
    };
    let (last_losses, averaged_losses) = (losses(&last), losses(&averaged));
    assert!(last.weights != averaged.weights);
    assert!(
        averaged_losses.0 < last_losses.0 && averaged_losses.1 < last_losses.1 && averaged_losses.2 < last_losses.2
    );
    // The average does not influence the steps.
    for (last, averaged) in last.history.iter().zip(&averaged.history) {
        assert_eq!(last.train, averaged.train);
        assert_ne!(last.valid, averaged.valid);
    }
    assert_eq!(averaged.valid, averaged.history[5].valid);
}
