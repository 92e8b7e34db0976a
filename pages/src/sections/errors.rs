//! The errors of all rows, with the quantiles that serve as thresholds for anomalies.

use maud::html;
use narrows_evaluate::{Threshold, histogram};

use crate::{chart::chart, error::PageError, frame::Section, gathered::Gathered, number::short};

/// The quantiles that are shown.
const QUANTILES: [f64; 2] = [0.95, 0.99];
/// With fewer rows, the quantiles say nothing.
const MIN_ROWS: usize = 20;

/// Returns the section; `None` if there are too few rows with finite errors.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    let Some(quantiles) = error_quantiles(gathered) else { return Ok(None) };
    let names = QUANTILES.map(|fraction| format!("{} % quantile", (100.0 * fraction).round()));
    let thresholds: Vec<Threshold> =
        names.into_iter().zip(quantiles).map(|(name, value)| Threshold { name, value }).collect();
    let noun = &gathered.about.noun;
    let svg =
        histogram(&format!("Errors of the {noun}s"), gathered.error_unit().axis(), &gathered.errors, &thresholds)?;
    let [low, high] = quantiles.map(short);
    let rows = &gathered.about.rows;
    let body = html! {
        p {
            "The " (gathered.error_unit().of_row(noun)) ", for each of " (rows) ". 95\u{a0}% of these \
             " (noun) "s have an error of at most " (low) ", 99\u{a0}% of at most " (high) ". To find \
             anomalies, such a quantile is a usual threshold: with the second one, about 1 in 100 " (noun) "s like these \
             is reported although nothing is wrong with it."
            @if let Some(warning) = gathered.about.warning() { " " (warning) }
        }
        (chart(&svg, &format!("Histogram of the errors of {rows} with the quantiles {} and {}", low, high)))
    };
    Ok(Some(Section { id: "errors", title: "Errors and thresholds".to_owned(), body }))
}

/// Returns the 95 % and the 99 % quantile of the finite errors of the rows, in squared scaled units; `None` for fewer
/// than 20 rows.
pub fn error_quantiles(gathered: &Gathered) -> Option<[f64; 2]> {
    let mut sorted: Vec<f64> = gathered.errors.iter().copied().filter(|error| error.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    (sorted.len() >= MIN_ROWS).then(|| QUANTILES.map(|fraction| quantile(&sorted, fraction)))
}

/// Returns a quantile of sorted values, with linear interpolation between them (Hyndman and Fan 1996, type 7).
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let position = fraction * (sorted.len().saturating_sub(1)) as f64;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(position.floor() as usize), at(position.ceil() as usize));
    low + (high - low) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        let values: Vec<f64> = (0..11).map(f64::from).collect();
        assert_eq!((quantile(&values, 0.95), quantile(&values, 0.5), quantile(&values, 1.0)), (9.5, 5.0, 10.0));
        assert_eq!(quantile(&[3.0], 0.99), 3.0);
    }
}
