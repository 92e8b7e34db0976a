//! Recognises labels that are measured numbers and not classes.

/// Largest number of classes whose names are not integers.
const MOST_REAL_CLASSES: usize = 20;
/// Number of integers from which they may be measured.
const FEWEST_INTEGERS: usize = 10;

/// Returns an example if the classes of `rows` rows are numbers that were probably measured: most rows have a number of
/// their own, or there are many and not all are integers.
pub(super) fn measured_class(classes: &[String], rows: usize) -> Option<&str> {
    let numbers: Option<Vec<f64>> = classes.iter().map(|class| class.trim().parse().ok()).collect();
    let real = numbers?.iter().position(|number| number.fract() != 0.0);
    let has_own = classes.len().saturating_mul(2) > rows;
    match real {
        Some(real) if has_own || classes.len() > MOST_REAL_CLASSES => classes.get(real).map(String::as_str),
        None if has_own && classes.len() >= FEWEST_INTEGERS => classes.last().map(String::as_str),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_numbers_are_no_classes() {
        let names =
            |count: usize, step: f64| -> Vec<String> { (0..count).map(|n| (n as f64 * step).to_string()).collect() };
        assert_eq!(measured_class(&names(30, 0.5), 1000), Some("0.5"), "many, and not all are integers");
        assert_eq!(measured_class(&names(4, 0.5), 5), Some("0.5"), "most rows have their own");
        assert_eq!(measured_class(&names(60, 1.0), 100), Some("59"), "integers, of which most rows have their own");
        assert_eq!(measured_class(&names(4, 0.5), 100), None, "four doses");
        assert_eq!(measured_class(&names(100, 1.0), 1000), None, "a hundred numbered classes");
        assert_eq!(measured_class(&names(3, 1.0), 4), None, "a toy");
        assert_eq!(measured_class(&["cat".to_owned(), "1.5".to_owned()], 2), None, "a name");
    }
}
