//! The learning-rate schedule of a run.

use std::{f64::consts::PI, fmt, str::FromStr};

use crate::{
    options::options,
    problems::Problems,
    text::{as_text, word_and_numbers},
};

options! {
    /// The learning rate and its schedule.
    pub struct ScheduleOptions in "Training" {
        /// Peak learning rate [default: 0.001]
        #[flag(value_name = "RATE")]
        pub learning_rate: f64 = 0.001,
        /// Learning-rate schedule: constant, step:EPOCHS:FACTOR, cosine, cosine:FINAL (a fraction of the peak),
        /// one-cycle or one-cycle:RISE (a fraction of the steps) [default: constant]
        #[flag(value_name = "SCHEDULE")]
        pub schedule: Schedule = Schedule::Step { epochs: 10.0, factor: 0.5 },
        /// Warm-up steps, over which the learning rate rises linearly from 0 before the schedule begins [default: 0]
        #[flag(value_name = "STEPS")]
        pub warmup: u64 = 500,
    }
}

/// Peak divided by the initial learning rate of the one-cycle schedule: `div_factor` of PyTorch's `OneCycleLR`.
const START_DIVISOR: f64 = 25.0;

/// Initial divided by the final learning rate of the one-cycle schedule: `final_div_factor` of PyTorch's `OneCycleLR`.
const END_DIVISOR: f64 = 1e4;

/// The learning rate after the warm-up, as a fraction of its peak.
///
/// The text form is `constant`, `step:10:0.5`, `cosine` or `cosine:0.01`, `one-cycle` or `one-cycle:0.3`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schedule {
    /// The peak learning rate in every step.
    Constant,
    /// Multiplies the learning rate by `factor` every `epochs` epochs; `epochs` can be a fraction.
    Step {
        /// Number of epochs between two changes.
        epochs: f64,
        /// Factor of each change, in (0, 1].
        factor: f64,
    },
    /// Falls along half a cosine (Loshchilov and Hutter 2017, equation 5, without restarts), like PyTorch's
    /// `CosineAnnealingLR` over all steps. The first step has the peak learning rate; `last` would be reached one step
    /// after the end of the run.
    Cosine {
        /// Final learning rate as a fraction of the peak; 0 by default.
        last: f64,
    },
    /// Rises from 1/25 of the peak to the peak and falls to 1/250,000 of it, both along half a cosine (Smith and Topin
    /// 2018). Shape and values are the defaults of PyTorch's `OneCycleLR`, except that the momentum does not change.
    OneCycle {
        /// Fraction of the steps in which the learning rate rises; 0.3 by default.
        rise: f64,
    },
}

impl Schedule {
    /// Returns whether the learning rates depend on the total number of steps, so that more epochs change every step.
    pub fn depends_on_total_steps(self) -> bool {
        match self {
            Schedule::Constant | Schedule::Step { .. } => false,
            Schedule::Cosine { .. } | Schedule::OneCycle { .. } => true,
        }
    }

    /// Returns what is wrong with the parameters, if anything.
    fn problem(self) -> Option<String> {
        match self {
            Schedule::Step { epochs, .. } if !(epochs.is_finite() && epochs > 0.0) => {
                Some(format!("the number of epochs between two changes must be positive, got {epochs}"))
            }
            Schedule::Step { factor, .. } if !(factor > 0.0 && factor <= 1.0) => {
                Some(format!("the factor must be in (0, 1], got {factor}"))
            }
            Schedule::Cosine { last } if !(0.0..=1.0).contains(&last) => {
                Some(format!("the final fraction of the peak must be in [0, 1], got {last}"))
            }
            Schedule::OneCycle { rise } if !(rise > 0.0 && rise < 1.0) => {
                Some(format!("the fraction of the steps that rise must be in (0, 1), got {rise}"))
            }
            Schedule::Constant | Schedule::Step { .. } | Schedule::Cosine { .. } | Schedule::OneCycle { .. } => None,
        }
    }

