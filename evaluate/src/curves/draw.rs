//! Draws the lines and the legend of a chart of curves.

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::chart::{
    ChartError,
    axis::Axis,
    style::{Area, CANVAS, Drawn, MARGIN, SPACE, TEXT, color, framed, shorten, svg, text, titled, width},
};

/// The length of a line in the legend.
const LEGEND_LINE: i32 = 48;
/// The maximum number of characters of the name of a curve.
const MAX_NAME: usize = 24;
/// The maximum number of points of a curve with a marker at each point.
const MAX_MARKED: usize = 30;

/// Draws named curves. `names` are the labels of the horizontal and the vertical axis.
pub(super) fn draw(
    title: &str,
    names: (&str, &str),
    curves: &[(&str, Vec<(f64, f64)>)],
    axes: (Axis, Axis),
) -> Result<String, ChartError> {
    svg(CANVAS, |canvas| draw_on(canvas, title, names, curves, axes))
}

fn draw_on(
    canvas: &Area<'_>,
    title: &str,
    axis_names: (&str, &str),
    curves: &[(&str, Vec<(f64, f64)>)],
    axes: (Axis, Axis),
) -> Drawn {
    let names: Vec<String> = curves.iter().map(|(name, _)| shorten(name, MAX_NAME)).collect();
    let names = if names.len() > 1 { names } else { Vec::new() };
    let legend_width = names.iter().map(|name| 2 * SPACE + LEGEND_LINE + width(name)).max().unwrap_or(MARGIN);
    let (chart, legend) = titled(canvas, title)?.split_horizontally(CANVAS.0 as i32 - legend_width);
    let mut chart = framed(&chart, axis_names, axes)?;
    for (index, (_, points)) in curves.iter().enumerate() {
        let marker = if points.len() <= MAX_MARKED { 7 } else { 0 };
        chart.draw_series(LineSeries::new(points.iter().copied(), style(index)).point_size(marker))?;
    }
    for (index, name) in names.iter().enumerate() {
        let y = MARGIN + TEXT / 2 + index as i32 * 3 * TEXT / 2;
        legend.draw(&PathElement::new([(0, y), (LEGEND_LINE, y)], style(index)))?;
        legend.draw_text(name, &text().pos(Pos::new(HPos::Left, VPos::Center)), (LEGEND_LINE + SPACE, y))?;
    }
    Ok(())
}

/// Returns the line style of a curve. The first curve is wider, so that it stays visible below a curve that covers it.
fn style(index: usize) -> ShapeStyle {
    let color = color(index);
    ShapeStyle { color: color.into(), filled: true, stroke_width: if index == 0 { 7 } else { 4 } }
}
