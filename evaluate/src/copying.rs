//! Whether generated samples are copies of training rows.

/// Compares the distances of generated samples to their nearest training rows with those of held-out rows, which are
/// real and new (three-sample test of Meehan et al. 2020, section 3, on all of the space as one cell).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CopyTest {
    /// The median distance of a held-out row to its nearest training row, in the unit of the distances.
    pub typical_distance: f64,
    /// The probability that a generated sample is farther from the training rows than a held-out row is; equal
    /// distances count as one half. 0.5 is expected of new samples, and 0 of copies.
    pub farther: f64,
    /// The standard score of `farther` under the assumption that both have the same distribution (Mann & Whitney 1947).
    /// Below -3, the samples are significantly closer to the training rows than new rows are.
    pub score: f64,
}

impl CopyTest {
    /// Compares distances of generated samples and of held-out rows. Both must have been searched in the same training
    /// rows. Distances that are NaN are left out; `None` if one of the two has none.
    pub fn of(generated: &[f64], held_out: &[f64]) -> Option<Self> {
        let (generated, held_out) = (sorted(generated), sorted(held_out));
        if generated.is_empty() || held_out.is_empty() {
            return None;
        }
        let (count, other) = (generated.len() as f64, held_out.len() as f64);
        let pairs = generated.iter().map(|distance| {
            let below = held_out.partition_point(|other| other < distance);
            let up_to = held_out.partition_point(|other| other <= distance);
            (below + up_to) as f64 / 2.0
        });
        let larger: f64 = pairs.sum();
        let deviation = deviation(count, other);
        let middle = held_out.len() / 2;
        let typical_distance = match held_out.len() % 2 {
            0 => (held_out[middle - 1] + held_out[middle]) / 2.0,
            _ => held_out[middle],
        };
        let score = (larger - count * other / 2.0) / deviation;
        Some(CopyTest { typical_distance, farther: larger / (count * other), score })
    }

    /// Returns the score of samples that are all nearer than all held-out rows: with few of them, even copies are not
    /// significant.
    pub fn smallest_score(generated: usize, held_out: usize) -> f64 {
        let (count, other) = (generated as f64, held_out as f64);
        -count * other / 2.0 / deviation(count, other)
    }

    /// Returns the distance of a sample in units of the typical distance of a held-out row: about 1 for a new sample,
    /// and 0 for a copy. `None` if the typical distance is 0.
    pub fn ratio(&self, distance: f64) -> Option<f64> {
        (self.typical_distance > 0.0).then(|| distance / self.typical_distance)
    }
}

/// The standard deviation of the number of pairs in which the first is larger, without equal ones (Mann & Whitney
/// 1947).
fn deviation(count: f64, other: f64) -> f64 {
    (count * other * (count + other + 1.0) / 12.0).sqrt()
}

fn sorted(distances: &[f64]) -> Vec<f64> {
    let mut distances: Vec<f64> = distances.iter().copied().filter(|distance| !distance.is_nan()).collect();
    distances.sort_by(f64::total_cmp);
    distances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_closer_than_new_rows_and_equal_distances_are_even() {
        let held_out = [2.0, 4.0, 6.0, 8.0];
        let test = CopyTest::of(&[0.0; 8], &held_out).expect("distances");
        assert_eq!((test.typical_distance, test.farther), (5.0, 0.0));
        // 16 pairs below the mean, divided by sqrt(8 * 4 * 13 / 12).
        assert!((test.score + 16.0 / (416.0_f64 / 12.0).sqrt()).abs() < 1e-12);
        assert_eq!(test.score, CopyTest::smallest_score(8, 4));
        assert!(CopyTest::smallest_score(3, 256) > -3.0 && CopyTest::smallest_score(4, 256) < -3.0);
        assert_eq!((test.ratio(2.5), test.ratio(0.0)), (Some(0.5), Some(0.0)));
        let test = CopyTest::of(&held_out, &held_out).expect("distances");
        assert_eq!((test.farther, test.score), (0.5, 0.0));
    }

    #[test]
    fn without_distances_there_is_no_test_and_no_ratio_to_zero() {
        assert_eq!(CopyTest::of(&[], &[1.0]), None);
        assert_eq!(CopyTest::of(&[1.0], &[f64::NAN]), None);
        let test = CopyTest::of(&[1.0], &[0.0, 0.0, 3.0]).expect("distances");
        assert_eq!((test.typical_distance, test.ratio(1.0), test.farther), (0.0, None, 2.0 / 3.0));
    }
}
