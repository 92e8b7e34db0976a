//! Numbers of flags. They are checked before they are rounded to 32-bit floats, so a refusal shows what was typed.

use std::num::IntErrorKind;

/// Parses the number of samples of a path, which has two ends.
pub(crate) fn steps_of_path(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(steps @ 2..) => Ok(steps),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err("the number is too large".to_owned()),
        Ok(_) | Err(_) => Err("expected a whole number of at least 2, for both ends".to_owned()),
    }
}

/// Parses a factor or a distance: finite as a 32-bit float, and at least 0.
pub(crate) fn at_least_0(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 0.0 && (number as f32).is_finite() => Ok(number),
        Ok(number) if number >= 0.0 && number.is_finite() => {
            Err(format!("the number is too large for 32-bit floats, whose largest is {:.1e}", f32::MAX))
        }
        Ok(_) | Err(_) => Err("expected a finite number of at least 0".to_owned()),
    }
}

/// Parses a limit: above 0, also as a 32-bit float. An infinite limit is none.
pub(crate) fn above_0(text: &str) -> Result<f32, String> {
    match text.parse::<f64>() {
        Ok(number) if number as f32 >= f32::MIN_POSITIVE => Ok(number as f32),
        Ok(number) if number > 0.0 => Err(format!(
            "the number is too small for 32-bit floats, whose smallest positive one is {:.1e}",
            f32::MIN_POSITIVE
        )),
        Ok(_) | Err(_) => Err("expected a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked_before_they_are_rounded() {
        assert_eq!((at_least_0("0"), at_least_0("3.4e38")), (Ok(0.0), Ok(3.4e38)));
        assert_eq!((above_0("0.5"), above_0("inf")), (Ok(0.5), Ok(f32::INFINITY)));
        assert_eq!(steps_of_path("2"), Ok(2));
        for (refusal, expected) in [
            (at_least_0("3.5e38").err(), "too large"),
            (at_least_0("inf").err(), "finite"),
            (at_least_0("-1").err(), "at least 0"),
            (at_least_0("nan").err(), "at least 0"),
            (above_0("1e-300").err(), "too small"),
            (above_0("0").err(), "above 0"),
            (above_0("nan").err(), "above 0"),
            (steps_of_path("1").err(), "at least 2"),
            (steps_of_path("-3").err(), "at least 2"),
            (steps_of_path("99999999999999999999").err(), "too large"),
        ] {
            assert!(refusal.as_deref().is_some_and(|refusal| refusal.contains(expected)), "{expected}: {refusal:?}");
        }
    }
}
