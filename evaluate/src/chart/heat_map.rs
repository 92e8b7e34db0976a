//! Matrices of correlations as coloured squares.

use ndarray::{Array2, ArrayView2, Axis};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    error::ChartError,
    style::{Area, Drawn, INK, MARGIN, SPACE, TEXT, color, noted, number, shorten, svg, text, text_of_size, titled},
};
use crate::correlation::Correlations;

/// The most columns that are drawn.
const MAX_COLUMNS: usize = 30;
/// The approximate length of a side of the matrix, and the limits of that of a square.
const SIDE: usize = 840;
const SQUARE: (usize, usize) = (26, 120);
/// The maximum number of characters of a name.
const MAX_NAME: usize = 14;
/// The number of squares in the legend.
const SWATCHES: i32 = 9;

/// Charts of the same columns.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationCharts {
    /// The columns that are drawn, in ascending order.
    pub columns: Vec<usize>,
    /// Correlations of the real rows, as an SVG.
    pub real: String,
    /// Correlations of the generated rows.
    pub generated: String,
    /// The difference, generated minus real. Its colours have a range of their own, which its legend says.
    pub difference: String,
}

/// Draws correlations of real and of generated rows, and their difference, as three SVGs of the same size. `names` has
/// one name for each column of the rows. Positive values are blue and negative ones orange, and 0 has the colour of the
/// background.
///
/// Of more than 30 columns, the 30 with the largest sum of absolute differences are drawn, in ascending order, and a
/// line below the title says so.
///
/// # Errors
/// [`ChartError::Names`] if a column has no name, and [`ChartError::Empty`] for fewer than two columns.
pub fn correlation_charts(names: &[String], correlations: &Correlations) -> Result<CorrelationCharts, ChartError> {
    let all = &correlations.columns;
    if let Some(&last) = all.last().filter(|last| **last >= names.len()) {
        return Err(ChartError::Names { names: names.len(), columns: last + 1 });
    }
    if all.len() < 2 {
        return Err(ChartError::Empty("correlations of two columns"));
    }
    let difference = correlations.difference();
    let sums: Vec<f64> = difference.outer_iter().map(|row| row.iter().map(|value| value.abs()).sum()).collect();
    let mut kept: Vec<usize> = (0..all.len()).collect();
    kept.sort_by(|&one, &other| sums[other].total_cmp(&sums[one]));
    kept.truncate(MAX_COLUMNS);
    kept.sort_unstable();
    let names: Vec<String> = kept.iter().map(|&index| shorten(&names[all[index]], MAX_NAME)).collect();
    let notes: Vec<String> = if kept.len() < all.len() {
        vec![format!("the {} of {} columns that differ most", kept.len(), all.len())]
    } else {
        Vec::new()
    };
    let chart = |title: &str, matrix: &Array2<f64>, limit: Option<f64>| {
        let matrix = matrix.select(Axis(0), &kept).select(Axis(1), &kept);
        let largest = matrix.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        // Rounded up to tenths.
        let limit = limit.unwrap_or((10.0 * largest).ceil().max(1.0) / 10.0);
        heat_map(title, &notes, &names, matrix.view(), limit)
    };
    Ok(CorrelationCharts {
        columns: kept.iter().map(|&index| all[index]).collect(),
        real: chart("correlations, real", &correlations.real, Some(1.0))?,
        generated: chart("correlations, generated", &correlations.generated, Some(1.0))?,
        difference: chart("difference, generated - real", &difference, None)?,
    })
}

