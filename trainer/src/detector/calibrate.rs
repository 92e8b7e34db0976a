//! Split-conformal calibration: p-values and the threshold from the scores of held-out rows.
//!
//! With `n` calibration scores, the p-value of a score is `(1 + number of calibration scores >= score) / (n + 1)` (Vovk
//! et al. 2005; Bates et al. 2023, equation 2). If a new row comes from the distribution of the calibration rows, the
//! p-value is at most `level` with a probability of at most `level`, averaged over random calibration rows. Where
//! several scores are replaced by a larger one, p-values become larger, so this still holds.

use narrows_bundle::Calibration;

use super::DetectorError;

/// Scores that are closer than this, relative to their size or 1, are treated as equal: about a hundred times the
/// rounding error of an engine.
const EQUAL: f64 = 2e-5;

/// Largest distance of a step from the calibration scores below it, as a multiple of [`EQUAL`]. It is ten times the
/// rounding errors that were seen. Steps in the middle of large gaps would make p-values needlessly large.
const LARGEST_STEP: f64 = 4.0;

/// Slack in the comparison of `1 + count` with `level * (n + 1)`, so that rounding `level` to 32 bits changes no label.
/// Counts are integers.
pub(super) const SLACK: f64 = 1e-3;

/// Largest number of steps of the p-value, that is of constants in the graph.
const MAX_STEPS: usize = Calibration::SCORE_QUANTILES;

/// The p-value as a step function of the score.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps {
    /// Positions of the steps in ascending order. A score is compared with each by `score <= position`.
    pub(super) positions: Vec<f32>,
    /// Number of calibration rows at each step.
    pub(super) weights: Vec<f32>,
    /// Number of calibration rows.
    pub(super) rows: usize,
}

impl Steps {
    /// Makes the steps from calibration scores. Each step lies above the calibration scores that it stands for, but at
    /// most in the middle to the next score, of the calibration rows or of `others`, so that rounding in an engine does
    /// not move a known row across a step.
    pub(super) fn of(mut calibration: Vec<f64>, others: &[f64]) -> Self {
        calibration.sort_unstable_by(f64::total_cmp);
        let mut known: Vec<f64> = calibration.iter().chain(others).copied().collect();
        known.sort_unstable_by(f64::total_cmp);
        let margin = |score: f64| EQUAL * score.abs().max(1.0);
        let step = |group: &[f64]| {
            let score = group.last().copied().unwrap_or(f64::NAN);
            // Known scores within the margin are moved below the step, too.
            let next = known.partition_point(|&other| other <= score + margin(score));
            let above = known.get(next).copied().unwrap_or(f64::INFINITY);
            ((0.5 * (score + above)).min(score + LARGEST_STEP * margin(score)), group.len())
        };
        let groups = calibration.chunk_by(|one, other| other - one <= margin(*one));
        let steps: Vec<(f64, usize)> = groups.map(step).collect();
        let steps = compressed(steps);
        Steps {
            positions: steps.iter().map(|(position, _)| *position as f32).collect(),
            weights: steps.iter().map(|(_, weight)| *weight as f32).collect(),
            rows: calibration.len(),
        }
    }

    /// Returns the p-value of a score; the smallest one for a score that is not a number.
    pub(super) fn p_value(&self, score: f32) -> f32 {
        (1.0 + self.count(score)) / (self.rows as f32 + 1.0)
    }

    /// Returns whether a score is an anomaly at a level.
    pub(super) fn is_anomaly(&self, score: f32, level: f64) -> bool {
        f64::from(1.0 + self.count(score)) <= level * (self.rows as f64 + 1.0) + SLACK
    }

    /// Returns the number of calibration rows whose scores are at least `score`.
    fn count(&self, score: f32) -> f32 {
        let steps = self.positions.iter().zip(&self.weights);
        steps.filter(|(position, _)| score <= **position).map(|(_, weight)| weight).sum()
    }

    /// Returns the largest score that is not an anomaly at a level: the largest step whose p-value is above the level.
    pub(super) fn threshold(&self, level: f64) -> f32 {
        let at_step = self.positions.iter().rev().find(|position| !self.is_anomaly(**position, level));
        at_step.copied().unwrap_or(f32::NEG_INFINITY)
    }

    /// Returns the smallest level at which a row can be an anomaly.
    pub(super) fn smallest_level(&self) -> f64 {
        1.0 / (self.rows as f64 + 1.0)
    }
}

/// Checks that the calibration rows allow the level.
pub(super) fn check_rows(rows: usize, level: f64) -> Result<(), DetectorError> {
    let needed = (1.0 / level - SLACK).ceil() as usize - 1;
    if rows >= needed.max(1) {
        return Ok(());
    }
    let advice = match rows {
        0 => "add rows".to_owned(),
        rows => {
            let smallest = (1e4 / (rows as f64 + 1.0)).ceil() / 1e4;
            format!("add rows, or pass --false-alarms {smallest} or more")
        }
    };
    Err(DetectorError::TooFewRows {
        purpose: format!("a false-alarm rate of {level}"),
        what: "calibration rows",
        needed: needed.max(1),
        found: rows,
        advice,
    })
}

