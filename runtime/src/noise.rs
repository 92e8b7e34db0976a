//! Noise that is added to samples, as in the training of a denoising autoencoder.

use std::{fmt, str::FromStr};

use narrows_bundle::{Manifest, Scaling, table::Layout};
use ndarray::ArrayViewMutD;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

use crate::random::{Stream, generator};

/// Noise of samples, in the scaled unit of a model: `scaled = (x - offset) / scale` with the scaling of its manifest.
/// For images the scaled range is 0 to 1, for standardised columns the scaled unit is one standard deviation.
///
/// The text forms are `gaussian:0.3`, `masking:0.25` and `salt-pepper:0.1`, as of the option `corruption` in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// Adds normal noise of this standard deviation, at least 0.
    Gaussian(f64),
    /// Sets each value with this probability to the scaled value 0, which is black or the mean of a column.
    Masking(f64),
    /// Sets each value with this probability to the scaled value 0 or 1, both equally likely.
    SaltAndPepper(f64),
}

/// Adds noise to consecutive batches of samples. The noise of a row depends on the seed and on the number of rows
/// before it, not on the batches.
///
/// ```
/// use narrows_runtime::{Noise, NoiseSource, bundle::Scaling, ndarray::ArrayD};
///
/// let scaling = Scaling { offset: vec![0.0], scale: vec![16.0] };
/// let mut source = NoiseSource::new("masking:1".parse()?, &scaling, 7);
/// let mut images = ArrayD::<f32>::ones(vec![4, 8, 8]);
/// source.apply(images.view_mut());
/// assert_eq!(images.sum(), 0.0);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone)]
pub struct NoiseSource {
    noise: Noise,
    scaling: Scaling,
    random: ChaCha8Rng,
    /// Features that get no noise, ascending.
    without_noise: Vec<usize>,
}

impl NoiseSource {
    /// Creates noise for samples with this scaling.
    pub fn new(noise: Noise, scaling: &Scaling, seed: u64) -> Self {
        let random = generator(seed, Stream::Noise);
        NoiseSource { noise, scaling: scaling.clone(), random, without_noise: Vec::new() }
    }

    /// Creates noise for the samples of a model. The categories of a mixed table get no noise.
    pub fn of(noise: Noise, manifest: &Manifest, seed: u64) -> Self {
        let categories = manifest.sample.cells().map(|cells| Layout::of(&cells).categories).unwrap_or_default();
        let without_noise = categories.into_iter().map(|(cell, _)| cell).collect();
        NoiseSource { without_noise, ..Self::new(noise, &manifest.scaling, seed) }
    }

    /// Changes the next rows, `[batch, ...sample shape]` or `[batch, features]`, in the unit of the data. Values may
    /// leave the range of the data.
    pub fn apply(&mut self, mut rows: ArrayViewMutD<'_, f32>) {
        let NoiseSource { noise, scaling, random, without_noise } = self;
        let at = |values: &[f32], feature: usize, default: f32| match values {
            [single] => *single,
            values => values.get(feature).copied().unwrap_or(default),
        };
        for mut row in rows.outer_iter_mut() {
            for (feature, value) in row.iter_mut().enumerate() {
                if without_noise.binary_search(&feature).is_ok() {
                    continue;
                }
                let (offset, scale) = (at(&scaling.offset, feature, 0.0), at(&scaling.scale, feature, 1.0));
                match *noise {
                    Noise::Gaussian(deviation) => {
                        let normal: f32 = StandardNormal.sample(random);
                        *value += deviation as f32 * normal * scale;
                    }
                    Noise::Masking(probability) => {
                        if chance(random) < probability {
                            *value = offset;
                        }
                    }
                    Noise::SaltAndPepper(probability) => {
                        let level = chance(random);
                        if level < probability {
                            // The lower half of the probability is pepper.
                            *value = if level < probability / 2.0 { offset } else { offset + scale };
                        }
                    }
                }
            }
        }
    }
}

/// Samples a number in `[0, 1)`.
fn chance(random: &mut ChaCha8Rng) -> f64 {
    StandardUniform.sample(random)
}

