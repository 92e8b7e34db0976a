//! Fewer points for the same line.

/// Buckets that the points are dealt into, by their number: each gives its lowest and its highest.
const BUCKETS: usize = 500;

/// At most `2 * BUCKETS + 2` of `points`, in their order: the first, the last, and the extremes between,
/// so that no spike goes missing. Fewer points come back as they are.
pub(super) fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let [first, between @ .., last] = points else { return points.to_vec() };
    if between.len() <= 2 * BUCKETS {
        return points.to_vec();
    }
    let mut kept = vec![*first];
    for bucket in between.chunks(between.len().div_ceil(BUCKETS)) {
        let by_height = |&a: &usize, &b: &usize| bucket[a].1.total_cmp(&bucket[b].1);
        let lowest = (0..bucket.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..bucket.len()).max_by(by_height).unwrap_or(0);
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
        let kept = thinned(&points);
        assert!(kept.len() <= 2 * BUCKETS + 2, "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
        for expected in [points[0], points[1234], points[5678], points[9999]] {
            assert!(kept.contains(&expected), "{expected:?}");
        }
    }

    #[test]
    fn short_curves_stay_as_they_are() {
        for count in [0, 1, 2, 2 * BUCKETS + 2] {
            let points: Vec<(f64, f64)> = (0..count).map(|epoch| (epoch as f64, 1.0)).collect();
            assert_eq!(thinned(&points), points);
        }
    }
}
