//! The variance of samples around the mean of their class.

use std::collections::BTreeMap;

use crate::moments::Moments;

/// Moments of every feature in every class. Holds three numbers per class and feature.
#[derive(Debug, Clone, Default)]
pub struct ClassSpread {
    classes: BTreeMap<usize, Vec<Moments>>,
}

impl ClassSpread {
    /// Adds a sample of a class.
    pub fn add(&mut self, class: usize, sample: impl Iterator<Item = f64>) {
        let moments = self.classes.entry(class).or_default();
        for (feature, value) in sample.enumerate() {
            if feature == moments.len() {
                moments.push(Moments::default());
            }
            moments[feature].add(value);
        }
    }

    /// Returns the variance around the mean of the class, summed over the features, of each class with samples.
    pub fn variances(&self) -> BTreeMap<usize, f64> {
        self.classes.iter().map(|(&class, features)| (class, features.iter().map(Moments::variance).sum())).collect()
    }

    /// Returns the mean of the variances over the classes that both have, divided by that of `real`. `None` if they
    /// have no class in common or `real` does not vary.
    pub fn ratio(&self, real: &ClassSpread) -> Option<f64> {
        let (ours, real) = (self.variances(), real.variances());
        let common = || ours.iter().filter_map(|(class, &variance)| Some((variance, *real.get(class)?)));
        let (ours, real): (f64, f64) = common().fold((0.0, 0.0), |sums, pair| (sums.0 + pair.0, sums.1 + pair.1));
        (real > 0.0).then_some(ours / real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_around_the_mean_of_the_class() {
        let spread = |width: f64| {
            let mut spread = ClassSpread::default();
            for (class, center) in [(0, -100.0), (1, 100.0)] {
                spread.add(class, [center - width, 7.0].into_iter());
                spread.add(class, [center + width, 7.0].into_iter());
            }
            spread
        };
        assert_eq!(spread(3.0).variances().into_values().collect::<Vec<_>>(), [9.0, 9.0]);
        assert_eq!(spread(1.0).ratio(&spread(2.0)), Some(0.25));
        assert_eq!(spread(1.0).ratio(&spread(0.0)), None);
        assert_eq!(spread(1.0).ratio(&ClassSpread::default()), None);
    }
}
