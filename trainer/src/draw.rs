//! When a loss is computed: in which training step or for which figures. Randomness and schedules
//! follow from it.

use rand_chacha::ChaCha8Rng;

use crate::random::{Stream, stream};

/// Where the randomness of a loss comes from, and how far training is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Draw {
    /// A training step.
    Training {
        /// Seed of the run.
        seed: u64,
        /// Step, from 1.
        step: u64,
        /// Passes over the training rows that were done before this step, as a fraction: 2.5.
        epochs: f64,
    },
    /// A batch of figures: nothing is corrupted, and whatever rises during training has risen.
    Evaluation {
        /// Seed of the run.
        seed: u64,
        /// Number of the batch.
        batch: u64,
    },
}

impl Draw {
    /// The seed of the run.
    pub(crate) fn seed(self) -> u64 {
        match self {
            Draw::Training { seed, .. } | Draw::Evaluation { seed, .. } => seed,
        }
    }

    /// How far training is; without end for figures, so that every schedule counts as finished.
    pub(crate) fn epochs(self) -> f64 {
        match self {
            Draw::Training { epochs, .. } => epochs,
            Draw::Evaluation { .. } => f64::INFINITY,
        }
    }

    /// The noise of the reparameterisation.
    pub(crate) fn noise(self) -> ChaCha8Rng {
        self.stream(Stream::Noise, Stream::Evaluation)
    }

    /// The directions of the contractive penalty.
    pub(crate) fn contraction(self) -> ChaCha8Rng {
        self.stream(Stream::Contraction, Stream::EvaluationContraction)
    }

    /// The dynamic binarisation.
    pub(crate) fn binarization(self) -> ChaCha8Rng {
        self.stream(Stream::BinarizeDynamic, Stream::EvaluationBinarize)
    }

    fn stream(self, training: Stream, evaluation: Stream) -> ChaCha8Rng {
        match self {
            Draw::Training { seed, step, .. } => stream(seed, training, step),
            Draw::Evaluation { seed, batch } => stream(seed, evaluation, batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::RngCore;

    use super::*;

    #[test]
    fn a_step_and_a_batch_of_the_same_number_share_no_randomness() {
        let training = Draw::Training { seed: 1, step: 3, epochs: 0.5 };
        let evaluation = Draw::Evaluation { seed: 1, batch: 3 };
        for generator in [Draw::noise, Draw::contraction, Draw::binarization] {
            assert_ne!(generator(training).next_u64(), generator(evaluation).next_u64());
        }
    }
}
