//! How close rows are to each other, as probabilities.

use ndarray::{Array2, ArrayView2};

/// The most steps of the search for the precision of a row, and the accepted error of the entropy.
const MAX_STEPS: usize = 100;
const TOLERANCE: f64 = 1e-5;
/// Smaller probabilities count as 0, because arithmetic with subnormal numbers is slow.
const NEGLIGIBLE: f64 = 1e-20;

/// Returns the joint probabilities of pairs, `[rows, rows]`, symmetric with a sum of 1 (van der Maaten & Hinton 2008,
/// section 3.1): the mean of the conditional probabilities `p(j|i)`, proportional to `exp(-b_i |x_i - x_j|^2)`, where
/// `b_i` gives row `i` the perplexity. `None` if `should_stop`, which is asked before each row, returns true.
pub(super) fn affinities(
    rows: ArrayView2<'_, f64>,
    perplexity: f64,
    should_stop: &dyn Fn() -> bool,
) -> Option<Array2<f32>> {
    let count = rows.nrows();
    let mut joint = Array2::<f32>::zeros((count, count));
    let mut distances = vec![0.0; count];
    let mut probabilities = vec![0.0; count];
    for (index, row) in rows.outer_iter().enumerate() {
        if should_stop() {
            return None;
        }
        for (distance, other) in distances.iter_mut().zip(rows.outer_iter()) {
            *distance = row.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum();
        }
        conditional(&distances, index, perplexity.max(1.0).ln(), &mut probabilities);
        for (other, probability) in
            probabilities.iter().enumerate().filter(|(_, probability)| **probability > NEGLIGIBLE)
        {
            let share = (probability / (2 * count) as f64) as f32;
            joint[[index, other]] += share;
            joint[[other, index]] += share;
        }
    }
    Some(joint)
}

/// Computes the conditional probabilities of row `own`, with this entropy in nats, from the squared distances to it.
fn conditional(distances: &[f64], own: usize, entropy: f64, probabilities: &mut [f64]) {
    let others = || distances.iter().enumerate().filter(|(index, _)| *index != own).map(|(_, distance)| *distance);
    let nearest = others().fold(f64::INFINITY, f64::min);
    // In units of the mean excess over the nearest, so that the search starts near its result for any unit.
    let mean = others().map(|distance| distance - nearest).sum::<f64>() / (distances.len() as f64 - 1.0);
    let unit = if mean > 0.0 { mean } else { 1.0 };
    let (mut precision, mut low, mut high) = (1.0, 0.0, f64::INFINITY);
    for _ in 0..MAX_STEPS {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (index, (probability, distance)) in probabilities.iter_mut().zip(distances).enumerate() {
            let excess = (distance - nearest) / unit;
            *probability = if index == own { 0.0 } else { (-precision * excess).exp() };
            sum += *probability;
            weighted += *probability * excess;
        }
        // A row without others has no probabilities.
        if sum == 0.0 {
            return;
        }
        probabilities.iter_mut().for_each(|probability| *probability /= sum);
        // The entropy falls as the precision rises.
        let error = sum.ln() + precision * weighted / sum - entropy;
        if error.abs() < TOLERANCE {
            return;
        }
        if error > 0.0 {
            low = precision
        } else {
            high = precision
        }
        precision = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * precision };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_perplexity_and_all_pairs_have_a_sum_of_1() {
        let distances: Vec<f64> = (0..50).map(|index| f64::from(index).powi(2) * 1e-12).collect();
        let mut probabilities = vec![0.0; 50];
        conditional(&distances, 3, 12.0_f64.ln(), &mut probabilities);
        let entropy: f64 = probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() - 12.0).abs() < 1e-3 && probabilities[3] == 0.0, "{probabilities:?}");
        let rows = Array2::from_shape_fn((40, 3), |(row, column)| ((row * (column + 2)) as f64).sin());
        let joint = affinities(rows.view(), 10.0, &|| false).expect("nobody stops it");
        assert_eq!(joint, joint.t());
        assert!((joint.sum() - 1.0).abs() < 1e-5 && joint.diag().iter().all(|&own| own == 0.0));
    }

    #[test]
    fn equal_rows_are_equally_close_and_a_single_row_has_no_pair() {
        let joint = affinities(Array2::zeros((5, 2)).view(), 2.0, &|| false).expect("nobody stops it");
        assert!(joint.indexed_iter().all(|((row, column), &p)| (p - 0.05).abs() < 1e-6 || row == column), "{joint}");
        assert_eq!(affinities(Array2::zeros((1, 2)).view(), 0.0, &|| false).map(|joint| joint.sum()), Some(0.0));
    }
}
