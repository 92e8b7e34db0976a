//! Thins a curve to fewer points that look the same.

/// The number of buckets of consecutive points. The minimum and the maximum of each bucket are kept.
const BUCKETS: usize = 500;

/// Returns at most `2 * BUCKETS + 2` of `points`, in the same order: the first, the last, and the extremes of each
/// bucket between them, so that spikes remain. Returns a shorter curve unchanged.
pub(super) fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let [first, inner @ .., last] = points else { return points.to_vec() };
    if inner.len() <= 2 * BUCKETS {
        return points.to_vec();
    }
    let mut kept = vec![*first];
    for bucket in inner.chunks(inner.len().div_ceil(BUCKETS)) {
        let by_value = |&a: &usize, &b: &usize| bucket[a].1.total_cmp(&bucket[b].1);
        let lowest = (0..bucket.len()).min_by(by_value).unwrap_or(0);
        let highest = (0..bucket.len()).max_by(by_value).unwrap_or(0);
        kept.push(bucket[lowest.min(highest)]);
        if lowest != highest {
            kept.push(bucket[lowest.max(highest)]);
        }
    }
    kept.push(*last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_curve_keeps_its_ends_and_its_spikes_in_order() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|epoch| (f64::from(epoch), 1.0)).collect();
        points[1234].1 = 9.0;
        points[5678].1 = -9.0;
        let kept = thin(&points);
        assert!(kept.len() <= 2 * BUCKETS + 2, "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
        for expected in [points[0], points[1234], points[5678], points[9999]] {
            assert!(kept.contains(&expected), "{expected:?}");
        }
    }

    #[test]
    fn short_curves_stay_unchanged() {
        for count in [0, 1, 2, 2 * BUCKETS + 2] {
            let points: Vec<(f64, f64)> = (0..count).map(|epoch| (epoch as f64, 1.0)).collect();
            assert_eq!(thin(&points), points);
        }
    }
}
