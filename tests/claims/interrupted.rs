//! Functions that interrupt and resume runs.

use std::{num::NonZeroU64, ops::ControlFlow, path::Path};

use narrows_trainer::{
    Cadence, Config, EpochRecord, Event, Every, Fitted, Options, Run, TrainError, data::Dataset, fit_in,
};

/// A checkpoint every `steps` steps, or every epoch for 0.
pub(crate) fn every(steps: u64) -> Cadence {
    Cadence { every: NonZeroU64::new(steps).map_or(Every::Epoch, Every::Steps), ..Cadence::default() }
}

pub(crate) fn checked(options: &Options, data: &Dataset) -> Config {
    Config::check(options, data).expect("options that fit the data")
}

/// Trains for the given number of steps and interrupts the run, or trains to the end of the run if that comes first.
pub(crate) fn train_steps(run: &mut Run, config: &Config, data: &Dataset, steps: u64) -> Result<Fitted, TrainError> {
    let mut done = 0;
    fit_in(run, config, data, &mut |event| {
        done += u64::from(matches!(event, Event::Step { .. }));
        if done >= steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// Trains a run to its end, interrupting and resuming it after every `steps` steps.
pub(crate) fn train_in_pieces(folder: &Path, options: &Options, data: &Dataset, steps: u64) -> Fitted {
    let config = checked(options, data);
    let mut run = Run::create(folder, &config, data, Cadence::default()).expect("a path that does not exist yet");
    // The limit ends a run that repeats its epochs without end.
    for _ in 0..100 {
        match train_steps(&mut run, &config, data, steps) {
            Ok(fitted) => return fitted,
            Err(TrainError::Interrupted { step, .. }) => {
                drop(run);
                let (reopened, resumed) = Run::resume(folder, &config, data, Cadence::default()).expect("a run");
                assert_eq!((resumed.step, resumed.passed_over.len()), (step, 0));
                run = reopened;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the run has not finished after 100 pieces of {steps} steps")
}

/// Returns a history without times and speeds.
pub(crate) fn without_times(history: &[EpochRecord]) -> Vec<EpochRecord> {
    let without_times =
        |record: &EpochRecord| EpochRecord { wall_time: 0.0, seconds: 0.0, samples_per_second: 0.0, ..record.clone() };
    history.iter().map(without_times).collect()
}
