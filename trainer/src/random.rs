//! Random streams: generators that are identified by a seed, a name and a counter.
//!
//! Random values depend only on the seed, the name of the stream and a counter (an epoch, a step, a parameter), never
//! on values that were generated before. So enabling corruption does not change the shuffling, and an interrupted run
//! can be resumed at any step.

use candle_core::{Result, Tensor};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_distr::{Distribution, StandardNormal};

use crate::numeric::{parallel_for_each, vectorized};

/// Number of values that one thread processes at a time.
const PART: usize = 1 << 13;

/// Number of values for which random bytes are generated at a time.
const BLOCK: usize = 64;

/// The purpose of a random stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Initial values of parameters; the counter is the index of the parameter.
    Initial,
    /// Shuffling of the rows; the counter is the epoch.
    Shuffle,
    /// Selection of the rows that are held out; the counter is 0.
    Split,
    /// Corruption of the encoder's input; the counter is the step.
    Corruption,
    /// Noise of the reparameterisation; the counter is the step.
    Noise,
    /// Noise of the reparameterisation in an evaluation; the counter is the batch.
    Evaluation,
    /// Directions of the contractive penalty; the counter is the step.
    Contraction,
    /// Directions of the contractive penalty in an evaluation; the counter is the batch.
    EvaluationContraction,
    /// Dynamic binarisation; the counter is the step.
    BinarizeDynamic,
    /// Dynamic binarisation in an evaluation; the counter is the batch.
    EvaluationBinarize,
    /// Selection of the labels to train on and to hold out; the counter is 0.
    Labels,
    /// Augmentation of images; the counter is the step.
    Augmentation,
    /// Selection of the held-out codes of a sampler; the counter is 0.
    SamplerHeldOut,
    /// Posterior samples to which a sampler is fitted; the counter is 0.
    SamplerNoise,
    /// First centres of a sampler; the counter is the class, or 0 for one mixture for all classes.
    SamplerStart,
    /// Rows from which pseudo-inputs start; the counter is 0.
    PseudoInputs,
    /// Rows that a detector stores; the counter is 0.
    DetectorRows,
    /// Latent samples of a detector; the counter is 0.
    DetectorNoise,
    /// First centres of the mixture of a detector; the counter is 0.
    DetectorStart,
    /// Rows that calibrate a detector; the counter is 0.
    DetectorSplit,
    /// Masking of the cells of mixed tables; the counter is the step.
    Masking,
}

impl Stream {
    /// Returns the number of the stream. The numbers must never change, because they determine the random values of
    /// every seed.
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
            // Static binarisation, in `narrows_data`, has the number 9.
            Stream::BinarizeDynamic => 10,
            Stream::EvaluationBinarize => 11,
            Stream::Labels => 12,
            Stream::Augmentation => 13,
            Stream::SamplerHeldOut => 20,
            Stream::SamplerNoise => 21,
            Stream::SamplerStart => 22,
            Stream::PseudoInputs => 23,
            Stream::DetectorRows => 24,
            Stream::DetectorNoise => 25,
            Stream::DetectorStart => 26,
            Stream::DetectorSplit => 27,
            Stream::Masking => 28,
        }
    }
}

/// Returns the generator of a stream for one value of its counter.
pub(crate) fn stream(seed: u64, stream: Stream, count: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // Counters from 2^56 on would collide with other streams; no run gets that far.
    generator.set_stream((stream.number() << 56) ^ count);
    generator
}

/// Returns standard normal noise with the shape of `like`, generated row by row.
pub(crate) fn normal_like(like: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
    let noise: Vec<f32> = StandardNormal.sample_iter(random).take(like.elem_count()).collect();
    Tensor::from_vec(noise, like.shape(), like.device())
}

/// Replaces every value by `each(value, bytes)`, where `bytes` are the next `BYTES` random bytes of the generator.
/// `BYTES` must be a multiple of 4.
pub(crate) fn map_with_random_bytes<const BYTES: usize>(
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

/// Does the same as [`map_with_random_bytes`] on several threads. Each thread starts at the position in the stream that
/// belongs to its values, so the result is identical.
pub(crate) fn map_with_random_bytes_parallel<const BYTES: usize>(
    values: &mut [f32],
    random: &mut ChaCha8Rng,
    each: impl Fn(f32, [u8; BYTES]) -> f32 + Copy + Sync + Send,
) {
    let start = random.get_word_pos();
    let position = |value: usize| start + (value as u128) * (BYTES as u128 / 4);
    let end = position(values.len());
    let generator = &*random;
    // A random byte costs about as much as 24 arithmetic operations.
    parallel_for_each(24 * BYTES * PART, values.chunks_mut(PART).enumerate().collect(), |(part, values)| {
        let mut random = generator.clone();
        random.set_word_pos(position(part * PART));
        map_with_random_bytes(values, &mut random, each);
    });
    random.set_word_pos(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reproducible_and_differ_by_seed_name_and_counter() {
        let first = |seed, name, count| stream(seed, name, count).next_u64();
        assert_eq!(first(1, Stream::Noise, 7), first(1, Stream::Noise, 7));
        let others = [first(2, Stream::Noise, 7), first(1, Stream::Shuffle, 7), first(1, Stream::Noise, 8)];
        assert!(!others.contains(&first(1, Stream::Noise, 7)));
    }

    #[test]
    fn parallel_and_sequential_mapping_give_identical_values() {
        for offset in [0u128, 1, 63, 64, 100] {
            let generator = || {
                let mut random = stream(1, Stream::Noise, 7);
                random.set_word_pos(offset);
                random
            };
            let (mut sequential, mut parallel) = (generator(), generator());
            let expected: Vec<f32> = (0..3 * PART + 5).map(|_| sequential.next_u64() as f32).collect();
            let mut values = vec![0f32; 3 * PART + 5];
            map_with_random_bytes_parallel(&mut values, &mut parallel, |value, bytes| {
                value + u64::from_le_bytes(bytes) as f32
            });
            assert!(values == expected, "{offset}");
            assert_eq!(parallel.next_u64(), sequential.next_u64(), "{offset}");
        }
    }
}
