//! Binarized pixels: sampled once before training, or again at every step.

use narrows_tests::{digits, fitted};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset, options::Binarize};

fn trained(binarize: Binarize, epochs: usize, data: &Dataset) -> Fitted {
    let options = Options::new(Kind::Vae).with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.binarize.binarize = Some(binarize);
        options.length.epochs = Some(epochs);
        options.schedule.learning_rate = Some(3e-3);
    });
    fitted(&options, data)
}

#[test]
fn every_binarization_trains_a_different_model_and_binary_pixels_raise_the_error() {
    let data = digits();
    let [grey, fixed, dynamic] = Binarize::ALL.map(|binarize| trained(binarize, 10, &data));
    assert!(grey.weights != fixed.weights && fixed.weights != dynamic.weights && grey.weights != dynamic.weights);
    for fitted in [&grey, &fixed, &dynamic] {
        let losses: Vec<f64> = fitted.history.iter().map(|record| record.train.loss).collect();
        assert!(losses[9] < 0.9 * losses[0], "{losses:?}");
        // The loss of a decoder that gives every one of the 64 pixels a probability of 1/2.
        assert!(fitted.test.as_ref().is_some_and(|test| test.loss < 64.0 * 2f64.ln()));
    }
    // Binary pixels are sampled with the grey values as probabilities, so the mean squared error is larger by the
    // variance of these samples.
    let mse = |fitted: &Fitted| fitted.test.as_ref().expect("digits have a test part").mse;
    assert!(mse(&fixed) > mse(&grey) + 0.03 && mse(&dynamic) > mse(&grey) + 0.03);
}

#[test]
fn static_binarization_is_the_same_in_every_epoch_and_dynamic_is_not() {
    let data = digits();
    let spread = |binarize| {
        // One step per epoch, with all rows and a learning rate too small to change the weights: only the data can
        // change the loss.
        let options = Options::new(Kind::Ae).with(|options| {
            options.binarize.binarize = Some(binarize);
            options.architecture.hidden = Some(vec![16]);
            options.steps.batch_size = Some(data.train.values.rows());
            options.length.epochs = Some(5);
            options.schedule.learning_rate = Some(1e-30);
        });
        let history = fitted(&options, &data).history;
        let losses = history.iter().map(|record| record.train.loss);
        losses.clone().fold(f64::NEG_INFINITY, f64::max) - losses.fold(f64::INFINITY, f64::min)
    };
    // The order of the rows differs between epochs, so their sum is rounded differently.
    let rounding = 1e-3;
    assert!(spread(Binarize::None) < rounding && spread(Binarize::Static) < rounding);
    assert!(spread(Binarize::Dynamic) > 5.0 * rounding);
}
