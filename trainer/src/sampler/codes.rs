//! The codes to fit, collected batch by batch.

use narrows_bundle::Fingerprint;
use ndarray::{Array2, ArrayView2};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::SamplerError;
use crate::random::{Stream, stream};

/// One of this many consecutive rows is held out, chosen at random.
const HELD_OUT_EVERY: usize = 10;

/// Codes, of which a tenth is held out from the fit. They are in memory, 8 bytes per value.
#[derive(Debug)]
pub struct Codes {
    latent: usize,
    fitted: Vec<f64>,
    held_out: Vec<f64>,
    rows: usize,
    /// The class of every fitted and of every held-out row; `None` for codes without classes.
    classes: Option<[Vec<u32>; 2]>,
    /// Position of the held-out row among the current rows.
    position: usize,
    positions: ChaCha8Rng,
    noise: ChaCha8Rng,
    fingerprint: Fingerprint,
}

impl Codes {
    /// Creates an empty collection of codes of `latent` dimensions.
    pub fn new(latent: usize, seed: u64) -> Self {
        Self::with(latent, seed, None)
    }

    /// Creates an empty collection of codes with classes, to each class of which a mixture is fitted. It needs 4 more
    /// bytes per row.
    pub fn of_classes(latent: usize, seed: u64) -> Self {
        Self::with(latent, seed, Some(Default::default()))
    }

    fn with(latent: usize, seed: u64, classes: Option<[Vec<u32>; 2]>) -> Self {
        Codes {
            classes,
            latent,
            fitted: Vec::new(),
            held_out: Vec::new(),
            rows: 0,
            position: 0,
            positions: stream(seed, Stream::SamplerHeldOut, 0),
            noise: stream(seed, Stream::SamplerNoise, 0),
            fingerprint: Fingerprint::default(),
        }
    }

    /// Adds rows to the fingerprint of the data: `values` are those of the rows whose codes are added.
    pub fn record_rows(&mut self, values: &ArrayView2<'_, f32>, labels: Option<&[i64]>) {
        values.iter().for_each(|value| self.fingerprint.add(&value.to_le_bytes()));
        labels.into_iter().flatten().for_each(|label| self.fingerprint.add(&label.to_le_bytes()));
    }

    /// Adds the codes of a deterministic encoder, `[batch, latent]`, with the class of each if the collection has
    /// classes; otherwise the classes are ignored.
    ///
    /// # Errors
    /// [`SamplerError::NotFinite`] for a code that is infinite or NaN, [`SamplerError::NoClass`] for a row without a
    /// class of at least 0 if the collection has classes, and [`SamplerError::Memory`].
    pub fn add(&mut self, codes: &ArrayView2<'_, f32>, classes: Option<&[i64]>) -> Result<(), SamplerError> {
        let mut codes = codes.outer_iter().enumerate();
        codes.try_for_each(|(row, code)| {
            self.add_row(code.iter().map(|&value| f64::from(value)), class_of(classes, row))
        })
    }

    /// Adds one sample of each posterior, `z = mu + sigma eps`: the samples of all rows follow the aggregate posterior,
    /// which the means alone do not. Means and log-variances are `[batch, latent]`; the classes are as in
    /// [`Codes::add`].
    ///
    /// # Errors
    /// Those of [`Codes::add`].
    pub fn add_posterior(
        &mut self,
        mean: &ArrayView2<'_, f32>,
        log_variance: &ArrayView2<'_, f32>,
        classes: Option<&[i64]>,
    ) -> Result<(), SamplerError> {
        for (row, (mean, log_variance)) in mean.outer_iter().zip(log_variance.outer_iter()).enumerate() {
            let mut noise = self.noise.clone();
            let code = mean.iter().zip(log_variance).map(|(&mean, &log_variance)| {
                let eps: f64 = StandardNormal.sample(&mut noise);
                f64::from(mean) + (f64::from(log_variance) / 2.0).exp() * eps
            });
            self.add_row(code, class_of(classes, row))?;
            self.noise = noise;
        }
        Ok(())
    }

    fn add_row(&mut self, code: impl Iterator<Item = f64>, class: Option<u32>) -> Result<(), SamplerError> {
        if self.rows.is_multiple_of(HELD_OUT_EVERY) {
            self.position = self.positions.random_range(0..HELD_OUT_EVERY);
        }
        let is_held_out = self.rows % HELD_OUT_EVERY == self.position;
        let rows = if is_held_out { &mut self.held_out } else { &mut self.fitted };
        let (row, latent) = (self.rows, self.latent);
        rows.try_reserve(latent).map_err(|_| SamplerError::Memory { rows: row, latent })?;
        for (dimension, value) in code.enumerate() {
            if !value.is_finite() {
                return Err(SamplerError::NotFinite { row, dimension, value });
            }
            rows.push(value);
        }
        if let Some(classes) = &mut self.classes {
            let class = class.ok_or(SamplerError::NoClass { row })?;
            let classes = &mut classes[usize::from(is_held_out)];
            classes.try_reserve(1).map_err(|_| SamplerError::Memory { rows: row, latent })?;
            classes.push(class);
        }
        self.rows += 1;
        Ok(())
    }

    /// Returns the number of rows to collect so that at least `fitted` are fitted and at least one is held out.
    pub(super) fn rows_to_collect(fitted: usize) -> usize {
        (fitted.saturating_add(1)).saturating_mul(HELD_OUT_EVERY).div_ceil(HELD_OUT_EVERY - 1).max(HELD_OUT_EVERY)
    }

    /// Moves the codes to fit out, `[rows, latent]`.
    pub(super) fn take_fitted(&mut self) -> Array2<f64> {
        let values = std::mem::take(&mut self.fitted);
        let shape = (values.len() / self.latent.max(1), self.latent);
        Array2::from_shape_vec(shape, values).expect("rows of equal length")
    }

    /// Returns the codes that are held out, `[rows, latent]`.
    pub(super) fn held_out(&self) -> ArrayView2<'_, f64> {
        let shape = (self.held_out.len() / self.latent.max(1), self.latent);
        ArrayView2::from_shape(shape, &self.held_out).expect("rows of equal length")
    }

    /// Returns the class of every fitted and of every held-out row; `None` for codes without classes.
    pub(super) fn classes(&self) -> Option<[&[u32]; 2]> {
        self.classes.as_ref().map(|classes| classes.each_ref().map(Vec::as_slice))
    }

    /// Returns the SHA-256 over the recorded rows.
    pub(super) fn fingerprint(&self) -> String {
        self.fingerprint.hex()
    }
}

/// Returns the class of a row; `None` without a class of at least 0.
fn class_of(classes: Option<&[i64]>, row: usize) -> Option<u32> {
    classes.and_then(|classes| classes.get(row)).and_then(|&class| u32::try_from(class).ok())
}
