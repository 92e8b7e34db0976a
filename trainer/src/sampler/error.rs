//! Errors of fitting a sampler.

use narrows_bundle::{Covariance, counted, described_bytes, quoted};

/// An error of fitting a sampler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// There are not enough rows.
    #[error(
        "{} with {} covariance {} at least {needed} rows, got {found} (use more rows or fewer --components{})",
        counted(*components, "component"),
        covariance.name(),
        if *components == 1 { "needs" } else { "need" },
        diagonal_advice(*covariance)
    )]
    TooFewRows {
        /// Number of rows.
        found: usize,
        /// Number of rows that are needed.
        needed: usize,
        /// Number of components.
        components: usize,
        /// Form of the covariance matrices.
        covariance: Covariance,
    },
    /// All codes are equal.
    #[error(
        "the codes of all {rows} rows are equal, so there is no distribution to fit (train the model longer, or pass other \
         rows)"
    )]
    Constant {
        /// Number of rows.
        rows: usize,
    },
    /// A code is infinite or NaN.
    #[error(
        "the code of row {row} contains {value} in dimension {dimension}: its input is too large for 32-bit floats, or far \
         outside the range of the training data"
    )]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Latent dimension, from 0.
        dimension: usize,
        /// The value.
        value: f64,
    },
    /// The codes do not fit into memory.
    #[error("{rows} codes of {latent} dimensions do not fit into memory (pass fewer rows)")]
    Memory {
        /// Number of rows so far.
        rows: usize,
        /// Number of latent dimensions.
        latent: usize,
    },
    /// The fit would need more memory than there is.
    #[error(
        "a mixture of {} on {rows} codes needs about {}, and {} of memory are available; use fewer --components or fewer \
         rows",
        counted(*components, "component"),
        described_bytes(*needed),
        described_bytes(*available)
    )]
    FitMemory {
        /// Number of codes.
        rows: usize,
        /// Number of components.
        components: usize,
        /// Estimated size in bytes.
        needed: u64,
        /// What is available, in bytes.
        available: u64,
    },
    /// The fitted mixture is not valid, because the values of the codes are extreme.
    #[error("the codes cannot be fitted: {what} (use fewer --components, or scale the data)")]
    Invalid {
        /// The defect of the mixture.
        what: String,
    },
    /// A class cannot be fitted.
    #[error("class {}: {source}", quoted(class))]
    Class {
        /// Name of the class.
        class: String,
        /// The reason.
        source: Box<SamplerError>,
    },
    /// A row has no class.
    #[error("row {row} has no class, and the sampler of this model has one mixture per class (pass labels)")]
    NoClass {
        /// Row, from 0.
        row: usize,
    },
    /// The caller stopped the fit.
    #[error("interrupted; no sampler was written")]
    Interrupted,
}

impl SamplerError {
    /// Adds the name of a class; an interruption has none.
    pub(super) fn of_class(self, class: &str) -> Self {
        match self {
            SamplerError::Interrupted => SamplerError::Interrupted,
            other => SamplerError::Class { class: class.to_owned(), source: Box::new(other) },
        }
    }

    pub(super) fn invalid(what: String) -> Self {
        SamplerError::Invalid { what }
    }
}

fn diagonal_advice(covariance: Covariance) -> &'static str {
    match covariance {
        Covariance::Diagonal => "",
        Covariance::Full => ", or --covariance diagonal",
    }
}
