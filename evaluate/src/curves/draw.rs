//! The drawing itself: title, axes, lines and legend.

use std::io;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::axis::Axis;

/// Units of the drawing. It is shown at half this size: lines end at whole units, and half a pixel is
/// fine enough for a smooth curve.
const CANVAS: (u32, u32) = (1600, 960);
const TEXT: i32 = 32;
const TITLE: i32 = 38;
const MARGIN: i32 = 28;
/// Length of a colour's sample in the legend, and the space around it.
const SAMPLE: i32 = 48;
const SPACE: i32 = 16;
/// Longer texts are cut: an SVG does not wrap them.
const LONGEST_TITLE: usize = 76;
const LONGEST_UNIT: usize = 48;
const LONGEST_NAME: usize = 24;
/// Curves of so few points show where they are.
const MARKED: usize = 30;
/// Told apart by most colour-blind people (Okabe and Ito 2008).
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);

/// Draws curves, each with its name, over two axes of these names.
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
    (across, up): (&str, &str),
    curves: &[(&str, Vec<(f64, f64)>)],
    (horizontal, vertical): (Axis, Axis),
) -> Result<(), DrawingAreaErrorKind<io::Error>> {
    canvas.fill(&WHITE)?;
    let names: Vec<String> = curves.iter().map(|(name, _)| shown(name, LONGEST_NAME)).collect();
    let names = if names.len() > 1 { names } else { Vec::new() };
    let legend = names.iter().map(|name| 2 * SPACE + SAMPLE + width(name)).max().unwrap_or(MARGIN);
    let (chart, beside) = canvas
        .margin(SPACE, 0, 0, 0)
        .titled(&shown(title, LONGEST_TITLE), ("sans-serif", TITLE).into_font().color(&INK))?
        .split_horizontally(CANVAS.0 as i32 - legend);
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
        .x_desc(across)
        .y_desc(shown(up, LONGEST_UNIT))
        .draw()?;
    for (index, (_, points)) in curves.iter().enumerate() {
        let marker = if points.len() <= MARKED { 7 } else { 0 };
        chart.draw_series(LineSeries::new(points.iter().copied(), style(index)).point_size(marker))?;
    }
    for (index, name) in names.iter().enumerate() {
        let y = MARGIN + TEXT / 2 + index as i32 * 3 * TEXT / 2;
        beside.draw(&PathElement::new([(0, y), (SAMPLE, y)], style(index)))?;
        beside.draw_text(name, &text().pos(Pos::new(HPos::Left, VPos::Center)), (SAMPLE + SPACE, y))?;
    }
    canvas.present()
}

fn text() -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&INK)
}

/// The first curve is the widest, so that it shows beneath one that runs along it.
fn style(index: usize) -> ShapeStyle {
    let color = COLORS[index % COLORS.len()];
    ShapeStyle { color: color.into(), filled: true, stroke_width: if index == 0 { 7 } else { 4 } }
}

/// About the width of a text: what it really is depends on the viewer's font.
fn width(text: &str) -> i32 {
    text.chars().count() as i32 * TEXT * 11 / 20
}

/// `text` on one line of at most `longest` characters, without what no XML may hold.
fn shown(text: &str, longest: usize) -> String {
    let clean: Vec<char> =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect();
    match clean.get(..longest) {
        Some(start) if clean.len() > longest => start.iter().take(longest - 1).chain(&['…']).collect(),
        _ => clean.into_iter().collect(),
    }
}
