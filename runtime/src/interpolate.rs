//! Interpolation between codes, and between samples through the latent space.

use ndarray::{Array2, ArrayD, ArrayView1};

use crate::{Autoencoder, Codes, Error, Samples, label::check_labels};

/// Smallest sine of the angle between two codes for spherical interpolation. Below it the plane of the two codes is
/// not well defined, because rounding to `f32` alone rotates a code by about 1e-7.
const MIN_SINE: f64 = 1e-6;

/// Method of interpolation between two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// Linear interpolation, `(1 - t) from + t to`. In many dimensions the midpoint is closer to the origin than
    /// typical samples of the prior.
    #[default]
    Linear,
    /// Spherical linear interpolation: the direction moves along the great circle at constant angular speed (Shoemake
    /// 1985, "slerp"), and the norm changes linearly. The norm stays typical of samples of the prior (White 2016,
    /// section 2.1).
    ///
    /// Falls back to linear interpolation if the codes have the same or opposite directions, or one is the origin.
    Spherical,
}

/// Interpolates between two codes and returns `steps` codes at equal distances, `[steps, latent]`.
///
/// The first code is exactly `from` and the last exactly `to`. One step gives only `from`, zero steps give no code.
///
/// # Errors
/// [`Error::CodeLengths`] if the codes differ in length, [`Error::NotFinite`] for NaN or an infinity,
/// [`Error::TooMany`] if the codes do not fit into memory.
pub fn codes_between(
    from: ArrayView1<'_, f32>,
    to: ArrayView1<'_, f32>,
    steps: usize,
    interpolation: Interpolation,
) -> Result<Array2<f32>, Error> {
    if from.len() != to.len() {
        return Err(Error::CodeLengths { from: from.len(), to: to.len() });
    }
    check_finite("from", from)?;
    check_finite("to", to)?;
    let width = from.len();
    let too_many = Error::TooMany { rows: steps, width };
    let mut codes: Vec<f32> = Vec::new();
    if steps.checked_mul(width).is_none_or(|total| codes.try_reserve_exact(total).is_err()) {
        return Err(too_many);
    }
    let path = Path::between(from, to, interpolation);
    for step in 0..steps {
        match step {
            0 => codes.extend(from),
            _ if step == steps - 1 => codes.extend(to),
            _ => codes.extend(path.at(step as f64 / (steps - 1) as f64)),
        }
    }
    Array2::from_shape_vec((steps, width), codes).map_err(|_| too_many)
}

impl Autoencoder {
    /// Interpolates between two samples through the latent space: encodes both, and decodes `steps` codes between
    /// them, `[steps, ...sample shape]`. The first and the last result are the reconstructions of the samples.
    ///
    /// If the model takes labels, both samples need the same label, which is used for all steps.
    ///
    /// # Errors
    /// [`Error::NotAPair`] if there are not exactly two rows, [`Error::TwoClasses`] if their labels differ; otherwise
    /// those of [`codes_between`] and [`Autoencoder::reconstruct`].
    pub fn interpolate<'a>(
        &self,
        samples: impl Into<Samples<'a>>,
        steps: usize,
        interpolation: Interpolation,
    ) -> Result<ArrayD<f32>, Error> {
        let mut samples = samples.into();
        let labels = samples.labels;
        samples.labels = labels.filter(|_| self.encoder.takes_labels());
        let ends = self.encode(samples)?;
        check_labels(labels, ends.nrows(), &[&self.encoder, &self.decoder], self.manifest())?;
        let [from, to] = ends.outer_iter().collect::<Vec<_>>()[..] else {
            return Err(Error::NotAPair { rows: ends.nrows() });
        };
        let label = match labels {
            Some(&[from, to, ..]) if from != to => return Err(Error::TwoClasses { from, to }),
            Some(&[label, ..]) if self.decoder.takes_labels() => Some(label),
            Some(_) | None => None,
        };
        let codes = codes_between(from, to, steps, interpolation)?;
        let labels = label.map(|label| self.bounds().repeated_label(label, steps)).transpose()?;
        self.decode(Codes { labels: labels.as_deref(), ..Codes::from(&codes) })
    }
}

/// A path from one code to another, computed in `f64`.
enum Path {
    Linear {
        from: Vec<f64>,
        to: Vec<f64>,
    },
    /// `start` and `side` are orthogonal unit vectors; the path rotates by `angle` (radians) from `start` towards
    /// `side`.
    Spherical {
        start: Vec<f64>,
        side: Vec<f64>,
        angle: f64,
        norms: [f64; 2],
    },
}

impl Path {
    fn between(from: ArrayView1<'_, f32>, to: ArrayView1<'_, f32>, interpolation: Interpolation) -> Self {
        let wide = |code: ArrayView1<'_, f32>| code.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let (from, to) = (wide(from), wide(to));
        let spherical = match interpolation {
            Interpolation::Linear => None,
            Interpolation::Spherical => Path::spherical(&from, &to),
        };
        spherical.unwrap_or(Path::Linear { from, to })
    }

    /// Returns the spherical path, or `None` if the two codes span no plane.
    fn spherical(from: &[f64], to: &[f64]) -> Option<Self> {
        let norms = [norm(from), norm(to)];
        if norms.contains(&0.0) {
            return None;
        }
        let unit = |code: &[f64], norm: f64| code.iter().map(|value| value / norm).collect::<Vec<_>>();
        let (start, end) = (unit(from, norms[0]), unit(to, norms[1]));
        let cosine: f64 = start.iter().zip(&end).map(|(start, end)| start * end).sum();
        let side: Vec<f64> = start.iter().zip(&end).map(|(start, end)| end - cosine * start).collect();
        // The angle uses sine and cosine, because the arc cosine alone is inaccurate near 0 and near pi.
        let sine = norm(&side);
        (sine >= MIN_SINE).then(|| Path::Spherical { side: unit(&side, sine), start, angle: sine.atan2(cosine), norms })
    }

    /// Returns the code at the fraction `t` of the path.
    fn at(&self, t: f64) -> Vec<f32> {
        match self {
            Path::Linear { from, to } => {
                from.iter().zip(to).map(|(from, to)| ((1.0 - t) * from + t * to) as f32).collect()
            }
            Path::Spherical { start, side, angle, norms: [first, last] } => {
                let (sine, cosine) = (t * angle).sin_cos();
                let norm = (1.0 - t) * first + t * last;
                start.iter().zip(side).map(|(start, side)| (norm * (cosine * start + sine * side)) as f32).collect()
            }
        }
    }
}

fn norm(code: &[f64]) -> f64 {
    code.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn check_finite(input: &str, code: ArrayView1<'_, f32>) -> Result<(), Error> {
    match code.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => {
            Err(Error::NotFinite { input: input.to_owned(), row: 0, position: vec![index], value })
        }
        None => Ok(()),
    }
}
