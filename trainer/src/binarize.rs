//! Binarisation of the samples in training: the option, and the bits of a batch. `narrows_data` samples the bits,
//! because evaluation needs the same ones.

use candle_core::{Result, Tensor};
use narrows_data::{PartName, binarize_row, sample_bit};

pub use narrows_data::Binarize;

use crate::{
    loss_context::LossContext, numeric::parallel_for_each, options::options, random::map_with_random_bytes_parallel,
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

/// Binarises the samples `x: [rows, features]`, which are the given rows of a part. Values below 0 become 0 and values
/// above 1 become 1.
pub(crate) fn binarized(
    how: Binarize,
    x: Tensor,
    part: PartName,
    rows: &[usize],
    context: LossContext,
) -> Result<Tensor> {
    if how == Binarize::None {
        return Ok(x);
    }
    let mut values = x.flatten_all()?.to_vec1::<f32>()?;
    match how {
        Binarize::None => {}
        Binarize::Static => {
            let features = x.dim(1)?.max(1);
            parallel_for_each(100 * features, values.chunks_mut(features).zip(rows).collect(), |(values, &row)| {
                binarize_row(values, context.seed(), part, row);
            });
        }
        Binarize::Dynamic => map_with_random_bytes_parallel(&mut values, &mut context.binarization(), sample_bit),
    }
    Tensor::from_vec(values, x.shape(), x.device())
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

    fn bits(variant: Binarize, value: f32, part: PartName, rows: &[usize], context: LossContext) -> Vec<Vec<f32>> {
        let x = Tensor::full(value, (rows.len(), FEATURES), &Device::Cpu).expect("small");
        super::binarized(variant, x, part, rows, context).and_then(|x| x.to_vec2()).expect("on the CPU")
    }

    #[test]
    fn a_pixel_is_1_with_its_value_as_the_probability() {
        for variant in [Binarize::Static, Binarize::Dynamic] {
            for value in [0.0f32, 0.3, 1.0] {
                let rows: Vec<usize> = (0..100).collect();
                let all = bits(variant, value, PartName::Train, &rows, step(1)).concat();
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
        assert_eq!(bits(Binarize::Dynamic, 0.3, PartName::Train, &[0], context), [expected]);
    }

    #[test]
    fn static_binarisation_depends_on_the_row_and_part_but_not_on_step_batch_or_order() {
        let first = bits(Binarize::Static, 0.5, PartName::Train, &[3, 8], step(1));
        let reordered = bits(Binarize::Static, 0.5, PartName::Train, &[8, 1, 3], step(9));
        assert_eq!((&first[0], &first[1]), (&reordered[2], &reordered[0]));
        let evaluated =
            bits(Binarize::Static, 0.5, PartName::Train, &[3], LossContext::Evaluation { seed: 5, batch: 0 });
        assert_eq!(first[0], evaluated[0]);
        assert_ne!(first[0], first[1]);
        assert_ne!(first[0], bits(Binarize::Static, 0.5, PartName::Test, &[3], step(1))[0]);
    }

    #[test]
    fn dynamic_binarisation_differs_between_steps_and_is_reproducible_within_a_step() {
        let at_step = |count| bits(Binarize::Dynamic, 0.5, PartName::Train, &[3], step(count));
        assert_eq!(at_step(1), at_step(1));
        assert_ne!(at_step(1), at_step(2));
    }
}
