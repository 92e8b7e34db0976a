//! The values of each column in real and in generated rows, as one small chart per column.

use ndarray::{ArrayView1, ArrayView2};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    axis::Axis,
    bins::{Bins, sorted},
    error::ChartError,
    style::{Area, Drawn, SPACE, color, framed, legend, noted, number, svg, text, titled, width},
};
use crate::marginal::MarginalDistance;

/// The most columns that are drawn.
const MAX_CHARTS: usize = 24;
/// Columns with at most this many distinct values have a pair of bars for each value.
const MAX_DISTINCT: usize = 10;
const CANVAS: (u32, u32) = (800, 520);
/// The names of the two sets.
const SETS: [&str; 2] = ["real", "generated"];
/// The opacity of the bars of real values, in front of which the line of generated values is drawn.
const OPACITY: f64 = 0.75;

/// The chart of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct MarginalChart {
    /// Index of the column.
    pub column: usize,
    /// How far the generated values are from the real ones.
    pub distance: MarginalDistance,
    /// The chart as an SVG.
    pub svg: String,
}

/// Draws the distribution of each column in real and in generated rows, `[rows, columns]` each in the unit of the data,
/// as SVGs. `names` has one name for each column, which is the title.
///
/// The vertical axis is the percentage of the rows of the same set. Columns with at most 10 distinct values in both
/// sets together have two bars for each value. Others have a histogram: bars for the real values, a line for the
/// generated ones. Very far values are in the first or the last bar, which the chart says.
///
/// At most 24 columns are drawn, in ascending order: those with the largest Kolmogorov-Smirnov statistic. Columns
/// without finite values in one of the sets are left out. So there can be no chart.
///
/// # Errors
/// [`ChartError::Names`] and [`ChartError::Columns`] if the numbers of names and columns differ.
pub fn marginal_charts(
    names: &[String],
    real: ArrayView2<'_, f32>,
    generated: ArrayView2<'_, f32>,
) -> Result<Vec<MarginalChart>, ChartError> {
    if real.ncols() != generated.ncols() {
        return Err(ChartError::Columns { real: real.ncols(), generated: generated.ncols() });
    }
    if names.len() != real.ncols() {
        return Err(ChartError::Names { names: names.len(), columns: real.ncols() });
    }
    let distance = |column: usize| {
        let values = |rows: ArrayView2<'_, f32>| rows.column(column).to_vec().into_iter();
        Some((column, MarginalDistance::of(values(real), values(generated))?))
    };
    let mut columns: Vec<(usize, MarginalDistance)> = (0..names.len()).filter_map(distance).collect();
    columns.sort_by(|(_, one), (_, other)| other.kolmogorov_smirnov.total_cmp(&one.kolmogorov_smirnov));
    columns.truncate(MAX_CHARTS);
    columns.sort_by_key(|(column, _)| *column);
    let chart = |(column, distance): (usize, MarginalDistance)| {
        let svg = chart(&names[column], [real.column(column), generated.column(column)])?;
        Ok(MarginalChart { column, distance, svg })
    };
    columns.into_iter().map(chart).collect()
}

