//! The capacity of a code: a divergence that is asked for, and that grows during training (Burgess et
//! al. 2018).
//!
//! The loss feels `|KL - C|`. With `C` rising slowly and a large weight, the code takes up one factor of
//! the data after another, the most useful first.

use std::{fmt, str::FromStr};

use crate::text::as_text;

/// A capacity that rises from 0 in a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Nats at the end; positive.
    pub nats: f64,
    /// Epochs until then; positive.
    pub epochs: f64,
}

impl Capacity {
    /// The capacity in nats when so many epochs are done, as a fraction: 2.5.
    pub fn at(self, epochs: f64) -> f64 {
        self.nats * (epochs / self.epochs).min(1.0)
    }

    /// What is wrong with its numbers, if anything.
    pub(crate) fn problem(self) -> Option<String> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let Capacity { nats, epochs } = self;
        if positive(nats) && positive(epochs) {
            None
        } else {
            Some(format!("takes positive nats and epochs, got {nats} and {epochs}"))
        }
    }
}

as_text!(Capacity);

impl fmt::Display for Capacity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.nats, self.epochs)
    }
}

impl FromStr for Capacity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a capacity: write 25:10 for 25 nats that are reached in 10 epochs");
        let (nats, epochs) = text.split_once(':').ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
        let capacity = Capacity { nats: number(nats)?, epochs: number(epochs)? };
        capacity.problem().map_or(Ok(capacity), |problem| Err(format!("the capacity `{text}` {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacity_rises_in_a_line_and_then_stays() {
        let capacity = Capacity { nats: 25.0, epochs: 10.0 };
        let found = [0.0, 2.0, 10.0, 11.0, f64::INFINITY].map(|epochs| capacity.at(epochs));
        assert_eq!(found, [0.0, 5.0, 25.0, 25.0, 25.0]);
    }

    #[test]
    fn capacities_are_read_as_they_are_written_and_nonsense_is_refused() {
        assert_eq!("25:10".parse::<Capacity>().map(|capacity| capacity.to_string()), Ok("25:10".to_owned()));
        for text in ["25", "25:0", "-1:10", "nan:10", "25:inf", "25:10:1", "a:b"] {
            let error = text.parse::<Capacity>().expect_err("nonsense");
            assert!(error.contains("write 25:10") || error.contains("positive nats and epochs"), "{error}");
        }
    }
}
