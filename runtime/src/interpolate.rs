//! Ways from one code to another, and what the decoder makes of them.

use ndarray::{Array2, ArrayD, ArrayView1};

use crate::{Autoencoder, Codes, Error, Samples, label::check_labels, room::repeated};

/// Below this sine of the angle between them, two codes have no plane: rounding to `f32` alone turns a
/// code by some 1e-7.
const LEAST_SINE: f64 = 1e-6;

/// How to get from one code to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// Straight, at an even pace: `(1 - t) from + t to`. In many dimensions the middle of the way lies
    /// closer to the origin than draws from the prior ever do.
    #[default]
    Linear,
    /// Around the origin: the direction turns at an even pace along the great circle (Shoemake 1985,
    /// "slerp"), and the norm goes evenly from one to the other. So codes as far out as draws from the
    /// prior stay so (White 2016, section 2.1).
    ///
    /// Between codes of one direction that is the straight way. Where there is no shortest turn, because a
    /// code is the origin or the two are opposite, the straight way is taken as well.
    Spherical,
}

/// `steps` codes from one code to another, `[steps, latent]`: the first is `from` and the last is `to`,
/// exactly, and the others divide the way evenly. One step is `from` alone, none is no code.
///
/// # Errors
/// [`Error::CodeLengths`] if the codes differ in length, [`Error::NotFinite`] for a number that is none,
/// [`Error::TooMany`] if so many steps do not fit into memory.
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
    let way = Way::between(from, to, interpolation);
    for step in 0..steps {
        match step {
            0 => codes.extend(from),
            _ if step == steps - 1 => codes.extend(to),
            _ => codes.extend(way.at(step as f64 / (steps - 1) as f64)),
        }
    }
    Array2::from_shape_vec((steps, width), codes).map_err(|_| too_many)
}

impl Autoencoder {
    /// The way between two samples through the latent space: both are encoded, `steps` codes between them
    /// are decoded, `[steps, ...sample shape]`. The first and the last are the samples' reconstructions.
    ///
    /// Where the model takes labels, both samples have the same one, which the whole way is decoded with.
    ///
    /// # Errors
    /// [`Error::NotAPair`] if there are not two rows, [`Error::TwoClasses`] if their labels differ; otherwise
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
        let labels = label.map(|label| repeated(label, steps)).transpose()?;
        self.decode(Codes { labels: labels.as_deref(), ..Codes::from(&codes) })
    }
}

/// A way from one code to another, in `f64`.
enum Way {
    Straight {
        from: Vec<f64>,
        to: Vec<f64>,
    },
    /// `start` and `side` are unit vectors at a right angle; the way turns by `angle` from one towards the
    /// other.
    Around {
        start: Vec<f64>,
        side: Vec<f64>,
        angle: f64,
        norms: [f64; 2],
    },
}

impl Way {
    fn between(from: ArrayView1<'_, f32>, to: ArrayView1<'_, f32>, interpolation: Interpolation) -> Self {
        let wide = |code: ArrayView1<'_, f32>| code.iter().map(|&number| f64::from(number)).collect::<Vec<_>>();
        let (from, to) = (wide(from), wide(to));
        let around = match interpolation {
            Interpolation::Linear => None,
            Interpolation::Spherical => Way::around(&from, &to),
        };
        around.unwrap_or(Way::Straight { from, to })
    }

    /// Nothing where the two span no plane.
    fn around(from: &[f64], to: &[f64]) -> Option<Self> {
        let norms = [norm(from), norm(to)];
        if norms.contains(&0.0) {
            return None;
        }
        let unit = |code: &[f64], norm: f64| code.iter().map(|number| number / norm).collect::<Vec<_>>();
        let (start, end) = (unit(from, norms[0]), unit(to, norms[1]));
        let cosine: f64 = start.iter().zip(&end).map(|(start, end)| start * end).sum();
        let side: Vec<f64> = start.iter().zip(&end).map(|(start, end)| end - cosine * start).collect();
        // By both, since the arc of a cosine alone is blunt near 0 and near a half turn.
        let sine = norm(&side);
        (sine >= LEAST_SINE).then(|| Way::Around { side: unit(&side, sine), start, angle: sine.atan2(cosine), norms })
    }

    /// The code at a share `t` of the way.
    fn at(&self, t: f64) -> Vec<f32> {
        match self {
            Way::Straight { from, to } => {
                from.iter().zip(to).map(|(from, to)| ((1.0 - t) * from + t * to) as f32).collect()
            }
            Way::Around { start, side, angle, norms: [first, last] } => {
                let (sine, cosine) = (t * angle).sin_cos();
                let norm = (1.0 - t) * first + t * last;
                start.iter().zip(side).map(|(start, side)| (norm * (cosine * start + sine * side)) as f32).collect()
            }
        }
    }
}

fn norm(code: &[f64]) -> f64 {
    code.iter().map(|number| number * number).sum::<f64>().sqrt()
}

fn check_finite(input: &str, code: ArrayView1<'_, f32>) -> Result<(), Error> {
    match code.iter().enumerate().find(|(_, number)| !number.is_finite()) {
        Some((at, &value)) => Err(Error::NotFinite { input: input.to_owned(), row: 0, position: vec![at], value }),
        None => Ok(()),
    }
}
