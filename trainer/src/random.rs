//! Randomness as an argument: named streams out of one seed.
//!
//! Every draw is a function of the seed, the stream's name and a counter (an epoch, a step, a
//! parameter), never of what was drawn before. So shuffling does not change when corruption is turned
//! on, and a run can be taken up in the middle.

use candle_core::{Result, Tensor};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, StandardNormal};

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

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::RngCore;

    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_name_and_count() {
        let first = |seed, name, count| stream(seed, name, count).next_u64();
        assert_eq!(first(1, Stream::Noise, 7), first(1, Stream::Noise, 7));
        let others = [first(2, Stream::Noise, 7), first(1, Stream::Shuffle, 7), first(1, Stream::Noise, 8)];
        assert!(!others.contains(&first(1, Stream::Noise, 7)));
    }
}
