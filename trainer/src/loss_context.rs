//! The context of a loss computation: a training step or a batch of an evaluation. It determines the randomness and the
//! state of schedules.

use rand_chacha::ChaCha8Rng;

use crate::random::{Stream, stream};

/// The context of a loss computation, which determines its random streams and the progress of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LossContext {
    /// A training step.
    Training {
        /// Random seed of the run.
        seed: u64,
        /// Number of the step, from 1.
        step: u64,
        /// Number of epochs completed before this step, which may be a fraction such as 2.5.
        epochs: f64,
    },
    /// A batch of an evaluation: samples are not corrupted, and all schedules have reached their final value.
    Evaluation {
        /// Random seed of the run.
        seed: u64,
        /// Number of the batch, from 0.
        batch: u64,
    },
}

impl LossContext {
    /// Returns the random seed of the run.
    pub(crate) fn seed(self) -> u64 {
        match self {
            LossContext::Training { seed, .. } | LossContext::Evaluation { seed, .. } => seed,
        }
    }

    /// Returns the number of completed epochs; infinity in an evaluation, so that every schedule has ended.
    pub(crate) fn epochs(self) -> f64 {
        match self {
            LossContext::Training { epochs, .. } => epochs,
            LossContext::Evaluation { .. } => f64::INFINITY,
        }
    }

    /// Returns the generator for the noise of the reparameterisation.
    pub(crate) fn noise(self) -> ChaCha8Rng {
        self.stream(Stream::Noise, Stream::Evaluation)
    }

    /// Returns the generator for the directions of the contractive penalty.
    pub(crate) fn contraction(self) -> ChaCha8Rng {
        self.stream(Stream::Contraction, Stream::EvaluationContraction)
    }

    /// Returns the generator for dynamic binarisation.
    pub(crate) fn binarization(self) -> ChaCha8Rng {
        self.stream(Stream::BinarizeDynamic, Stream::EvaluationBinarize)
    }

    /// Returns the generator for the masking of cells, which evaluations do not use.
    pub(crate) fn masking(self) -> ChaCha8Rng {
        self.stream(Stream::Masking, Stream::Masking)
    }

    fn stream(self, training: Stream, evaluation: Stream) -> ChaCha8Rng {
        match self {
            LossContext::Training { seed, step, .. } => stream(seed, training, step),
            LossContext::Evaluation { seed, batch } => stream(seed, evaluation, batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::RngCore;

    use super::*;

    #[test]
    fn a_step_and_a_batch_with_the_same_number_use_different_random_values() {
        let training = LossContext::Training { seed: 1, step: 3, epochs: 0.5 };
        let evaluation = LossContext::Evaluation { seed: 1, batch: 3 };
        for generator in [LossContext::noise, LossContext::contraction, LossContext::binarization] {
            assert_ne!(generator(training).next_u64(), generator(evaluation).next_u64());
        }
    }
}
