//! Median.

/// Returns the median. For an even number of values it is the mean of the two middle values; for no values it is NaN.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (None, _) => f64::NAN,
        (Some(value), 1) => *value,
        (Some(upper), _) => (values[middle - 1] + upper) / 2.0,
    }
}
