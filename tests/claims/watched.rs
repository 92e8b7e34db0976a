//! Fits on the digits whose steps a test looks at.

use std::ops::ControlFlow;

use narrows_trainer::{Averages, Config, Event, Fitted, Options, data::Dataset, fit};

/// The first step of every epoch, where the averages of the epoch are those of that step alone.
pub(crate) fn first_steps(options: &Options, data: &Dataset) -> (Fitted, Vec<Averages>) {
    let config = Config::check(options, data).expect("options that fit the data");
    let (mut firsts, mut last) = (Vec::new(), 0);
    let fitted = fit(&config, data, &mut |event| {
        if let Event::Step { epoch, figures, .. } = event
            && *epoch > last
        {
            firsts.push((*figures).clone());
            last = *epoch;
        }
        ControlFlow::Continue(())
    });
    (fitted.expect("a fit"), firsts)
}
