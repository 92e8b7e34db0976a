//! How much a page shows.

/// How much is gathered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GatherOptions {
    /// Largest number of rows in the scatter plots, and of the samples and rows that are compared, by default 1500.
    pub points: usize,
    /// Number of generated samples that are shown, by default 64; of a conditional model, each of the first 20 classes
    /// gets an equal part of them, and at least one.
    pub samples: usize,
    /// Seed of everything that is random, by default 0.
    pub seed: u64,
}

impl GatherOptions {
    /// Sets the largest number of rows in the scatter plots.
    #[must_use]
    pub fn points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// Sets the number of generated samples.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for GatherOptions {
    fn default() -> Self {
        GatherOptions { points: 1500, samples: 64, seed: 0 }
    }
}
