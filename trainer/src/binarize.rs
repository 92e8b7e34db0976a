//! Binary data from grey values: a pixel becomes 1 with its value as the probability.
//!
//! The Bernoulli likelihood is one of zeros and ones. Drawing them once gives a fixed binary data set,
//! in the spirit of Larochelle and Murray 2011; drawing them anew at every step never shows the network
//! the same sample twice and is harder to learn by heart (Salakhutdinov and Murray 2008). Likelihoods
//! under one are not comparable with those under another.

use std::{fmt, str::FromStr};

use candle_core::{Result, Tensor};

use crate::{
    draw::Draw,
    numeric::spread,
    options::options,
    part_name::PartName,
    random::{Stream, stream, with_draws, with_draws_side_by_side},
    text::as_text,
};

options! {
    /// Whether samples are made binary.
    pub struct BinarizeOptions in "Data" {
        /// Draw each pixel as 0 or 1, with its value as the probability: none, static (one draw per row) or dynamic (a
        /// new draw at every step) [default: none]
        #[flag(value_name = "HOW")]
        pub binarize: Binarize = Binarize::Dynamic,
    }
}

/// Whether samples are made binary on their way into the network, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binarize {
    /// Not at all.
    #[default]
    None,
    /// Once: a row has the same zeros and ones in the whole run.
    Static,
    /// Anew at every step.
    Dynamic,
}

impl Binarize {
    /// Every way.
    pub const ALL: [Binarize; 3] = [Binarize::None, Binarize::Static, Binarize::Dynamic];

    /// The name on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Binarize::None => "none",
            Binarize::Static => "static",
            Binarize::Dynamic => "dynamic",
        }
    }

    /// The samples `x: [rows, features]`, which are these rows of a part; what lies outside `[0, 1]` counts
    /// as the nearer end.
    pub(crate) fn apply(self, x: Tensor, part: PartName, rows: &[usize], draw: Draw) -> Result<Tensor> {
        if self == Binarize::None {
            return Ok(x);
        }
        let mut values = x.flatten_all()?.to_vec1::<f32>()?;
        match self {
            Binarize::None => {}
            Binarize::Static => {
                let features = x.dim(1)?.max(1);
                spread(100 * features, values.chunks_mut(features).zip(rows).collect(), |(values, &row)| {
                    let count = part.number() << 48 | row as u64;
                    with_draws(values, &mut stream(draw.seed(), Stream::BinarizeStatic, count), toss);
                });
            }
            Binarize::Dynamic => with_draws_side_by_side(&mut values, &mut draw.binarization(), toss),
        }
        Tensor::from_vec(values, x.shape(), x.device())
    }
}

/// 1 with the value as the probability, 0 otherwise; 0 and 1 stay as they are. The upper 24 bits that were
/// drawn are a number in `[0, 1)`.
#[inline(always)]
fn toss(value: f32, bytes: [u8; 4]) -> f32 {
    let drawn = (u32::from_le_bytes(bytes) >> 8) as f32 / 16_777_216.0;
    if drawn < value { 1.0 } else { 0.0 }
}

as_text!(Binarize);

impl fmt::Display for Binarize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Binarize {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Binarize::ALL
            .into_iter()
            .find(|way| way.name() == text)
            .ok_or_else(|| format!("`{text}` is no way to make samples binary: write none, static or dynamic"))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use rand::Rng;

    use super::*;

    const FEATURES: usize = 400;

    fn step(step: u64) -> Draw {
        Draw::Training { seed: 5, step, epochs: 0.0 }
    }

    fn tossed(way: Binarize, value: f32, part: PartName, rows: &[usize], draw: Draw) -> Vec<Vec<f32>> {
        let x = Tensor::full(value, (rows.len(), FEATURES), &Device::Cpu).expect("small");
        way.apply(x, part, rows, draw).and_then(|x| x.to_vec2()).expect("on the CPU")
    }

    #[test]
    fn a_pixel_is_1_as_often_as_its_value_says() {
        for way in [Binarize::Static, Binarize::Dynamic] {
            for value in [0.0f32, 0.3, 1.0] {
                let rows: Vec<usize> = (0..100).collect();
                let all = tossed(way, value, PartName::Train, &rows, step(1)).concat();
                let share = f64::from(all.iter().sum::<f32>()) / all.len() as f64;
                // Four standard deviations of a mean of 40,000 tosses.
                let tolerance = 4.0 * (f64::from(value * (1.0 - value)) / 40_000.0).sqrt();
                assert!((share - f64::from(value)).abs() <= tolerance + 1e-7, "{way} {value}: {share}");
                assert!(all.iter().all(|&value| value == 0.0 || value == 1.0));
            }
        }
    }

    #[test]
    fn a_toss_draws_as_rand_does() {
        let (mut random, draw) = (step(1).binarization(), step(1));
        let expected: Vec<f32> = (0..FEATURES).map(|_| if random.random::<f32>() < 0.3 { 1.0 } else { 0.0 }).collect();
        assert_eq!(tossed(Binarize::Dynamic, 0.3, PartName::Train, &[0], draw), [expected]);
    }

    #[test]
    fn a_static_row_is_the_same_in_any_step_batch_and_order_and_its_own_in_every_part() {
        let first = tossed(Binarize::Static, 0.5, PartName::Train, &[3, 8], step(1));
        let turned = tossed(Binarize::Static, 0.5, PartName::Train, &[8, 1, 3], step(9));
        assert_eq!((&first[0], &first[1]), (&turned[2], &turned[0]));
        let figures = tossed(Binarize::Static, 0.5, PartName::Train, &[3], Draw::Evaluation { seed: 5, batch: 0 });
        assert_eq!(first[0], figures[0]);
        assert_ne!(first[0], first[1]);
        assert_ne!(first[0], tossed(Binarize::Static, 0.5, PartName::Test, &[3], step(1))[0]);
    }

    #[test]
    fn a_dynamic_row_changes_with_the_step_and_repeats_with_it() {
        let at = |count| tossed(Binarize::Dynamic, 0.5, PartName::Train, &[3], step(count));
        assert_eq!(at(1), at(1));
        assert_ne!(at(1), at(2));
    }

    #[test]
    fn ways_are_read_as_they_are_written() {
        for way in Binarize::ALL {
            assert_eq!(way.to_string().parse(), Ok(way));
        }
        assert!("sometimes".parse::<Binarize>().expect_err("no way").contains("none, static or dynamic"));
    }
}
