//! The middle one of some numbers.

/// The middle one, of an even count the mean of the two in the middle; NaN of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.get(middle), numbers.len() % 2) {
        (None, _) => f64::NAN,
        (Some(number), 1) => *number,
        (Some(upper), _) => (numbers[middle - 1] + upper) / 2.0,
    }
}