    /// Returns the fraction of the peak at `step`, counted from 0, in a run of `total` steps.
    fn fraction_of_peak(self, step: f64, steps_per_epoch: f64, total: f64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Step { epochs, factor } => factor.powf((step / (epochs * steps_per_epoch)).floor()),
            Schedule::Cosine { last } => cosine_interpolation(1.0, last, progress(step, 0.0, total)),
            Schedule::OneCycle { rise } => {
                let (start, end) = (1.0 / START_DIVISOR, 1.0 / (START_DIVISOR * END_DIVISOR));
                // If there are too few steps to rise, the first step has the peak learning rate.
                let top = (rise * total - 1.0).max(0.0);
                if step < top {
                    cosine_interpolation(start, 1.0, progress(step, 0.0, top))
                } else {
                    cosine_interpolation(1.0, end, progress(step, top, total - 1.0))
                }
            }
        }
    }
}

/// The checked learning-rate settings of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// Peak learning rate, positive.
    pub peak: f64,
    /// Schedule after the warm-up.
    pub schedule: Schedule,
    /// Number of warm-up steps, in which the learning rate rises linearly from 0 before the schedule begins.
    pub warmup_steps: u64,
}

impl ScheduleOptions {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> LearningRate {
        LearningRate {
            peak: problems.positive("learning_rate", self.learning_rate.unwrap_or(1e-3)),
            schedule: self.schedule.unwrap_or(Schedule::Constant),
            warmup_steps: self.warmup.unwrap_or(0),
        }
    }
}

impl LearningRate {
    /// Returns the options that produce these settings.
    pub(crate) fn options(self) -> ScheduleOptions {
        ScheduleOptions {
            learning_rate: Some(self.peak),
            schedule: Some(self.schedule),
            warmup: Some(self.warmup_steps),
        }
    }
}

/// The learning rate of every step of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LearningRateCurve {
    /// Schedule after the warm-up.
    pub(crate) schedule: Schedule,
    /// Peak learning rate.
    pub(crate) peak: f64,
    /// Number of warm-up steps, in which the learning rate rises linearly from 0 to the peak.
    pub(crate) warmup_steps: u64,
    /// Number of steps per epoch.
    pub(crate) steps_per_epoch: u64,
    /// Number of steps of the run, including the warm-up.
    pub(crate) total_steps: u64,
}

impl LearningRateCurve {
    /// Returns the learning rate of a step, counted from 1. It is never negative. Steps after the end of the run have
    /// the final learning rate.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        if step <= self.warmup_steps {
            return self.peak * (step as f64 / self.warmup_steps.max(1) as f64);
        }
        let done = step - self.warmup_steps - 1;
        let total = self.total_steps.saturating_sub(self.warmup_steps);
        self.peak * self.schedule.fraction_of_peak(done as f64, self.steps_per_epoch.max(1) as f64, total as f64)
    }
}

/// Returns the position of `step` between `start` and `end`, from 0 to 1. It is 0 up to `start` and 1 from `end` on.
fn progress(step: f64, start: f64, end: f64) -> f64 {
    if step <= start {
        0.0
    } else if step >= end {
        1.0
    } else {
        (step - start) / (end - start)
    }
}

/// Interpolates from `first` to `last` along half a cosine.
fn cosine_interpolation(first: f64, last: f64, progress: f64) -> f64 {
    last + (first - last) * (1.0 + (PI * progress).cos()) / 2.0
}