fn chart(name: &str, sets: [ArrayView1<'_, f32>; 2]) -> Result<String, ChartError> {
    let counts = sets.map(|set| set.len());
    let sets = sets.map(|set| sorted(set.iter().map(|&value| f64::from(value))));
    let all = sorted(sets.iter().flatten().copied());
    let mut distinct = all.clone();
    distinct.dedup();
    svg(CANVAS, |canvas| {
        let area = titled(canvas, name)?;
        if distinct.len() <= MAX_DISTINCT {
            let missing = counts.iter().sum::<usize>() - all.len();
            let notes: Vec<String> =
                (missing > 0).then(|| format!("{missing} not finite, not shown")).into_iter().collect();
            pairs(canvas, &legend(&noted(&area, &notes)?, &entries(1.0))?, &distinct, &sets)
        } else {
            let bins = Bins::of(&all, [].into_iter());
            let notes = bins.notes(&all, counts.iter().sum());
            histograms(&legend(&noted(&area, &notes)?, &entries(OPACITY))?, &bins, &sets)
        }
    })
}

/// Returns the legend of the sets, that of the real values with this opacity.
fn entries(opacity: f64) -> [(String, RGBAColor); 2] {
    [(SETS[0].to_owned(), color(0).mix(opacity)), (SETS[1].to_owned(), color(1).mix(1.0))]
}

/// Draws two bars for each distinct value.
fn pairs(canvas: &Area<'_>, area: &Area<'_>, distinct: &[f64], sets: &[Vec<f64>; 2]) -> Drawn {
    let share =
        |set: &[f64], value: f64| 100.0 * set.iter().filter(|&&other| other == value).count() as f64 / set.len() as f64;
    let shares = || sets.iter().flat_map(|set| distinct.iter().map(|&value| share(set, value)));
    let axes = (Axis::slots(distinct.len()), Axis::amounts(0.0, shares().fold(0.0, f64::max)));
    let mut chart = framed(area, ("", "% of rows"), axes)?;
    for (index, set) in sets.iter().enumerate() {
        let left = 0.15 + 0.35 * index as f64;
        chart.draw_series(distinct.iter().enumerate().map(|(slot, &value)| {
            let start = slot as f64 + left;
            Rectangle::new([(start, 0.0), (start + 0.35, share(set, value))], color(index).filled())
        }))?;
    }
    let plot = chart.plotting_area();
    let labels: Vec<String> = distinct.iter().map(|&value| number(value)).collect();
    let (x, y) = plot.get_pixel_range();
    let widest = labels.iter().map(|label| width(label) + SPACE).max().unwrap_or(1);
    let stride = (widest as usize * labels.len()).div_ceil(x.len().max(1)).max(1);
    for (slot, label) in labels.iter().enumerate().step_by(stride) {
        let middle = plot.map_coordinate(&(slot as f64 + 0.5, 0.0)).0;
        canvas.draw_text(label, &text().pos(Pos::new(HPos::Center, VPos::Top)), (middle, y.end + SPACE))?;
    }
    Ok(())
}

/// Draws bars for the real values, and the outline of such bars for the generated ones.
fn histograms(area: &Area<'_>, bins: &Bins, sets: &[Vec<f64>; 2]) -> Drawn {
    let shares = sets.each_ref().map(|set| -> Vec<f64> {
        bins.counts(set).into_iter().map(|count| 100.0 * count as f64 / set.len() as f64).collect()
    });
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    let axes = (Axis::values(bins.low, bins.high), Axis::amounts(0.0, highest));
    let mut chart = framed(area, ("", "% of rows"), axes)?;
    let [real, generated] = &shares;
    let bars = real.iter().enumerate().filter(|(_, share)| **share > 0.0);
    chart.draw_series(bars.map(|(index, &share)| {
        Rectangle::new([(bins.edge(index), 0.0), (bins.edge(index + 1), share)], color(0).mix(OPACITY).filled())
    }))?;
    let steps = generated.iter().enumerate();
    let steps = steps.flat_map(|(index, &share)| [(bins.edge(index), share), (bins.edge(index + 1), share)]);
    let ends = |x: f64| std::iter::once((x, 0.0));
    let outline = ends(bins.low).chain(steps).chain(ends(bins.high));
    chart.draw_series(std::iter::once(PathElement::new(outline.collect::<Vec<_>>(), color(1).stroke_width(5))))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("column {index}")).collect()
    }

    #[test]
    fn few_distinct_values_are_pairs_of_bars_and_others_are_histograms() {
        let real =
            Array2::from_shape_fn((100, 2), |(row, column)| if column == 0 { (row % 3) as f32 } else { row as f32 });
        let charts = marginal_charts(&names(2), real.view(), real.view()).expect("the same columns");
        assert_eq!(charts.len(), 2);
        assert!(
            charts.iter().all(|chart| chart.distance == MarginalDistance { kolmogorov_smirnov: 0.0, wasserstein: 0.0 })
        );
        // A background, two squares in the legend, and two bars for each of three values.
        assert_eq!(charts[0].svg.matches("<rect").count(), 9);
        assert!(charts[0].svg.contains("column 0") && charts[0].svg.contains("generated"));
        assert!(charts[1].svg.matches("<rect").count() > 9 && charts[1].svg.contains("opacity=\"0.75\""));
    }

    #[test]
    fn the_columns_that_differ_most_are_kept_in_their_order() {
        let real = Array2::zeros((50, 40));
        let generated = Array2::from_shape_fn((50, 40), |(row, column)| if row < column { 1.0 } else { 0.0 });
        let charts = marginal_charts(&names(40), real.view(), generated.view()).expect("the same columns");
        assert_eq!(charts.iter().map(|chart| chart.column).collect::<Vec<_>>(), (16..40).collect::<Vec<_>>());
    }

    #[test]
    fn values_that_are_not_finite_are_said_and_columns_of_them_have_no_chart() {
        let real = array![[1.0_f32, f32::NAN], [f32::INFINITY, f32::NAN], [3.0, f32::NAN]];
        let charts = marginal_charts(&names(2), real.view(), real.view()).expect("the same columns");
        assert_eq!(charts.len(), 1);
        assert!(charts[0].svg.contains("2 not finite"), "{}", charts[0].svg);
        let error = marginal_charts(&names(3), real.view(), real.view()).expect_err("three names").to_string();
        assert_eq!(error, "got 3 names for 2 columns");
    }
}