impl fmt::Display for Noise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Noise::Gaussian(deviation) => write!(formatter, "gaussian:{deviation}"),
            Noise::Masking(probability) => write!(formatter, "masking:{probability}"),
            Noise::SaltAndPepper(probability) => write!(formatter, "salt-pepper:{probability}"),
        }
    }
}

impl FromStr for Noise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || format!("`{text}` is not a noise: write gaussian:0.3, masking:0.25 or salt-pepper:0.1");
        let (name, number) = text.split_once(':').ok_or_else(syntax)?;
        let number: f64 = number.parse().map_err(|_| syntax())?;
        let probability = (0.0..=1.0).contains(&number);
        match name {
            "gaussian" if number.is_finite() && number >= 0.0 => Ok(Noise::Gaussian(number)),
            "masking" if probability => Ok(Noise::Masking(number)),
            "salt-pepper" if probability => Ok(Noise::SaltAndPepper(number)),
            "gaussian" => Err(format!("`{text}` is not a noise: the standard deviation must be finite and at least 0")),
            "masking" | "salt-pepper" => Err(format!("`{text}` is not a noise: the probability must be in [0, 1]")),
            _ => Err(syntax()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;

    fn noisy(noise: &str, scaling: Scaling) -> Array2<f32> {
        let mut rows = Array2::from_elem((5000, 2), 5.0);
        let mut source = NoiseSource::new(noise.parse().expect("a noise"), &scaling, 3);
        for mut batch in rows.axis_chunks_iter_mut(ndarray::Axis(0), 1700) {
            source.apply(batch.view_mut().into_dyn());
        }
        rows
    }

    fn columns() -> Scaling {
        Scaling { offset: vec![1.0, -2.0], scale: vec![10.0, 0.5] }
    }

    #[test]
    fn gaussian_noise_has_the_deviation_in_the_unit_of_each_column() {
        let rows = noisy("gaussian:0.3", columns());
        for (column, expected) in [(0, 3.0), (1, 0.15)] {
            // Four standard errors of 5000 values.
            let found = rows.column(column).std(0.0);
            assert!((found / expected - 1.0).abs() < 4.0 / 100.0, "{found}");
        }
    }

    #[test]
    fn masked_and_replaced_values_are_those_of_the_scaled_zero_and_one() {
        let share = |rows: &Array2<f32>, column: usize, value: f32| {
            rows.column(column).iter().filter(|&&found| found == value).count() as f64 / 5000.0
        };
        let masked = noisy("masking:0.25", columns());
        // Four standard deviations of a binomial with 5000 trials.
        assert!((share(&masked, 0, 1.0) - 0.25).abs() < 0.025 && (share(&masked, 1, -2.0) - 0.25).abs() < 0.025);
        let salted = noisy("salt-pepper:0.5", Scaling { offset: vec![1.0], scale: vec![10.0] });
        assert!((share(&salted, 1, 1.0) - 0.25).abs() < 0.025 && (share(&salted, 1, 11.0) - 0.25).abs() < 0.025);
    }

    #[test]
    fn noise_does_not_depend_on_the_batches() {
        let all = noisy("gaussian:1", columns());
        let mut first = Array2::from_elem((9, 2), 5.0);
        NoiseSource::new(Noise::Gaussian(1.0), &columns(), 3).apply(first.view_mut().into_dyn());
        assert_eq!(first, all.slice(s![..9, ..]));
    }

    #[test]
    fn wrong_noises_are_explained() {
        for text in ["gaussian:0.3", "masking:1", "salt-pepper:0"] {
            assert_eq!(text.parse::<Noise>().map(|noise| noise.to_string()), Ok(text.to_owned()));
        }
        for text in ["gaussian", "gaussian:-1", "masking:1.5", "salt-pepper:nan", "snow:1", "gaussian:x"] {
            let error = text.parse::<Noise>().expect_err(text);
            assert!(error.starts_with(&format!("`{text}` is not a noise: ")), "{error}");
        }
    }
}
