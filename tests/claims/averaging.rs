//! A moving average of the weights is another model, and where the steps are noisy a better one.

use narrows_tests::{digits, fitted};
use narrows_trainer::{Fitted, OptimizerName, Options, bundle::Kind};

#[test]
fn averaged_weights_do_better_than_the_last_ones_of_a_noisy_run() {
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
        (fitted.train.loss, fitted.valid.as_ref().expect("a tenth of the rows").loss, test)
    };
    let (last_losses, averaged_losses) = (losses(&last), losses(&averaged));
    assert!(last.weights != averaged.weights);
    assert!(
        averaged_losses.0 < last_losses.0 && averaged_losses.1 < last_losses.1 && averaged_losses.2 < last_losses.2
    );
    // The steps themselves are the same: the average looks on.
    for (last, averaged) in last.history.iter().zip(&averaged.history) {
        assert_eq!(last.train, averaged.train);
        assert_ne!(last.valid, averaged.valid);
    }
    assert_eq!(averaged.valid, averaged.history[5].valid);
}
