//! A series as lines, without axes: for each channel an SVG that follows the colours of the page. Charts with axes are
//! drawn by the crate `plotters`, but it writes fixed colours and a background.

use std::fmt::Write;

use maud::{Markup, html};

use crate::name::name;

/// Size of the drawing, in its own unit.
const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 64.0;
/// Largest number of points of a line; longer series are thinned.
const POINTS: usize = 160;

/// Series with the same steps.
pub(super) struct Lines<'a> {
    /// Values, all steps of a channel after those of the one before it.
    pub(super) values: &'a [f64],
    /// Values that are drawn in grey below them.
    pub(super) below: Option<&'a [f64]>,
    /// The number of channels.
    pub(super) channels: usize,
    /// The names of the channels that are drawn, the first ones.
    pub(super) names: &'a [String],
    /// The smallest and the largest value of the drawing. Values outside are cut off.
    pub(super) range: (f64, f64),
}

/// Draws the lines, each channel in a drawing of its own below its name. A single channel needs no name.
pub(super) fn lines(drawn: &Lines<'_>, description: &str) -> Markup {
    let length = (drawn.values.len() / drawn.channels.max(1)).max(1);
    let line = |values: Option<&[f64]>, channel: usize| -> Option<String> {
        values?.chunks(length).nth(channel).map(|values| points(values, drawn.range))
    };
    let drawing = |channel: usize, label: &str| {
        html! {
            svg.lines viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
                @if let Some(line) = line(drawn.below, channel) { polyline.below points=(line) {} }
                @if let Some(line) = line(Some(drawn.values), channel) { polyline.line points=(line) {} }
            }
        }
    };
    if drawn.channels <= 1 {
        return drawing(0, description);
    }
    html! {
        div.channels {
            @for (channel, channel_name) in drawn.names.iter().enumerate() {
                (name(channel_name)) (drawing(channel, &format!("{description}, {channel_name}")))
            }
        }
    }
}

fn points(values: &[f64], (low, high): (f64, f64)) -> String {
    let step = values.len().div_ceil(POINTS).max(1);
    let last = values.len().saturating_sub(1).max(1) as f64;
    let mut text = String::new();
    for (index, value) in values.iter().enumerate().step_by(step).filter(|(_, value)| value.is_finite()) {
        let x = WIDTH * index as f64 / last;
        let y = HEIGHT * (1.0 - ((value - low) / (high - low)).clamp(0.0, 1.0));
        let separator = if text.is_empty() { "" } else { " " };
        // Writing to memory cannot fail.
        let _ = write!(text, "{separator}{x:.1},{y:.1}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_is_a_drawing_and_values_outside_are_cut_off() {
        let names = ["left".to_owned(), "<right>".to_owned()];
        let drawn = Lines {
            values: &[0.0, 1.0, 3.0, f64::NAN],
            below: Some(&[0.0; 4]),
            channels: 2,
            names: &names,
            range: (0.0, 2.0),
        };
        let markup = lines(&drawn, "a <window>").into_string();
        assert_eq!((markup.matches("<svg").count(), markup.matches("<polyline").count()), (2, 4));
        assert!(markup.contains(r#"points="0.0,64.0 200.0,32.0""#), "{markup}");
        assert!(markup.contains(r#"points="0.0,0.0""#) && markup.contains("a &lt;window&gt;, left"), "{markup}");
        assert_eq!(lines(&Lines { names: &names[..1], ..drawn }, "").into_string().matches("<svg").count(), 1);
    }
}
