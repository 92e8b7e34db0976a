//! Horizontal bars with names and values.

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    axis::Axis,
    error::ChartError,
    style::{MARGIN, MUTED, NARROW, SPACE, TEXT, color, framed, noted, number, shorten, svg, text, titled, width},
};

/// The most bars that are drawn.
const MAX_BARS: usize = 32;
/// The distance between the middles of two bars.
const STEP: i32 = 48;
/// The height of what is above and below the bars: title, note and axis.
const AROUND: i32 = 280;
/// The maximum number of characters of a name.
const MAX_NAME: usize = 24;

/// One bar of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What is written to the left of the bar.
    pub name: String,
    /// The length of the bar, which is also written at its end.
    pub value: f64,
    /// Whether the bar is coloured. Others are grey.
    pub is_highlighted: bool,
}

/// Draws horizontal bars as an SVG, in this order from top to bottom. `axis` names the values, with their unit.
///
/// Of more than 32 bars, the 32 with the largest absolute values are drawn, largest first, and a line below the title
/// says so. Values that are not finite are left out, and the line says how many.
///
/// # Errors
/// [`ChartError::Empty`] if there is no finite value.
pub fn bars(title: &str, axis: &str, bars: &[Bar]) -> Result<String, ChartError> {
    let mut drawn: Vec<&Bar> = bars.iter().filter(|bar| (bar.value as f32).is_finite()).collect();
    if drawn.is_empty() {
        return Err(ChartError::Empty("values"));
    }
    let finite = drawn.len();
    if finite > MAX_BARS {
        drawn.sort_by(|one, other| other.value.abs().total_cmp(&one.value.abs()));
        drawn.truncate(MAX_BARS);
    }
    let values = || drawn.iter().map(|bar| bar.value);
    let horizontal = Axis::amounts(values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let size = (NARROW.0, (drawn.len() as i32 * STEP + AROUND) as u32);
    svg(size, |canvas| {
        let area = noted(&titled(canvas, title)?, &notes(bars.len(), finite, drawn.len()))?;
        let names: Vec<String> = drawn.iter().map(|bar| shorten(&bar.name, MAX_NAME)).collect();
        let left = names.iter().map(|name| width(name)).max().unwrap_or(0) + MARGIN;
        let right = values().map(|value| width(&number(value))).max().unwrap_or(0);
        let area = area.margin(0, 0, left - 5 * TEXT / 2, right - MARGIN);
        let chart = framed(&area, (&shorten(axis, 40), ""), (horizontal, Axis::slots(drawn.len())))?;
        let plot = chart.plotting_area();
        for (index, (bar, name)) in drawn.iter().zip(&names).enumerate() {
            let middle = drawn.len() as f64 - index as f64 - 0.5;
            let ((start, y), (end, _)) =
                (plot.map_coordinate(&(0.0, middle)), plot.map_coordinate(&(bar.value, middle)));
            let color = if bar.is_highlighted { color(0) } else { MUTED };
            let corners = [(start.min(end), y - STEP / 3), (start.max(end), y + STEP / 3)];
            canvas.draw(&Rectangle::new(corners, color.filled()))?;
            let at = |side| text().pos(Pos::new(side, VPos::Center));
            canvas.draw_text(name, &at(HPos::Right), (plot.get_pixel_range().0.start - SPACE, y))?;
            canvas.draw_text(&number(bar.value), &at(HPos::Left), (start.max(end) + SPACE / 2, y))?;
        }
        Ok(())
    })
}

/// Says which bars are not drawn.
fn notes(count: usize, finite: usize, drawn: usize) -> Vec<String> {
    let largest = (drawn < finite).then(|| format!("the {drawn} largest of {finite}"));
    let missing = (finite < count).then(|| format!("{} not finite, not shown", count - finite));
    largest.into_iter().chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Vec<Bar> {
        let bar =
            |(index, &value): (usize, &f64)| Bar { name: format!("z{index}"), value, is_highlighted: value > 0.5 };
        values.iter().enumerate().map(bar).collect()
    }

    fn rectangles(svg: &str) -> usize {
        // Without the background.
        svg.matches("<rect").count() - 1
    }

    #[test]
    fn every_bar_has_its_name_and_its_value() {
        let svg = bars("KL", "nats", &of(&[2.5, 0.25, 0.0, -1.5])).expect("values");
        assert_eq!(rectangles(&svg), 4);
        for text in ["z0", "2.5", "z1", "0.25", "z3", "-1.5", "nats"] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}: {svg}");
        }
        assert_eq!(svg.matches("#0072B2").count(), 1);
    }

    #[test]
    fn of_many_bars_the_largest_are_drawn_and_it_is_said() {
        let values: Vec<f64> = (0..100).map(f64::from).chain([f64::NAN]).collect();
        let svg = bars("KL", "nats", &of(&values)).expect("values");
        assert_eq!(rectangles(&svg), 32);
        assert!(svg.contains("the 32 largest of 100; 1 not finite") && svg.contains("z99") && !svg.contains("z67"));
    }

    #[test]
    fn zeros_are_drawn_and_nothing_is_refused() {
        assert!(bars("KL", "nats", &of(&[0.0])).is_ok());
        assert!(matches!(bars("KL", "nats", &[]), Err(ChartError::Empty("values"))));
    }
}
