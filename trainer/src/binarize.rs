//! Binarisation of grey values: a pixel becomes 1 with its value as the probability.
//!
//! The Bernoulli likelihood is a distribution of zeros and ones. Sampling them once gives a fixed binary data set,
//! similar to that of Larochelle and Murray 2011. Sampling them anew at every step never shows the network the same
//! sample twice, which reduces overfitting (Salakhutdinov and Murray 2008). Likelihoods of models with different
//! binarisations are not comparable.

use std::{fmt, str::FromStr};

use candle_core::{Result, Tensor};

use crate::{
    loss_context::LossContext,
    numeric::parallel_for_each,
    options::options,
    part_name::PartName,
    random::{Stream, map_with_random_bytes, map_with_random_bytes_parallel, stream},
    text::as_text,
};

options! {
    /// Binarisation of the samples.
    pub struct BinarizeOptions in "Data" {
        /// Binarise samples, with each value as the probability of a 1: none, static (sampled once per row) or dynamic
        /// (sampled anew at every step) [default: none]
        #[flag(value_name = "none|static|dynamic")]
        pub binarize: Binarize = Binarize::Dynamic,
    }
}

/// Whether and when samples are binarised before they enter the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binarize {
    /// No binarisation.
    #[default]
    None,
    /// Once per row: a row has the same zeros and ones during the whole run.
    Static,
    /// At every step: the zeros and ones of a row are sampled anew.
    Dynamic,
}

impl Binarize {
    /// All variants.
    pub const ALL: [Binarize; 3] = [Binarize::None, Binarize::Static, Binarize::Dynamic];

    /// Returns the name on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Binarize::None => "none",
            Binarize::Static => "static",
            Binarize::Dynamic => "dynamic",
        }
    }

    /// Binarises the samples `x: [rows, features]`, which are the given rows of a part. Values below 0 become 0 and
    /// values above 1 become 1.
    pub(crate) fn apply(self, x: Tensor, part: PartName, rows: &[usize], context: LossContext) -> Result<Tensor> {
        if self == Binarize::None {
            return Ok(x);
        }
        let mut values = x.flatten_all()?.to_vec1::<f32>()?;
        match self {
            Binarize::None => {}
            Binarize::Static => {
                let features = x.dim(1)?.max(1);
                parallel_for_each(100 * features, values.chunks_mut(features).zip(rows).collect(), |(values, &row)| {
                    let count = part.number() << 48 | row as u64;
                    let mut random = stream(context.seed(), Stream::BinarizeStatic, count);
                    map_with_random_bytes(values, &mut random, sample_bit);
                });
            }
            Binarize::Dynamic => map_with_random_bytes_parallel(&mut values, &mut context.binarization(), sample_bit),
        }
        Tensor::from_vec(values, x.shape(), x.device())
    }
}

/// Returns 1 with `value` as the probability, and 0 otherwise; 0 and 1 are not changed. The upper 24 random bits are
/// converted to a number in `[0, 1)`.
#[inline(always)]
fn sample_bit(value: f32, bytes: [u8; 4]) -> f32 {
    let uniform = (u32::from_le_bytes(bytes) >> 8) as f32 / 16_777_216.0;
    if uniform < value { 1.0 } else { 0.0 }
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
            .find(|variant| variant.name() == text)
            .ok_or_else(|| format!("`{text}` is not a binarisation: choose one of none, static or dynamic"))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use rand::Rng;

    use super::*;

    const FEATURES: usize = 400;

    fn step(step: u64) -> LossContext {
        LossContext::Training { seed: 5, step, epochs: 0.0 }
    }

    fn binarized(variant: Binarize, value: f32, part: PartName, rows: &[usize], context: LossContext) -> Vec<Vec<f32>> {
        let x = Tensor::full(value, (rows.len(), FEATURES), &Device::Cpu).expect("small");
        variant.apply(x, part, rows, context).and_then(|x| x.to_vec2()).expect("on the CPU")
    }

    #[test]
    fn a_pixel_is_1_with_its_value_as_the_probability() {
        for variant in [Binarize::Static, Binarize::Dynamic] {
            for value in [0.0f32, 0.3, 1.0] {
                let rows: Vec<usize> = (0..100).collect();
                let all = binarized(variant, value, PartName::Train, &rows, step(1)).concat();
                let mean = f64::from(all.iter().sum::<f32>()) / all.len() as f64;
                // Four standard deviations of the mean of 40,000 samples.
                let tolerance = 4.0 * (f64::from(value * (1.0 - value)) / 40_000.0).sqrt();
                assert!((mean - f64::from(value)).abs() <= tolerance + 1e-7, "{variant} {value}: {mean}");
                assert!(all.iter().all(|&value| value == 0.0 || value == 1.0));
            }
        }
    }

    #[test]
    fn binarisation_equals_sampling_with_rand() {
        let (mut random, context) = (step(1).binarization(), step(1));
        let expected: Vec<f32> = (0..FEATURES).map(|_| if random.random::<f32>() < 0.3 { 1.0 } else { 0.0 }).collect();
        assert_eq!(binarized(Binarize::Dynamic, 0.3, PartName::Train, &[0], context), [expected]);
    }

    #[test]
    fn static_binarisation_depends_on_the_row_and_part_but_not_on_step_batch_or_order() {
        let first = binarized(Binarize::Static, 0.5, PartName::Train, &[3, 8], step(1));
        let reordered = binarized(Binarize::Static, 0.5, PartName::Train, &[8, 1, 3], step(9));
        assert_eq!((&first[0], &first[1]), (&reordered[2], &reordered[0]));
        let evaluated =
            binarized(Binarize::Static, 0.5, PartName::Train, &[3], LossContext::Evaluation { seed: 5, batch: 0 });
        assert_eq!(first[0], evaluated[0]);
        assert_ne!(first[0], first[1]);
        assert_ne!(first[0], binarized(Binarize::Static, 0.5, PartName::Test, &[3], step(1))[0]);
    }

    #[test]
    fn dynamic_binarisation_differs_between_steps_and_is_reproducible_within_a_step() {
        let at_step = |count| binarized(Binarize::Dynamic, 0.5, PartName::Train, &[3], step(count));
        assert_eq!(at_step(1), at_step(1));
        assert_ne!(at_step(1), at_step(2));
    }

    #[test]
    fn binarisations_are_parsed_from_their_display_form() {
        for variant in Binarize::ALL {
            assert_eq!(variant.to_string().parse(), Ok(variant));
        }
        assert!("sometimes".parse::<Binarize>().expect_err("an invalid name").contains("none, static or dynamic"));
    }
}