fn heat_map(
    title: &str,
    notes: &[String],
    names: &[String],
    matrix: ArrayView2<'_, f64>,
    limit: f64,
) -> Result<String, ChartError> {
    let square = (SIDE / names.len()).clamp(SQUARE.0, SQUARE.1) as i32;
    let size = TEXT.min(square);
    let longest = names.iter().map(|name| name.chars().count() as i32 * size * 11 / 20).max().unwrap_or(0);
    let side = square * names.len() as i32;
    let left = MARGIN + longest + SPACE;
    let top = 3 * TEXT + notes.len() as i32 * 3 * TEXT / 2;
    let (width, height) = ((left + side + MARGIN).max(SIDE as i32), top + side + SPACE + longest + 4 * TEXT);
    svg((width as u32, height as u32), |canvas| {
        noted(&titled(canvas, title)?, notes)?;
        let at = |position: Pos| text_of_size(size).pos(position);
        for (row, name) in names.iter().enumerate() {
            let middle = square * row as i32 + square / 2;
            canvas.draw_text(name, &at(Pos::new(HPos::Right, VPos::Center)), (left - SPACE, top + middle))?;
            let turned = at(Pos::new(HPos::Right, VPos::Center)).transform(FontTransform::Rotate270);
            canvas.draw_text(name, &turned, (left + middle, top + side + SPACE))?;
            for (column, &value) in matrix.row(row).iter().enumerate() {
                let corner = (left + square * column as i32, top + square * row as i32);
                fill(canvas, corner, square, value / limit)?;
            }
        }
        canvas.draw(&Rectangle::new([(left, top), (left + side, top + side)], INK.stroke_width(2)))?;
        legend(canvas, (width, height), limit)
    })
}

/// Fills a square with the colour of a value in `[-1, 1]`.
fn fill(canvas: &Area<'_>, (x, y): (i32, i32), square: i32, value: f64) -> Drawn {
    // Two digits are enough for a colour, and keep the file small.
    let opacity = (100.0 * value.abs().min(1.0)).round() / 100.0;
    let color = if value < 0.0 { color(1) } else { color(0) };
    canvas.draw(&Rectangle::new([(x, y), (x + square, y + square)], color.mix(opacity).filled()))
}

/// Draws the colours of values from `-limit` to `limit` at the bottom.
fn legend(canvas: &Area<'_>, (width, height): (i32, i32), limit: f64) -> Drawn {
    let left = (width - SWATCHES * TEXT) / 2;
    let top = height - MARGIN - TEXT;
    for index in 0..SWATCHES {
        let value = f64::from(2 * index) / f64::from(SWATCHES - 1) - 1.0;
        fill(canvas, (left + index * TEXT, top), TEXT, value)?;
    }
    let frame = [(left, top), (left + SWATCHES * TEXT, top + TEXT)];
    canvas.draw(&Rectangle::new(frame, INK.stroke_width(2)))?;
    let ends = [(HPos::Right, left - SPACE, -limit), (HPos::Left, left + SWATCHES * TEXT + SPACE, limit)];
    for (side, x, value) in ends {
        canvas.draw_text(&number(value), &text().pos(Pos::new(side, VPos::Center)), (x, top + TEXT / 2))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: usize, shift: f32) -> Array2<f32> {
        Array2::from_shape_fn((60, columns), |(row, column)| {
            (row as f32 * (1.0 + column as f32)).sin() + shift * (row * column % 7) as f32
        })
    }

    fn charts(columns: usize) -> CorrelationCharts {
        let found = Correlations::of(rows(columns, 0.0).view(), rows(columns, 0.3).view()).expect("the same columns");
        let names: Vec<String> = (0..columns).map(|column| format!("column {column}")).collect();
        correlation_charts(&names, &found).expect("enough columns")
    }

    #[test]
    fn every_pair_is_a_square_and_every_column_has_its_name_twice() {
        let charts = charts(5);
        assert_eq!(charts.columns, [0, 1, 2, 3, 4]);
        // Squares of no correlation are invisible and not drawn; the background, the frame and the legend are more.
        assert!((20..=25 + 12).contains(&charts.real.matches("<rect").count()), "{}", charts.real);
        assert_eq!(charts.real.matches("\ncolumn 3\n").count(), 2);
        assert!(charts.real.contains("\n-1\n") && charts.difference.contains("generated - real"));
    }

    #[test]
    fn many_columns_are_thinned_and_it_is_said() {
        let charts = charts(40);
        assert_eq!(charts.columns.len(), 30);
        assert!(charts.columns.is_sorted() && charts.generated.contains("the 30 of 40 columns that differ most"));
        assert!(charts.generated.len() < 150_000, "{}", charts.generated.len());
    }

    #[test]
    fn a_single_column_has_no_correlation() {
        let found = Correlations::of(rows(1, 0.0).view(), rows(1, 0.0).view()).expect("the same columns");
        let error = correlation_charts(&["a".to_owned()], &found).expect_err("one column").to_string();
        assert_eq!(error, "there are no finite correlations of two columns to draw");
    }
}
