//! The capacity of a code: a target for the KL divergence that rises during training (Burgess et al. 2018).
//!
//! The loss contains `|KL - C|`. With a slowly rising `C` and a large weight, the code learns one factor of variation
//! after another, the most useful one first.

use std::{fmt, str::FromStr};

use crate::text::as_text;

/// A capacity that rises linearly from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Final capacity in nats; positive.
    pub nats: f64,
    /// Number of epochs until the final capacity is reached; positive.
    pub epochs: f64,
}

impl Capacity {
    /// Returns the capacity in nats after `epochs` epochs, which may be a fraction such as 2.5.
    pub fn at(self, epochs: f64) -> f64 {
        self.nats * (epochs / self.epochs).min(1.0)
    }

    /// Returns what is wrong with the parameters, if anything.
    pub(crate) fn problem(self) -> Option<String> {
        let is_positive = |number: f64| number.is_finite() && number > 0.0;
        let Capacity { nats, epochs } = self;
        if is_positive(nats) && is_positive(epochs) {
            None
        } else {
            Some(format!("needs positive nats and epochs, got {nats} and {epochs}"))
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
        let syntax_error =
            || format!("`{text}` is not a capacity: write 25:10 for a target that rises to 25 nats in 10 epochs");
        let (nats, epochs) = text.split_once(':').ok_or_else(syntax_error)?;
        let number = |text: &str| text.parse::<f64>().map_err(|_| syntax_error());
        let capacity = Capacity { nats: number(nats)?, epochs: number(epochs)? };
        capacity.problem().map_or(Ok(capacity), |problem| Err(format!("the capacity `{text}` {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacity_rises_linearly_and_then_stays_constant() {
        let capacity = Capacity { nats: 25.0, epochs: 10.0 };
        let capacities = [0.0, 2.0, 10.0, 11.0, f64::INFINITY].map(|epochs| capacity.at(epochs));
        assert_eq!(capacities, [0.0, 5.0, 25.0, 25.0, 25.0]);
    }

    #[test]
    fn capacities_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
        assert_eq!("25:10".parse::<Capacity>().map(|capacity| capacity.to_string()), Ok("25:10".to_owned()));
        for text in ["25", "25:0", "-1:10", "nan:10", "25:inf", "25:10:1", "a:b"] {
            let error = text.parse::<Capacity>().expect_err("invalid text");
            assert!(error.contains("write 25:10") || error.contains("positive nats and epochs"), "{error}");
        }
    }
}
