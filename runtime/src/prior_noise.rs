//! Normal noise for sampling codes, with a temperature and a truncation.

use ndarray::{Array2, Axis, Slice};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

use crate::{
    Error, GenerateOptions,
    bounds::Bounds,
    random::{Stream, generator, standard_normals},
};

/// Largest limit for which proposals are uniform. Both methods accept at least 60 % of the proposals on their side.
const UNIFORM_LIMIT: f32 = 1.0;

/// Samples independent normal values with mean 0, `[count, latent_dim]`, for the options of [`GenerateOptions`].
///
/// A value within the truncation is the same as without truncation. Fewer rows are a prefix of more rows.
///
/// # Errors
/// [`Error::OutOfRange`] for an impossible temperature or truncation, and those of [`standard_normals`].
pub(crate) fn prior_noise(
    options: &GenerateOptions<'_>,
    latent_dim: usize,
    bounds: &Bounds,
) -> Result<Array2<f32>, Error> {
    let GenerateOptions { count, seed, temperature, truncate, class: _, cells: _ } = *options;
    if !(temperature.is_finite() && temperature >= 0.0) {
        let expected = "a finite number of at least 0";
        return Err(Error::OutOfRange { option: "temperature", value: temperature.into(), expected });
    }
    let mut noise = standard_normals(seed, Stream::Prior, [count, latent_dim], bounds)?;
    if let Some(limit) = truncate {
        if limit.is_nan() || limit <= 0.0 {
            let expected = "a number above 0";
            return Err(Error::OutOfRange { option: "truncate", value: limit.into(), expected });
        }
        let mut random = generator(seed, Stream::Truncation);
        bounds.in_blocks(count, |block| {
            let mut rows = noise.slice_axis_mut(Axis(0), Slice::from(block));
            for value in rows.iter_mut().filter(|value| value.abs() > limit) {
                *value = truncated_normal(limit, &mut random);
            }
        })?;
    }
    noise *= temperature;
    Ok(noise)
}

/// Samples a standard normal value with an absolute value of at most `limit`, by rejection (Robert 1995, section 2):
/// from a uniform distribution if the limit is small, from a normal distribution otherwise.
fn truncated_normal(limit: f32, random: &mut ChaCha8Rng) -> f32 {
    loop {
        if limit > UNIFORM_LIMIT {
            let value: f32 = StandardNormal.sample(random);
            if value.abs() <= limit {
                return value;
            }
        } else {
            let [position, level]: [f32; 2] = [StandardUniform.sample(random), StandardUniform.sample(random)];
            let value = limit * (2.0 * position - 1.0);
            if level <= (-value * value / 2.0).exp() {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(options: GenerateOptions<'_>) -> Array2<f32> {
        prior_noise(&options, 3, &Bounds::default()).expect("a few values")
    }

    #[test]
    fn the_defaults_are_the_standard_normal_values_of_the_seed() {
        let plain = standard_normals(5, Stream::Prior, [50, 3], &Bounds::default()).expect("a few values");
        assert_eq!(noise(GenerateOptions::default().count(50).seed(5)), plain);
        assert_eq!(noise(GenerateOptions::default().count(50).seed(5).temperature(0.5)), plain * 0.5);
        assert_eq!(noise(GenerateOptions::default().count(50).temperature(0.0)), Array2::<f32>::zeros((50, 3)));
    }

    #[test]
    fn truncation_changes_only_the_values_outside() {
        let options = GenerateOptions::default().count(20_000).seed(1);
        let plain = noise(options.clone());
        // Standard deviations of the truncated distribution: sqrt(1 - 2 T phi(T) / (2 Phi(T) - 1)).
        for (limit, deviation) in [(0.01, 0.005_773), (0.5, 0.285_5), (1.0, 0.539_6), (2.0, 0.879_6)] {
            let truncated = noise(options.clone().truncate(limit));
            assert!(truncated.iter().all(|value| value.abs() <= limit), "{limit}");
            for (truncated, plain) in truncated.iter().zip(&plain).filter(|(_, plain)| plain.abs() <= limit) {
                assert_eq!(truncated, plain);
            }
            // Four standard errors of 60,000 values.
            let found = truncated.std(0.0);
            assert!((found / deviation - 1.0).abs() < 4.0 / 120_000_f32.sqrt(), "{limit}: {found}");
            let few = noise(options.clone().count(9).truncate(limit));
            assert_eq!(few, truncated.slice(ndarray::s![..9, ..]));
        }
    }

    #[test]
    fn impossible_options_are_named() {
        for temperature in [-0.5, f32::NAN, f32::INFINITY] {
            let options = GenerateOptions::default().temperature(temperature);
            let error = prior_noise(&options, 2, &Bounds::default()).expect_err("impossible");
            assert!(error.to_string().starts_with("`temperature` is"), "{error}");
        }
        for limit in [0.0, -1.0, f32::NAN] {
            let options = GenerateOptions::default().truncate(limit);
            let error = prior_noise(&options, 2, &Bounds::default()).expect_err("impossible");
            assert!(error.to_string().starts_with("`truncate` is"), "{error}");
        }
    }
}
