//! How the learning rate goes over the steps of a run.

use std::{f64::consts::PI, fmt, str::FromStr};

use crate::{
    options::options,
    problems::Problems,
    text::{as_text, word_and_numbers},
};

options! {
    /// How the learning rate changes over a run.
    pub struct ScheduleOptions in "Training" {
        /// Learning rate at its highest [default: 0.001]
        #[flag(value_name = "RATE")]
        pub learning_rate: f64 = 0.001,
        /// Learning-rate schedule: constant, step:EPOCHS:FACTOR, cosine or one-cycle [default: constant]
        #[flag(value_name = "SHAPE")]
        pub schedule: Schedule = Schedule::Step { epochs: 10.0, factor: 0.5 },
        /// Steps over which the learning rate rises from 0, before the schedule begins [default: 0]
        #[flag(value_name = "STEPS")]
        pub warmup: u64 = 500,
    }
}

/// One over the share of the peak at which a one-cycle starts: `div_factor` of PyTorch's `OneCycleLR`.
const START_DIVISOR: f64 = 25.0;

/// One over the share of its start at which a one-cycle ends: `final_div_factor` of PyTorch's `OneCycleLR`.
const END_DIVISOR: f64 = 1e4;

/// The learning rate as a share of its peak, after the warm-up.
///
/// Written `constant`, `step:10:0.5`, `cosine` or `cosine:0.01`, `one-cycle` or `one-cycle:0.3`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schedule {
    /// The peak all along.
    Constant,
    /// Times `factor` whenever so many `epochs` are over, fractions of an epoch included.
    Step {
        /// Epochs between two drops.
        epochs: f64,
        /// What a drop leaves.
        factor: f64,
    },
    /// Falls along half a cosine (Loshchilov and Hutter 2017, equation 5, without restarts), as PyTorch's
    /// `CosineAnnealingLR` over all steps: the first step is made at the peak, and `last` is what comes
    /// after the last one.
    Cosine {
        /// Where it ends, as a share of the peak; 0 if nothing is said.
        last: f64,
    },
    /// Up from a 25th of the peak and down to a 250,000th of it, both along half a cosine (Smith and Topin
    /// 2018; shape and numbers are the defaults of PyTorch's `OneCycleLR`). The optimizer's momentum is left
    /// alone.
    OneCycle {
        /// The share of the steps in which it rises; 0.3 if nothing is said.
        rise: f64,
    },
}

impl Schedule {
    /// Whether the rates depend on how many steps there are, so that more epochs change every step.
    pub fn sees_the_end(self) -> bool {
        match self {
            Schedule::Constant | Schedule::Step { .. } => false,
            Schedule::Cosine { .. } | Schedule::OneCycle { .. } => true,
        }
    }

    /// What is wrong with its numbers, if anything.
    fn problem(self) -> Option<String> {
        match self {
            Schedule::Step { epochs, .. } if !(epochs.is_finite() && epochs > 0.0) => {
                Some(format!("the epochs between two drops are more than 0, got {epochs}"))
            }
            Schedule::Step { factor, .. } if !(factor > 0.0 && factor <= 1.0) => {
                Some(format!("the factor of a drop lies in (0, 1], got {factor}"))
            }
            Schedule::Cosine { last } if !(0.0..=1.0).contains(&last) => {
                Some(format!("the last share of the peak lies in [0, 1], got {last}"))
            }
            Schedule::OneCycle { rise } if !(rise > 0.0 && rise < 1.0) => {
                Some(format!("the share of the steps that rise lies in (0, 1), got {rise}"))
            }
            Schedule::Constant | Schedule::Step { .. } | Schedule::Cosine { .. } | Schedule::OneCycle { .. } => None,
        }
    }

    /// The share of the peak at a step, counted from 0, of `total`.
    fn share(self, step: f64, steps_per_epoch: f64, total: f64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Step { epochs, factor } => factor.powf((step / (epochs * steps_per_epoch)).floor()),
            Schedule::Cosine { last } => eased(1.0, last, progress(step, 0.0, total)),
            Schedule::OneCycle { rise } => {
                let (start, end) = (1.0 / START_DIVISOR, 1.0 / (START_DIVISOR * END_DIVISOR));
                // With too few steps to rise, the first is made at the peak.
                let top = (rise * total - 1.0).max(0.0);
                if step < top {
                    eased(start, 1.0, progress(step, 0.0, top))
                } else {
                    eased(1.0, end, progress(step, top, total - 1.0))
                }
            }
        }
    }
}

/// The learning rates of a run, checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningRate {
    /// At its highest, positive.
    pub peak: f64,
    /// How it changes over the steps.
    pub schedule: Schedule,
    /// Steps over which it rises, before the schedule begins.
    pub warmup_steps: u64,
}

