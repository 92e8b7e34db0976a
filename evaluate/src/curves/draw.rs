//! Draws the title, axes, lines and legend of a chart.

use std::io;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::axis::Axis;
use crate::palette;

/// The width and height of the canvas. The SVG is displayed at half this size, because plotters rounds coordinates to
/// integers, and half a pixel is precise enough for a smooth curve.
const CANVAS: (u32, u32) = (1600, 960);
const TEXT: i32 = 32;
const TITLE: i32 = 38;
const MARGIN: i32 = 28;
/// The length of a line in the legend.
const LEGEND_LINE: i32 = 48;
/// The space around a line in the legend.
const SPACE: i32 = 16;
/// The maximum number of characters of a title. Longer texts are shortened, because SVG does not wrap lines.
const MAX_TITLE: usize = 76;
/// The maximum number of characters of the label of the vertical axis.
const MAX_UNIT: usize = 48;
/// The maximum number of characters of the name of a curve.
const MAX_NAME: usize = 24;
/// The maximum number of points of a curve with a marker at each point.
const MAX_MARKED: usize = 30;
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// Draws named curves. `names` are the labels of the horizontal and the vertical axis.
pub(super) fn draw(
    title: &str,
    names: (&str, &str),
    curves: &[(&str, Vec<(f64, f64)>)],
    axes: (Axis, Axis),
) -> Result<String, DrawingAreaErrorKind<io::Error>> {
    let mut svg = String::new();
    draw_on(&SVGBackend::with_string(&mut svg, CANVAS).into_drawing_area(), title, names, curves, axes)?;
    let size = |(width, height): (u32, u32)| format!("width=\"{width}\" height=\"{height}\"");
    Ok(svg.replacen(&size(CANVAS), &size((CANVAS.0 / 2, CANVAS.1 / 2)), 1))
}

fn draw_on(
    canvas: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    (horizontal_name, vertical_name): (&str, &str),
    curves: &[(&str, Vec<(f64, f64)>)],
    (horizontal, vertical): (Axis, Axis),
) -> Result<(), DrawingAreaErrorKind<io::Error>> {
    canvas.fill(&WHITE)?;
    let names: Vec<String> = curves.iter().map(|(name, _)| shorten(name, MAX_NAME)).collect();
    let names = if names.len() > 1 { names } else { Vec::new() };
    let legend_width = names.iter().map(|name| 2 * SPACE + LEGEND_LINE + width(name)).max().unwrap_or(MARGIN);
    let (chart, legend) = canvas
        .margin(SPACE, 0, 0, 0)
        .titled(&shorten(title, MAX_TITLE), ("sans-serif", TITLE).into_font().color(&INK))?
        .split_horizontally(CANVAS.0 as i32 - legend_width);
    let labels = vertical.labels().map(|label| width(&label)).max().unwrap_or(0);
    let mut chart = ChartBuilder::on(&chart)
        .margin(MARGIN)
        .x_label_area_size(3 * TEXT)
        .y_label_area_size(labels + 5 * TEXT / 2)
        .build_cartesian_2d(horizontal, vertical)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID.stroke_width(2))
        .axis_style(INK.stroke_width(2))
        .set_all_tick_mark_size(8)
        .label_style(text())
        .axis_desc_style(text())
        .x_desc(horizontal_name)
        .y_desc(shorten(vertical_name, MAX_UNIT))
        .draw()?;
    for (index, (_, points)) in curves.iter().enumerate() {
        let marker = if points.len() <= MAX_MARKED { 7 } else { 0 };
        chart.draw_series(LineSeries::new(points.iter().copied(), style(index)).point_size(marker))?;
    }
    for (index, name) in names.iter().enumerate() {
        let y = MARGIN + TEXT / 2 + index as i32 * 3 * TEXT / 2;
        legend.draw(&PathElement::new([(0, y), (LEGEND_LINE, y)], style(index)))?;
        legend.draw_text(name, &text().pos(Pos::new(HPos::Left, VPos::Center)), (LEGEND_LINE + SPACE, y))?;
    }
    canvas.present()
}

fn text() -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&INK)
}

/// Returns the line style of a curve. The first curve is wider, so that it stays visible below a curve that covers it.
fn style(index: usize) -> ShapeStyle {
    let color = color(index);
    ShapeStyle { color: color.into(), filled: true, stroke_width: if index == 0 { 7 } else { 4 } }
}

/// Estimates the width of a text. The actual width depends on the font of the viewer.
fn width(text: &str) -> i32 {
    text.chars().count() as i32 * TEXT * 11 / 20
}

/// Shortens a text to one line of at most `max_length` characters, and replaces characters that XML does not allow.
fn shorten(text: &str, max_length: usize) -> String {
    let clean: Vec<char> =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect();
    match clean.get(..max_length) {
        Some(start) if clean.len() > max_length => start.iter().take(max_length - 1).chain(&['…']).collect(),
        _ => clean.into_iter().collect(),
    }
}

fn color(index: usize) -> RGBColor {
    let [red, green, blue] = palette::color(index);
    RGBColor(red, green, blue)
}
