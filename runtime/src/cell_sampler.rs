//! Draws the cells of decoded rows from their distributions.

use narrows_bundle::{CellLikelihood, Distribution, Manifest, table::Layout};
use ndarray::{ArrayView1, ArrayViewMut1};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Gamma, Poisson, StandardNormal, StandardUniform, StudentT};

/// The distributions of the cells of a row given their decoded values.
#[derive(Debug)]
pub(crate) struct CellSampler(Vec<CellDistribution>);

#[derive(Debug)]
struct CellDistribution {
    distribution: Distribution,
    /// The scale of a number, in the unit of the data.
    scale: f64,
    /// Where the probabilities of a category begin among those of all categories, and the number of its levels.
    first_level: usize,
    levels: usize,
}

impl CellSampler {
    /// Returns the distributions of a mixed table; `None` for other models.
    pub(crate) fn of(manifest: &Manifest) -> Option<Self> {
        let layout = Layout::of(&manifest.sample.cells()?);
        let mut categories = layout.categories.into_iter().peekable();
        let mut first_level = 0;
        let each = manifest.cells.iter().flatten().zip(manifest.scaling.scale.iter().cycle()).enumerate();
        let cells = each.map(|(cell, (&CellLikelihood { distribution, .. }, &scale))| {
            let levels = categories.next_if(|(category, _)| *category == cell).map_or(0, |(_, levels)| levels);
            first_level += levels;
            CellDistribution { distribution, scale: f64::from(scale).abs(), first_level: first_level - levels, levels }
        });
        Some(CellSampler(cells.collect()))
    }

    /// Replaces the decoded cells of a row by draws from their distributions: a number around its decoded mean, a count
    /// with its decoded mean, a category by its probabilities. A cell that is not finite stays as it is.
    pub(crate) fn draw(
        &self,
        mut row: ArrayViewMut1<'_, f32>,
        probabilities: ArrayView1<'_, f32>,
        random: &mut ChaCha8Rng,
    ) {
        for (cell, value) in self.0.iter().zip(&mut row) {
            let mean = f64::from(*value);
            let drawn = match cell.distribution {
                Distribution::Gaussian { variance } => {
                    let normal: f64 = StandardNormal.sample(random);
                    Some(mean + cell.scale * variance.sqrt() * normal)
                }
                Distribution::StudentT { degrees, scale } => {
                    StudentT::new(degrees).ok().map(|student| mean + cell.scale * scale * student.sample(random))
                }
                Distribution::Poisson => poisson(mean, random),
                // A negative binomial count is a Poisson count whose mean has a gamma distribution.
                Distribution::NegativeBinomial { dispersion } => Gamma::new(dispersion.recip(), dispersion * mean)
                    .ok()
                    .map_or(Some(0.0), |gamma| poisson(gamma.sample(random), random)),
                Distribution::Categorical { .. } => {
                    let of_cell = probabilities.iter().skip(cell.first_level).take(cell.levels);
                    level_at(StandardUniform.sample(random), of_cell.map(|&probability| f64::from(probability)))
                }
            };
            match drawn {
                Some(drawn) if mean.is_finite() => *value = drawn as f32,
                Some(_) | None => {}
            }
        }
    }
}

/// Draws a count. A mean of 0 gives 0; `None` for a mean that is not finite.
fn poisson(mean: f64, random: &mut ChaCha8Rng) -> Option<f64> {
    match Poisson::new(mean) {
        Ok(poisson) => Some(poisson.sample(random)),
        Err(_) => (mean <= 0.0).then_some(0.0),
    }
}

/// Returns the level, from 1, at which the cumulative probability passes `uniform` of the total; `None` without a
/// positive probability.
fn level_at(uniform: f64, probabilities: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let total: f64 = probabilities.clone().sum();
    let mut rest = uniform * total;
    let mut last = None;
    for (index, probability) in probabilities.enumerate().filter(|(_, probability)| *probability > 0.0) {
        last = Some((index + 1) as f64);
        if rest < probability {
            break;
        }
        rest -= probability;
    }
    last
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;
    use crate::random::{Stream, generator};

    const DRAWS: usize = 40_000;

    /// Draws a cell and returns the mean and the variance of the draws.
    fn moments(distribution: Distribution, scale: f64, mean: f32, probabilities: &[f32]) -> (f64, f64) {
        let cell = CellDistribution { distribution, scale, first_level: 1, levels: probabilities.len() - 1 };
        let (sampler, mut random) = (CellSampler(vec![cell]), generator(5, Stream::Cells));
        let draws: Array1<f64> = (0..DRAWS)
            .map(|_| {
                let mut row = array![mean];
                sampler.draw(row.view_mut(), ArrayView1::from(probabilities), &mut random);
                f64::from(row[0])
            })
            .collect();
        (draws.mean().expect("not empty"), draws.var(0.0))
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_their_distribution() {
        let cases = [
            (Distribution::Gaussian { variance: 0.25 }, 3.0, 7.0, 9.0 * 0.25),
            // The variance of Student's t is v/(v - 2).
            (Distribution::StudentT { degrees: 10.0, scale: 0.5 }, 2.0, -3.0, 10.0 / 8.0),
            (Distribution::Poisson, 1.0, 4.5, 4.5),
            (Distribution::NegativeBinomial { dispersion: 0.5 }, 1.0, 4.0, 4.0 + 0.5 * 16.0),
        ];
        for (distribution, scale, mean, variance) in cases {
            let (found_mean, found_variance) = moments(distribution, scale, mean, &[1.0]);
            let standard_error = (variance / DRAWS as f64).sqrt();
            assert!((found_mean - f64::from(mean)).abs() < 4.0 * standard_error, "{distribution:?}: {found_mean}");
            assert!((found_variance / variance - 1.0).abs() < 0.06, "{distribution:?}: {found_variance}");
        }
    }

    #[test]
    fn levels_are_drawn_by_their_probabilities() {
        // The first probability belongs to another category.
        let (mean, variance) =
            moments(Distribution::Categorical { unseen: 1e-7 }, 1.0, 1.0, &[0.9, 0.2, 0.0, 0.5, 0.3]);
        assert!((mean - (0.2 + 3.0 * 0.5 + 4.0 * 0.3)).abs() < 0.02, "{mean}");
        assert!((variance - (0.2 + 9.0 * 0.5 + 16.0 * 0.3 - 2.9 * 2.9)).abs() < 0.04, "{variance}");
        let probabilities = [0.0, 0.25, 0.75, 0.0];
        let level = |uniform| level_at(uniform, probabilities.into_iter());
        assert_eq!([0.0, 0.249, 0.25, 0.999_999].map(level), [Some(2.0), Some(2.0), Some(3.0), Some(3.0)]);
        assert_eq!(level_at(0.5, [0.0, f64::NAN].into_iter()), None);
    }

    #[test]
    fn impossible_means_stay_as_they_are_and_a_mean_of_zero_gives_zero() {
        let mut random = generator(0, Stream::Cells);
        for distribution in [Distribution::Poisson, Distribution::NegativeBinomial { dispersion: 0.5 }] {
            let cell = CellDistribution { distribution, scale: 1.0, first_level: 0, levels: 0 };
            let sampler = CellSampler(vec![cell]);
            let mut draw = |mean: f32| {
                let mut row = array![mean];
                sampler.draw(row.view_mut(), array![].view(), &mut random);
                row[0]
            };
            assert_eq!((draw(0.0), draw(f32::INFINITY)), (0.0, f32::INFINITY));
            assert!(draw(f32::NAN).is_nan());
            assert!(draw(1e30).is_finite());
        }
    }
}
