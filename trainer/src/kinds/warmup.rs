//! KL annealing: the weight of the KL term rises during training, so that the decoder learns to use the code before the
//! full penalty applies.

use std::{fmt, str::FromStr};

use crate::text::{as_text, word_and_numbers};

/// A schedule by which the weight of the KL term rises to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KlWarmup {
    /// Rises linearly from 0 to 1 over the first epochs (Bowman et al. 2016, Sønderby et al. 2016).
    Linear {
        /// Number of epochs until the weight is 1; positive.
        epochs: f64,
    },
    /// In every cycle the weight rises linearly from 0 to 1 and then stays at 1 until the cycle ends (Fu et al. 2019).
    Cyclical {
        /// Number of epochs of a cycle; positive.
        epochs: f64,
        /// Fraction of the cycle in which the weight rises, in (0, 1].
        rise: f64,
    },
}

/// Default fraction of a cycle in which the weight rises, as in Fu et al. 2019.
const DEFAULT_RISE: f64 = 0.5;

impl KlWarmup {
    /// Returns the weight in `[0, 1]` after `epochs` epochs, which may be a fraction such as 2.5. For infinitely many
    /// epochs it is 1.
    pub fn weight(self, epochs: f64) -> f64 {
        match self {
            KlWarmup::Linear { epochs: rise } => (epochs / rise).min(1.0),
            KlWarmup::Cyclical { .. } if epochs.is_infinite() => 1.0,
            KlWarmup::Cyclical { epochs: cycle, rise } => (epochs.rem_euclid(cycle) / (cycle * rise)).min(1.0),
        }
    }

    /// Returns the number of epochs after which the weight is 1 for the first time.
    pub(crate) fn rise(self) -> f64 {
        match self {
            KlWarmup::Linear { epochs } => epochs,
            KlWarmup::Cyclical { epochs, rise } => epochs * rise,
        }
    }

    /// Returns whether the weight is 1 during the whole time between `from` and `to`, in epochs.
    pub(crate) fn is_over(self, from: f64, to: f64) -> bool {
        let is_one_cycle = match self {
            KlWarmup::Linear { .. } => true,
            KlWarmup::Cyclical { epochs, .. } => (from / epochs).floor() == (to / epochs).floor(),
        };
        is_one_cycle && self.weight(from) == 1.0 && self.weight(to) == 1.0
    }

    /// Returns what is wrong with the parameters, if anything.
    pub(crate) fn problem(self) -> Option<String> {
        let (KlWarmup::Linear { epochs } | KlWarmup::Cyclical { epochs, .. }) = self;
        if !(epochs.is_finite() && epochs > 0.0) {
            return Some(format!("needs a positive number of epochs, got {epochs}"));
        }
        match self {
            KlWarmup::Cyclical { rise, .. } if !(rise > 0.0 && rise <= 1.0) => {
                Some(format!("must rise over a fraction of the cycle in (0, 1], got {rise}"))
            }
            KlWarmup::Linear { .. } | KlWarmup::Cyclical { .. } => None,
        }
    }
}

as_text!(KlWarmup);

impl fmt::Display for KlWarmup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KlWarmup::Linear { epochs } => write!(formatter, "linear:{epochs}"),
            KlWarmup::Cyclical { epochs, rise } => write!(formatter, "cyclical:{epochs}:{rise}"),
        }
    }
}

impl FromStr for KlWarmup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((word, numbers)) = word_and_numbers(text) else { return Err(syntax_error(text)) };
        let warmup = match (word, numbers.as_slice()) {
            ("linear", &[epochs]) => KlWarmup::Linear { epochs },
            ("cyclical", &[epochs]) => KlWarmup::Cyclical { epochs, rise: DEFAULT_RISE },
            ("cyclical", &[epochs, rise]) => KlWarmup::Cyclical { epochs, rise },
            _ => return Err(syntax_error(text)),
        };
        warmup.problem().map_or(Ok(warmup), |problem| Err(format!("the warm-up `{text}` {problem}")))
    }
}

fn syntax_error(text: &str) -> String {
    format!(
        "`{text}` is not a KL warm-up: write linear:10 for 10 epochs, cyclical:10 for cycles of 10 epochs, or \
         cyclical:10:0.8 if the weight rises in 0.8 of each cycle"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_rises_linearly_and_reaches_1_exactly() {
        let linear = KlWarmup::Linear { epochs: 10.0 };
        let cyclical = KlWarmup::Cyclical { epochs: 10.0, rise: 0.5 };
        let weights = |warmup: KlWarmup| [0.0, 2.5, 5.0, 10.0, 12.5, f64::INFINITY].map(|epochs| warmup.weight(epochs));
        assert_eq!(weights(linear), [0.0, 0.25, 0.5, 1.0, 1.0, 1.0]);
        assert_eq!(weights(cyclical), [0.0, 0.5, 1.0, 0.0, 0.5, 1.0]);
        assert_eq!(cyclical.weight(9.99), 1.0);
    }

    #[test]
    fn a_warm_up_is_not_over_if_the_weight_falls_in_between() {
        let linear = KlWarmup::Linear { epochs: 2.0 };
        assert!(linear.is_over(2.0, 3.0) && !linear.is_over(1.5, 3.0));
        let cyclical = KlWarmup::Cyclical { epochs: 4.0, rise: 0.5 };
        assert!(cyclical.is_over(2.0, 3.9) && !cyclical.is_over(1.0, 2.0) && !cyclical.is_over(3.0, 4.0));
        // The two times are in different cycles: the weight is 1 at both, and 0 in between.
        assert!(!cyclical.is_over(3.0, 7.0));
    }

    #[test]
    fn warm_ups_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
        for text in ["linear:10", "cyclical:10:0.8"] {
            assert_eq!(text.parse::<KlWarmup>().map(|warmup| warmup.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("cyclical:4".parse(), Ok(KlWarmup::Cyclical { epochs: 4.0, rise: 0.5 }));
        let rejected = [
            ("linear", "write linear:10"),
            ("linear:0", "positive number of epochs, got 0"),
            ("linear:-1", "positive number of epochs, got -1"),
            ("linear:10:0.5", "write linear:10"),
            ("cyclical:10:0", "in (0, 1], got 0"),
            ("cyclical:10:1.5", "in (0, 1], got 1.5"),
            ("cyclical:inf", "write linear:10"),
            ("cosine:10", "write linear:10"),
        ];
        for (text, expected) in rejected {
            let error = text.parse::<KlWarmup>().expect_err("invalid text");
            assert!(error.contains(expected), "{error}");
        }
    }
}
