//! How well a score ranks anomalies above normal rows.

/// Figures of a ranking. They do not depend on a threshold, nor on the unit of the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranking {
    /// Number of rows.
    pub rows: usize,
    /// Number of anomalies among them.
    pub anomalies: usize,
    /// Probability that a random anomaly has a higher score than a random normal row, where equal scores count one
    /// half: the area under the ROC curve (Hanley and McNeil 1982; the statistic of Mann and Whitney 1947). `None`
    /// without an anomaly or without a normal row.
    pub auroc: Option<f64>,
    /// Mean of the precision over the anomalies, each at the threshold of its own score; rows with equal scores are
    /// above a threshold together (the average precision of scikit-learn, without interpolation). `None` without an
    /// anomaly.
    pub average_precision: Option<f64>,
    /// Fraction of anomalies among the `anomalies` rows with the highest scores; of rows with equal scores at the end,
    /// a random selection is expected. `None` without an anomaly.
    pub precision_at_anomalies: Option<f64>,
}

impl Ranking {
    /// Computes the figures of `scores`, `[rows]`, of which those with `true` in `are_anomalies` belong to anomalies.
    /// Rows without a partner in the other slice are left out. A score that is NaN counts as infinitely high, because a
    /// detector flags such rows.
    pub fn of(scores: &[f32], are_anomalies: &[bool]) -> Self {
        let key = |score: f32| if score.is_nan() { f32::INFINITY } else { score };
        let mut ranked: Vec<(f32, bool)> =
            scores.iter().map(|&score| key(score)).zip(are_anomalies.iter().copied()).collect();
        // Zero has two signs, which are equal scores.
        ranked.sort_by(|(one, _), (other, _)| (other + 0.0).total_cmp(&(one + 0.0)));
        let rows = ranked.len();
        let anomalies = ranked.iter().filter(|(_, is_anomaly)| *is_anomaly).count();
        let normal = rows - anomalies;
        let (mut hits, mut above) = (0usize, 0usize);
        let (mut pairs, mut precisions, mut hits_at_anomalies) = (0.0_f64, 0.0_f64, 0.0_f64);
        for tied in ranked.chunk_by(|(one, _), (other, _)| one == other) {
            let tied_hits = tied.iter().filter(|(_, is_anomaly)| *is_anomaly).count();
            let tied_normal = tied.len() - tied_hits;
            let normal_below = normal - (above - hits) - tied_normal;
            pairs += tied_hits as f64 * (normal_below as f64 + tied_normal as f64 / 2.0);
            let taken = anomalies.saturating_sub(above).min(tied.len());
            hits_at_anomalies += taken as f64 * tied_hits as f64 / tied.len() as f64;
            hits += tied_hits;
            above += tied.len();
            precisions += tied_hits as f64 * hits as f64 / above as f64;
        }
        let per_anomaly = |sum: f64| (anomalies > 0).then(|| sum / anomalies as f64);
        Ranking {
            rows,
            anomalies,
            auroc: (anomalies > 0 && normal > 0).then(|| pairs / (anomalies as f64 * normal as f64)),
            average_precision: per_anomaly(precisions),
            precision_at_anomalies: per_anomaly(hits_at_anomalies),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns AUROC, average precision and precision at the number of anomalies; 1 marks an anomaly.
    fn of(scores: &[f32], are_anomalies: &[u8]) -> [Option<f64>; 3] {
        let are_anomalies: Vec<bool> = are_anomalies.iter().map(|&value| value == 1).collect();
        let Ranking { auroc, average_precision, precision_at_anomalies, .. } = Ranking::of(scores, &are_anomalies);
        [auroc, average_precision, precision_at_anomalies]
    }

    #[test]
    fn figures_of_a_few_rows_are_those_computed_by_hand() {
        // The example in the documentation of scikit-learn: AUROC 0.75, average precision 0.83.
        assert_eq!(of(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1]), [Some(0.75), Some((1.0 + 2.0 / 3.0) / 2.0), Some(0.5)]);
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0], &[0, 0, 1, 1]), [Some(1.0); 3]);
        assert_eq!(of(&[4.0, 3.0, 2.0, 1.0], &[0, 0, 1, 1]), [Some(0.0), Some((1.0 / 3.0 + 0.5) / 2.0), Some(0.0)]);
    }

    #[test]
    fn equal_scores_count_one_half_and_are_above_a_threshold_together() {
        assert_eq!(of(&[2.0; 4], &[1, 0, 0, 0]), [Some(0.5), Some(0.25), Some(0.25)]);
        // An anomaly above, then one of three tied rows.
        assert_eq!(
            of(&[5.0, 1.0, 1.0, 1.0, 0.0], &[1, 1, 0, 0, 0]),
            [Some((3.0 + 1.0 + 2.0 / 2.0) / 6.0), Some((1.0 + 0.5) / 2.0), Some((1.0 + 1.0 / 3.0) / 2.0)]
        );
        assert_eq!(of(&[0.0, -0.0], &[1, 0])[0], Some(0.5));
    }

    #[test]
    fn figures_without_anomalies_or_without_normal_rows_do_not_exist() {
        assert_eq!(of(&[1.0, 2.0], &[0, 0]), [None; 3]);
        assert_eq!(of(&[1.0, 2.0], &[1, 1]), [None, Some(1.0), Some(1.0)]);
        assert_eq!(of(&[], &[]), [None; 3]);
    }

    #[test]
    fn a_score_that_is_nan_or_infinite_is_the_highest() {
        assert_eq!(of(&[f32::NAN, 3.0, f32::INFINITY], &[1, 0, 1])[0], Some(1.0));
    }
}
