//! Randomness as an argument: named streams out of one seed.
//!
//! Every draw is a function of the seed, the stream's name and a counter (an epoch, a step, a
//! parameter), never of what was drawn before. So shuffling does not change when corruption is turned
//! on, and a run can be taken up in the middle.

use candle_core::{Result, Tensor};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_distr::{Distribution, StandardNormal};

use crate::numeric::{spread, vectorized};

/// Values that draw on one core at a time.
const PART: usize = 1 << 13;

/// Values whose draws are generated at a time.
const BLOCK: usize = 64;

/// What randomness is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// First values of parameters; the counter is the parameter's index.
    Initial,
    /// Order of the rows; the counter is the epoch.
    Shuffle,
    /// Which rows are held out; the counter is zero.
    Split,
    /// Corruption of a denoising autoencoder's input; the counter is the step.
    Corruption,
    /// Noise of the reparameterisation; the counter is the step.
    Noise,
    /// Noise when figures are computed after training; the counter is the batch.
    Evaluation,
    /// Directions of the contractive penalty; the counter is the step.
    Contraction,
    /// The same when figures are computed; the counter is the batch.
    EvaluationContraction,
    /// Static binarisation; the counter is the row with its part of the data.
    BinarizeStatic,
    /// Dynamic binarisation; the counter is the step.
    BinarizeDynamic,
    /// The same when figures are computed; the counter is the batch.
    EvaluationBinarize,
    /// Which labels are learned from, and which are held out; the counter is zero.
    Labels,
}

impl Stream {
    /// Never change one: it changes what every seed means.
    fn number(self) -> u64 {
        match self {
            Stream::Initial => 1,
            Stream::Shuffle => 2,
            Stream::Split => 3,
            Stream::Corruption => 4,
            Stream::Noise => 5,
            Stream::Evaluation => 6,
            Stream::Contraction => 7,
            Stream::EvaluationContraction => 8,
            Stream::BinarizeStatic => 9,
            Stream::BinarizeDynamic => 10,
            Stream::EvaluationBinarize => 11,
            Stream::Labels => 12,
        }
    }
}

/// The generator of one stream at one count.
pub(crate) fn stream(seed: u64, stream: Stream, count: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // Counts beyond 2^56 would run into the next stream; no training gets there.
    generator.set_stream((stream.number() << 56) ^ count);
    generator
}

/// Standard normal noise of the shape of `like`, drawn row by row.
pub(crate) fn normal_like(like: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
    let noise: Vec<f32> = StandardNormal.sample_iter(random).take(like.elem_count()).collect();
    Tensor::from_vec(noise, like.shape(), like.device())
}

/// Makes `each` of every value and of `BYTES` bytes that are its own, a multiple of 4, drawn in order.
pub(crate) fn with_draws<const BYTES: usize>(
    values: &mut [f32],
    random: &mut ChaCha8Rng,
    each: impl Fn(f32, [u8; BYTES]) -> f32,
) {
    let mut bytes = [[0u8; BYTES]; BLOCK];
    for values in values.chunks_mut(BLOCK) {
        let bytes = &mut bytes[..values.len()];
        random.fill_bytes(bytes.as_flattened_mut());
        vectorized(
            #[inline(always)]
            || {
                for (value, bytes) in values.iter_mut().zip(&*bytes) {
                    *value = each(*value, *bytes);
                }
            },
        );
    }
}

/// The same on several cores: each starts where the draws of its values do.
pub(crate) fn with_draws_side_by_side<const BYTES: usize>(
    values: &mut [f32],
    random: &mut ChaCha8Rng,
    each: impl Fn(f32, [u8; BYTES]) -> f32 + Copy + Sync + Send,
) {
    let start = random.get_word_pos();
    let place = |value: usize| start + (value as u128) * (BYTES as u128 / 4);
    let end = place(values.len());
    let whole = &*random;
    // A byte takes as long as some 24 operations of arithmetic.
    spread(24 * BYTES * PART, values.chunks_mut(PART).enumerate().collect(), |(part, values)| {
        let mut random = whole.clone();
        random.set_word_pos(place(part * PART));
        with_draws(values, &mut random, each);
    });
    random.set_word_pos(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_name_and_count() {
        let first = |seed, name, count| stream(seed, name, count).next_u64();
        assert_eq!(first(1, Stream::Noise, 7), first(1, Stream::Noise, 7));
        let others = [first(2, Stream::Noise, 7), first(1, Stream::Shuffle, 7), first(1, Stream::Noise, 8)];
        assert!(!others.contains(&first(1, Stream::Noise, 7)));
    }

    #[test]
    fn draws_side_by_side_are_those_of_one_after_another() {
        for offset in [0u128, 1, 63, 64, 100] {
            let generator = || {
                let mut random = stream(1, Stream::Noise, 7);
                random.set_word_pos(offset);
                random
            };
            let (mut single, mut spread) = (generator(), generator());
            let expected: Vec<f32> = (0..3 * PART + 5).map(|_| single.next_u64() as f32).collect();
            let mut found = vec![0f32; 3 * PART + 5];
            with_draws_side_by_side(&mut found, &mut spread, |value, bytes| value + u64::from_le_bytes(bytes) as f32);
            assert!(found == expected, "{offset}");
            assert_eq!(spread.next_u64(), single.next_u64(), "{offset}");
        }
    }
}
