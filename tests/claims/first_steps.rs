//! Training whose first step of each epoch a test can inspect.

use std::ops::ControlFlow;

use narrows_trainer::{Averages, Config, Event, Fitted, Options, data::Dataset, fit};

/// Fits a model and returns the averages after the first step of every epoch, which are the values of that step.
pub(crate) fn first_steps(options: &Options, data: &Dataset) -> (Fitted, Vec<Averages>) {
    let config = Config::check(options, data).expect("options that fit the data");
    let (mut firsts, mut last_epoch) = (Vec::new(), 0);
    let fitted = fit(&config, data, &mut |event| {
        if let Event::Step { epoch, figures, .. } = event
            && *epoch > last_epoch
        {
            firsts.push((*figures).clone());
            last_epoch = *epoch;
        }
        ControlFlow::Continue(())
    });
    (fitted.expect("a fit"), firsts)
}