as_text!(Schedule);

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Constant => formatter.write_str("constant"),
            Schedule::Step { epochs, factor } => write!(formatter, "step:{epochs}:{factor}"),
            Schedule::Cosine { last } => write!(formatter, "cosine:{last}"),
            Schedule::OneCycle { rise } => write!(formatter, "one-cycle:{rise}"),
        }
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let schedule = match word_and_numbers(text).as_ref().map(|(word, numbers)| (*word, numbers.as_slice())) {
            Some(("constant", [])) => Schedule::Constant,
            Some(("step", &[epochs, factor])) => Schedule::Step { epochs, factor },
            Some(("cosine", [])) => Schedule::Cosine { last: 0.0 },
            Some(("cosine", &[last])) => Schedule::Cosine { last },
            Some(("one-cycle", [])) => Schedule::OneCycle { rise: 0.3 },
            Some(("one-cycle", &[rise])) => Schedule::OneCycle { rise },
            _ => {
                return Err(format!(
                    "`{text}` is not a schedule: write constant, step:10:0.5 (multiplied by 0.5 every 10 epochs), \
                     cosine, cosine:0.01 (down to 0.01 of the peak), one-cycle or one-cycle:0.3 (rises in 0.3 of the \
                     steps)"
                ));
            }
        };
        schedule.problem().map_or(Ok(schedule), |problem| Err(format!("`{text}` is not a schedule: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(text: &str, warmup_steps: u64, total_steps: u64) -> LearningRateCurve {
        let schedule = text.parse().expect("a schedule");
        LearningRateCurve { schedule, peak: 0.5, warmup_steps, steps_per_epoch: 10, total_steps }
    }

    #[test]
    fn learning_rates_follow_the_formula() {
        let third = 0.5 * (1.0 + (PI / 3.0).cos()) / 2.0;
        for (text, warmup, total, rates) in [
            ("constant", 0, 100, vec![(1, 0.5), (100, 0.5)]),
            ("step:2:0.5", 0, 100, vec![(1, 0.5), (20, 0.5), (21, 0.25), (41, 0.125)]),
            ("step:0.5:0.1", 0, 100, vec![(5, 0.5), (6, 0.05)]),
            ("cosine", 0, 100, vec![(1, 0.5), (51, 0.25), (101, 0.0), (900, 0.0)]),
            ("cosine:0.2", 0, 90, vec![(1, 0.5), (31, 0.1 + 0.8 * third), (91, 0.1)]),
            // As in PyTorch's OneCycleLR(max_lr=0.5, total_steps=20, pct_start=0.3): rises from index 0 to
            // 0.3 * 20 - 1 = 5 and falls to index 19, so that index 12 is the midpoint.
            ("one-cycle", 0, 20, vec![(1, 0.02), (6, 0.5), (13, 0.250001), (20, 0.000002), (21, 0.000002)]),
            ("cosine", 10, 110, vec![(1, 0.05), (5, 0.25), (10, 0.5), (11, 0.5), (61, 0.25)]),
            ("step:1:0.5", 10, 110, vec![(10, 0.5), (20, 0.5), (21, 0.25)]),
        ] {
            for (step, rate) in rates {
                let actual = curve(text, warmup, total).rate(step);
                assert!((actual - rate).abs() < 1e-12, "{text} at {step}: {actual} against {rate}");
            }
        }
    }

    #[test]
    fn learning_rates_are_valid_for_any_number_of_steps() {
        for text in ["constant", "step:0.1:0.001", "cosine", "cosine:1", "one-cycle", "one-cycle:0.001"] {
            for (warmup, total) in [(0, 0), (0, 1), (0, 2), (0, 3), (5, 3), (5, 5), (5, 6), (1, u64::MAX)] {
                for step in [0, 1, 2, 3, 5, 6, 7, 1000, u64::MAX] {
                    let rate = curve(text, warmup, total).rate(step);
                    assert!((0.0..=0.5).contains(&rate), "{text}, {warmup} of {total}, step {step}: {rate}");
                }
            }
            assert_eq!(
                curve(text, 0, 1).rate(1),
                0.5,
                "the only step of a run should have the peak learning rate: {text}"
            );
        }
    }

    #[test]
    fn schedules_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
        for (text, written) in [
            ("constant", "constant"),
            ("step:10:0.5", "step:10:0.5"),
            ("cosine", "cosine:0"),
            ("cosine:0.01", "cosine:0.01"),
            ("one-cycle", "one-cycle:0.3"),
            ("one-cycle:0.25", "one-cycle:0.25"),
        ] {
            let schedule: Schedule = text.parse().expect("a schedule");
            assert_eq!(schedule.to_string(), written);
            assert_eq!(written.parse(), Ok(schedule));
        }
        for text in [
            "",
            "fast",
            "constant:1",
            "step",
            "step:10",
            "step:0:0.5",
            "step:-1:0.5",
            "step:1:0",
            "step:1:1.5",
            "step:1:nan",
            "cosine:-0.1",
            "cosine:2",
            "cosine:0:0",
            "one-cycle:0",
            "one-cycle:1",
            "one-cycle:x",
        ] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }
}