impl ScheduleOptions {
    /// What these options mean, with the defaults where they leave something open.
    pub(crate) fn check(&self, problems: &mut Problems) -> LearningRate {
        LearningRate {
            peak: problems.positive("learning_rate", self.learning_rate.unwrap_or(1e-3)),
            schedule: self.schedule.unwrap_or(Schedule::Constant),
            warmup_steps: self.warmup.unwrap_or(0),
        }
    }
}

impl LearningRate {
    /// The options that say this.
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
    /// What comes after the warm-up.
    pub(crate) schedule: Schedule,
    /// The highest rate.
    pub(crate) peak: f64,
    /// Steps in which the rate rises from zero to the peak, in a straight line.
    pub(crate) warmup_steps: u64,
    /// Steps of an epoch.
    pub(crate) steps_per_epoch: u64,
    /// Steps of the run, those of the warm-up among them.
    pub(crate) total_steps: u64,
}

impl LearningRateCurve {
    /// The rate of a step, counted from 1; never negative, and for steps after the last that of the end.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        if step <= self.warmup_steps {
            return self.peak * (step as f64 / self.warmup_steps.max(1) as f64);
        }
        let done = step - self.warmup_steps - 1;
        let total = self.total_steps.saturating_sub(self.warmup_steps);
        self.peak * self.schedule.share(done as f64, self.steps_per_epoch.max(1) as f64, total as f64)
    }
}

/// How much of the way from `start` to `end` is behind `step`, in `[0, 1]`; without a way, nothing before
/// its end and all after it.
fn progress(step: f64, start: f64, end: f64) -> f64 {
    if step <= start {
        0.0
    } else if step >= end {
        1.0
    } else {
        (step - start) / (end - start)
    }
}

/// From `first` to `last` along half a cosine.
fn eased(first: f64, last: f64, progress: f64) -> f64 {
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
                    "`{text}` is not a schedule: write constant, step:10:0.5 (every 10 epochs times 0.5), cosine, \
                     cosine:0.01 (down to that share), one-cycle or one-cycle:0.3 (the share that rises)"
                ));
            }
        };
        schedule.problem().map_or(Ok(schedule), |problem| Err(format!("in `{text}` {problem}")))
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
    fn rates_are_those_of_the_formula() {
        let third = 0.5 * (1.0 + (PI / 3.0).cos()) / 2.0;
        for (text, warmup, total, rates) in [
            ("constant", 0, 100, vec![(1, 0.5), (100, 0.5)]),
            ("step:2:0.5", 0, 100, vec![(1, 0.5), (20, 0.5), (21, 0.25), (41, 0.125)]),
            ("step:0.5:0.1", 0, 100, vec![(5, 0.5), (6, 0.05)]),
            ("cosine", 0, 100, vec![(1, 0.5), (51, 0.25), (101, 0.0), (900, 0.0)]),
            ("cosine:0.2", 0, 90, vec![(1, 0.5), (31, 0.1 + 0.8 * third), (91, 0.1)]),
            // By the code of PyTorch's OneCycleLR(max_lr=0.5, total_steps=20, pct_start=0.3): from index 0 up to
            // 0.3 * 20 - 1 = 5, down to 19, so that 12 is half the way.
            ("one-cycle", 0, 20, vec![(1, 0.02), (6, 0.5), (13, 0.250001), (20, 0.000002), (21, 0.000002)]),
            ("cosine", 10, 110, vec![(1, 0.05), (5, 0.25), (10, 0.5), (11, 0.5), (61, 0.25)]),
            ("step:1:0.5", 10, 110, vec![(10, 0.5), (20, 0.5), (21, 0.25)]),
        ] {
            for (step, rate) in rates {
                let found = curve(text, warmup, total).rate(step);
                assert!((found - rate).abs() < 1e-12, "{text} at {step}: {found} against {rate}");
            }
        }
    }

    #[test]
    fn no_length_of_a_run_gives_a_rate_that_is_no_rate() {
        for text in ["constant", "step:0.1:0.001", "cosine", "cosine:1", "one-cycle", "one-cycle:0.001"] {
            for (warmup, total) in [(0, 0), (0, 1), (0, 2), (0, 3), (5, 3), (5, 5), (5, 6), (1, u64::MAX)] {
                for step in [0, 1, 2, 3, 5, 6, 7, 1000, u64::MAX] {
                    let rate = curve(text, warmup, total).rate(step);
                    assert!((0.0..=0.5).contains(&rate), "{text}, {warmup} of {total}, step {step}: {rate}");
                }
            }
            assert_eq!(curve(text, 0, 1).rate(1), 0.5, "the only step of a run is made at the peak: {text}");
        }
    }

    #[test]
    fn schedules_are_read_as_they_are_written_and_nonsense_is_refused() {
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
