//! Runs that are broken off and taken up again.

use std::{num::NonZeroU64, ops::ControlFlow, path::Path};

use narrows_trainer::{
    Cadence, Config, EpochRecord, Event, Every, Fitted, Options, Run, TrainError, data::Dataset, fit_in,
};

pub(crate) fn every(steps: u64) -> Cadence {
    Cadence { every: NonZeroU64::new(steps).map_or(Every::Epoch, Every::Steps), ..Cadence::default() }
}

pub(crate) fn checked(options: &Options, data: &Dataset) -> Config {
    Config::check(options, data).expect("options that fit the data")
}

/// Goes on for so many steps, or to the end.
pub(crate) fn go_on(run: &mut Run, config: &Config, data: &Dataset, steps: u64) -> Result<Fitted, TrainError> {
    let mut done = 0;
    fit_in(run, config, data, &mut |event| {
        done += u64::from(matches!(event, Event::Step { .. }));
        if done >= steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// A run in a folder, broken off after every so many steps and opened again, to its end.
pub(crate) fn in_pieces(folder: &Path, options: &Options, data: &Dataset, steps: u64) -> Fitted {
    let config = checked(options, data);
    let mut run = Run::create(folder, &config, data, Cadence::default()).expect("a free place");
    // A run that does its epochs again and again would never end.
    for _ in 0..100 {
        match go_on(&mut run, &config, data, steps) {
            Ok(fitted) => return fitted,
            Err(TrainError::Interrupted { step, .. }) => {
                drop(run);
                let (again, resumed) = Run::resume(folder, &config, data, Cadence::default()).expect("a run");
                assert_eq!((resumed.step, resumed.passed_over.len()), (step, 0));
                run = again;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("still not at its end after 100 pieces of {steps} steps")
}

/// What happened, without when and how fast.
pub(crate) fn timeless(history: &[EpochRecord]) -> Vec<EpochRecord> {
    let timeless =
        |record: &EpochRecord| EpochRecord { wall_time: 0.0, seconds: 0.0, samples_per_second: 0.0, ..record.clone() };
    history.iter().map(timeless).collect()
}
