//! What all charts have in common: sizes, colours, texts, the frame with its axes, and the finished SVG.

use std::io;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{axis::Axis, error::ChartError};
use crate::palette;

/// The width and height of the canvas of a chart. The SVG is displayed at half this size, because plotters rounds
/// coordinates to integers, and half a pixel is precise enough for a smooth curve.
pub(crate) const CANVAS: (u32, u32) = (1600, 960);
/// The same of a chart whose text is still readable on a narrow page.
pub(crate) const NARROW: (u32, u32) = (1120, 720);
/// The size of text.
pub(crate) const TEXT: i32 = 32;
const TITLE: i32 = 38;
/// The space around a chart.
pub(crate) const MARGIN: i32 = 28;
/// The space between two things that belong together.
pub(crate) const SPACE: i32 = 16;
/// The maximum number of characters of the label of the vertical axis.
const MAX_UNIT: usize = 48;
/// The colour of text and axes.
pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);
const GRID: RGBColor = RGBColor(225, 225, 225);
/// The colour of what is not highlighted. It is visible on white and on black paper.
pub(crate) const MUTED: RGBColor = RGBColor(133, 140, 148);

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(crate) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<io::Error>>;
type Frame<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// Returns the SVG of what `draw` draws on a white canvas of this width and height. It is displayed at half this size.
pub(crate) fn svg((width, height): (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<String, ChartError> {
    let mut svg = String::new();
    let drawn = || {
        let canvas = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        canvas.fill(&WHITE)?;
        draw(&canvas)?;
        canvas.present()
    };
    drawn().map_err(|error| ChartError::Draw(error.into()))?;
    let size = |width: u32, height: u32| format!("width=\"{width}\" height=\"{height}\"");
    Ok(svg.replacen(&size(width, height), &size(width / 2, height / 2), 1))
}

/// Draws the title, shortened to the width, and returns the area below it.
pub(crate) fn titled<'a>(canvas: &Area<'a>, title: &str) -> Drawn<Area<'a>> {
    let title = shorten(title, (canvas.dim_in_pixel().0 / 21) as usize);
    canvas.margin(SPACE, 0, 0, 0).titled(&title, ("sans-serif", TITLE).into_font().color(&INK))
}

/// Draws notes, as many on a line as fit, and returns the area below them.
pub(crate) fn noted<'a>(area: &Area<'a>, notes: &[String]) -> Drawn<Area<'a>> {
    let mut lines: Vec<String> = Vec::new();
    for note in notes {
        match lines.last_mut() {
            Some(line) if width(line) + width(note) < area.dim_in_pixel().0 as i32 - 4 * MARGIN => {
                *line = format!("{line}; {note}");
            }
            _ => lines.push(note.clone()),
        }
    }
    lines.iter().try_fold(area.clone(), |area, line| area.titled(line, text()))
}

/// Draws names with their colours, as many on a line as fit, and returns the area below them.
pub(crate) fn legend<'a>(area: &Area<'a>, entries: &[(String, RGBAColor)]) -> Drawn<Area<'a>> {
    let available = area.dim_in_pixel().0 as i32;
    let length = |(name, _): &(String, RGBAColor)| TEXT + SPACE + width(name) + 2 * MARGIN;
    let mut lines: Vec<&[(String, RGBAColor)]> = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let fits = |&count: &usize| rest[..count].iter().map(length).sum::<i32>() <= available;
        let (line, after) = rest.split_at((2..=rest.len()).take_while(fits).last().unwrap_or(1));
        lines.push(line);
        rest = after;
    }
    let mut top = SPACE;
    for line in lines {
        let mut x = (available - line.iter().map(length).sum::<i32>()).max(0) / 2 + MARGIN;
        for entry in line {
            area.draw(&Rectangle::new([(x, top), (x + TEXT, top + TEXT)], entry.1.filled()))?;
            let style = text().pos(Pos::new(HPos::Left, VPos::Center));
            area.draw_text(&entry.0, &style, (x + TEXT + SPACE, top + TEXT / 2))?;
            x += length(entry);
        }
        top += TEXT + SPACE;
    }
    Ok(area.margin(top - SPACE, 0, 0, 0))
}

/// Draws the axes with their names and grid lines in an area, with a margin, and returns the plot between them.
pub(crate) fn framed<'a, 'b>(
    area: &Area<'b>,
    (horizontal_name, vertical_name): (&str, &str),
    (horizontal, vertical): (Axis, Axis),
) -> Drawn<Frame<'a, 'b>> {
    let labels = vertical.labels().map(|label| width(&label)).max().unwrap_or(0);
    let mut chart = ChartBuilder::on(area)
        .margin(MARGIN)
        .x_label_area_size(if horizontal_name.is_empty() { 3 * TEXT / 2 } else { 3 * TEXT })
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
    Ok(chart)
}

/// Returns the style of text.
pub(crate) fn text() -> TextStyle<'static> {
    text_of_size(TEXT)
}

/// Returns the style of text of another size.
pub(crate) fn text_of_size(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Returns a number with at most four significant digits, as text.
pub(crate) fn number(value: f64) -> String {
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-3..1e6).contains(&rounded.abs()) { rounded.to_string() } else { format!("{rounded:e}") }
}

/// Estimates the width of a text. The actual width depends on the font of the viewer.
pub(crate) fn width(text: &str) -> i32 {
    text.chars().count() as i32 * TEXT * 11 / 20
}

/// Shortens a text to one line of at most `max_length` characters, and replaces characters that XML does not allow.
pub(crate) fn shorten(text: &str, max_length: usize) -> String {
    let clean: Vec<char> =
        text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect();
    match clean.get(..max_length) {
        Some(start) if clean.len() > max_length => start.iter().take(max_length - 1).chain(&['…']).collect(),
        _ => clean.into_iter().collect(),
    }
}

/// Returns the colour of the line or the set with this index.
pub(crate) fn color(index: usize) -> RGBColor {
    let [red, green, blue] = palette::color(index);
    RGBColor(red, green, blue)
}