/// Combines steps with small positions, so that there are at most [`MAX_STEPS`]: the upper half of them stays as it is.
fn compressed(steps: Vec<(f64, usize)>) -> Vec<(f64, usize)> {
    if steps.len() <= MAX_STEPS {
        return steps;
    }
    let kept = MAX_STEPS / 2;
    let (low, high) = steps.split_at(steps.len() - kept);
    let size = low.len().div_ceil(MAX_STEPS - kept);
    let combined = low.chunks(size).map(|chunk| {
        let position = chunk.last().map_or(f64::NAN, |(position, _)| *position);
        (position, chunk.iter().map(|(_, weight)| weight).sum())
    });
    combined.chain(high.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::{Stream, stream};

    #[test]
    fn the_p_value_counts_calibration_scores_at_or_above_the_score() {
        let steps = Steps::of(vec![3.0, 1.0, 2.0, 4.0], &[]);
        let p_values = [0.0, 1.0, 1.5, 2.0, 4.0, 4.5].map(|score| steps.p_value(score));
        assert_eq!(p_values, [1.0, 1.0, 0.8, 0.8, 0.4, 0.2]);
        assert_eq!(steps.p_value(f32::NAN), 0.2);
        assert_eq!(steps.p_value(f32::INFINITY), 0.2);
    }

    #[test]
    fn a_label_is_the_comparison_of_the_p_value_with_the_level() {
        let steps = Steps::of((0..99).map(f64::from).collect(), &[]);
        for level in [0.01, 0.02, 0.05, 0.1, 0.5] {
            let threshold = steps.threshold(level);
            let alarms = (0..99).filter(|&score| score as f32 > threshold).count();
            assert_eq!(alarms, (level * 100.0_f64).round() as usize - 1, "{level}");
            assert!(!steps.is_anomaly(threshold, level));
            assert!(steps.is_anomaly(threshold.next_up(), level));
        }
        assert!((0..200).all(|score| !steps.is_anomaly(score as f32, 0.009)));
    }

    #[test]
    fn equal_scores_are_one_step_and_no_known_score_is_close_to_a_step() {
        let steps = Steps::of(vec![1.0, 1.0, 1.000001, 2.0], &[2.1, 1.00001]);
        assert_eq!(steps.weights, [3.0, 1.0]);
        assert_eq!(steps.positions.len(), 2);
        for known in [1.0, 1.000001, 1.00001, 2.0, 2.1_f64] {
            assert!(steps.positions.iter().all(|&position| (f64::from(position) - known).abs() > 1e-5), "{steps:?}");
        }
        let constant = Steps::of(vec![0.0; 50], &[0.0; 50]);
        assert_eq!((constant.p_value(0.0), constant.weights.len()), (1.0, 1));
    }

    #[test]
    fn many_scores_are_combined_such_that_p_values_only_grow() {
        let scores: Vec<f64> = (0..20_000).map(|index| f64::from(index) * 0.01).collect();
        let steps = Steps::of(scores.clone(), &[]);
        assert!(steps.positions.len() <= MAX_STEPS);
        assert_eq!(steps.weights.iter().sum::<f32>(), 20_000.0);
        for (index, &score) in scores.iter().enumerate().step_by(17) {
            let exact = (20_001 - index) as f32 / 20_001.0;
            let p_value = steps.p_value(score as f32);
            assert!(p_value >= exact - 1e-6 && p_value < exact + 1e-2, "{p_value} and {exact}");
            assert!(index < 18_000 || (p_value - exact).abs() < 1e-6);
        }
    }

    #[test]
    fn too_few_calibration_rows_are_refused_with_the_smallest_level() {
        assert!(check_rows(99, 0.01).is_ok() && check_rows(19, 0.05).is_ok() && check_rows(1, 0.5).is_ok());
        let error = check_rows(98, 0.01).expect_err("a row short").to_string();
        assert_eq!(
            error,
            "a false-alarm rate of 0.01 needs at least 99 calibration rows, got 98 rows; add rows, or pass --false-alarms \
             0.0102 or more"
        );
        assert!(check_rows(98, 0.0102).is_ok());
        assert!(check_rows(0, 0.9).is_err());
    }

    #[test]
    fn over_random_splits_the_false_alarm_rate_is_the_level() {
        let mut random = stream(7, Stream::DetectorSplit, 0);
        let mut scores = |count: usize| -> Vec<f64> { (0..count).map(|_| -random.random::<f64>().ln()).collect() };
        for level in [0.01, 0.05, 0.1] {
            let (mut alarms, mut rows) = (0, 0);
            for _ in 0..300 {
                let steps = Steps::of(scores(199), &scores(400));
                let new = scores(500);
                alarms += new.iter().filter(|&&score| steps.is_anomaly(score as f32, level)).count();
                rows += new.len();
            }
            let rate = alarms as f64 / rows as f64;
            assert!((rate / level - 1.0).abs() < 0.1, "{rate} at {level}");
        }
    }
}
