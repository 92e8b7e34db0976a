//! A histogram of values with thresholds.

use plotters::prelude::*;

use super::{
    axis::Axis,
    bins::{Bins, sorted},
    error::ChartError,
    style::{NARROW, color, framed, legend, noted, number, shorten, svg, titled},
};

/// The maximum number of characters of the name of a threshold.
const MAX_NAME: usize = 32;

/// A vertical line in a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What is written in the legend, before its value.
    pub name: String,
    /// Where the line is, in the unit of the values.
    pub value: f64,
}

/// Draws a histogram of values as an SVG. `axis` names the values, with their unit.
///
/// The range contains all thresholds and all values, unless some values are very far from the central 99 %. Those are
/// in the first or the last bar, and a line below the title says how many, and how many values are not finite.
///
/// # Errors
/// [`ChartError::Empty`] if there is no finite value.
pub fn histogram(title: &str, axis: &str, values: &[f64], thresholds: &[Threshold]) -> Result<String, ChartError> {
    let sorted = sorted(values.iter().copied());
    if sorted.is_empty() {
        return Err(ChartError::Empty("values"));
    }
    let mut thresholds: Vec<&Threshold> =
        thresholds.iter().filter(|threshold| (threshold.value as f32).is_finite()).collect();
    thresholds.sort_by(|one, other| one.value.total_cmp(&other.value));
    let bins = Bins::of(&sorted, thresholds.iter().map(|threshold| threshold.value));
    let counts = bins.counts(&sorted);
    let highest = counts.iter().copied().max().unwrap_or_default() as f64;
    svg(NARROW, |canvas| {
        let area = noted(&titled(canvas, title)?, &bins.notes(&sorted, values.len()))?;
        // The names are above the plot, so that no line crosses them.
        let entry = |(index, threshold): (usize, &&Threshold)| {
            let name = format!("{}: {}", shorten(&threshold.name, MAX_NAME), number(threshold.value));
            (name, color(index + 1).mix(1.0))
        };
        let area = legend(&area, &thresholds.iter().enumerate().map(entry).collect::<Vec<_>>())?;
        let axes = (Axis::values(bins.low, bins.high), Axis::frequencies(highest));
        let mut chart = framed(&area, (&shorten(axis, 54), "rows"), axes)?;
        let bars = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        chart.draw_series(bars.map(|(index, &count)| {
            let corners = [(bins.edge(index), 0.0), (bins.edge(index + 1), count as f64)];
            Rectangle::new(corners, color(0).filled())
        }))?;
        let (_, y) = chart.plotting_area().get_pixel_range();
        for (index, threshold) in thresholds.iter().enumerate() {
            let line = chart.plotting_area().map_coordinate(&(threshold.value, 0.0)).0;
            canvas.draw(&PathElement::new([(line, y.start), (line, y.end)], color(index + 1).stroke_width(5)))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold(name: &str, value: f64) -> Threshold {
        Threshold { name: name.to_owned(), value }
    }

    #[test]
    fn thresholds_are_labelled_and_outliers_are_said() {
        let mut values: Vec<f64> = (0..500).map(|index| f64::from(index).sin()).collect();
        values.extend([1e4, 2e4, f64::NAN]);
        let svg = histogram("errors", "squared error", &values, &[threshold("95 % quantile", 0.9)]).expect("values");
        assert!(svg.contains("95 % quantile: 0.9") && svg.contains("2 above"), "{svg}");
        assert!(svg.contains("1 not finite") && svg.contains("squared error"), "{svg}");
        assert_eq!(
            svg,
            histogram("errors", "squared error", &values, &[threshold("95 % quantile", 0.9)]).expect("same")
        );
    }

    #[test]
    fn bars_and_thresholds_are_within_the_canvas_for_extreme_values() {
        for values in
            [vec![0.0], vec![7.0; 5], vec![-3e38, 3e38], vec![1.0, 1e300], vec![1e-30, 2e-30], vec![0.0, f64::INFINITY]]
        {
            let svg = histogram("t", "a", &values, &[threshold("far", 5.0), threshold("broken", f64::NAN)]);
            let svg = svg.expect("a finite value");
            assert!(!svg.contains("NaN") && !svg.contains("broken"), "{svg}");
            for attribute in [" x=\"", " y=\"", " width=\"", " height=\""] {
                for number in svg.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
                    let number: f64 = number.parse().expect("a number");
                    assert!((0.0..=1600.0).contains(&number), "{values:?}: {attribute}{number}");
                }
            }
        }
    }

    #[test]
    fn values_that_are_not_finite_are_not_drawn() {
        let error = histogram("t", "a", &[f64::NAN], &[]).expect_err("nothing to draw");
        assert_eq!(error.to_string(), "there are no finite values to draw");
    }
}
