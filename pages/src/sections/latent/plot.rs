//! The points of a plane as an SVG. Each point is an element of its own, so that the script can find it and the legend
//! can hide it.

use maud::{Markup, html};

use super::colours::{COLOURS, Colours};
use crate::{
    gathered::{Gathered, Plane, Scales},
    number::short,
};

/// Size of the drawing, in its own unit.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 480.0;
/// Space around the points.
const MARGIN: f64 = 14.0;
/// Radius of a circle, and half the side of a square.
const RADIUS: f64 = 3.6;

/// Draws the points. The ranges of both axes are below.
pub(super) fn plot(plane: &Plane, gathered: &Gathered, colours: &Colours) -> Markup {
    let ranges = [0, 1].map(|axis| range(plane.positions.column(axis).iter().copied()));
    let place = places(ranges, plane.scales);
    let points = gathered.points.iter().zip(plane.positions.outer_iter());
    let label = |names: &[String; 2], axis: usize| {
        let (low, high) = ranges[axis];
        format!("{}, {} to {}", names[axis], short(low), short(high))
    };
    html! {
        svg.points viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(plane.title) {
            @for (row, position) in points {
                (placed_mark(colours.of_row(row), place([position[0], position[1]])))
            }
        }
        @if let Some(names) = &plane.axes { p.axes { "→ " (label(names, 0)) br; "↑ " (label(names, 1)) } }
    }
}

/// Returns how positions become places in the drawing: with a common scale, so that distances are true, or not.
fn places(ranges: [(f64, f64); 2], scales: Scales) -> impl Fn([f64; 2]) -> (f64, f64) {
    let space = [WIDTH - 2.0 * MARGIN, HEIGHT - 2.0 * MARGIN];
    let each = [0, 1].map(|axis| space[axis] / (ranges[axis].1 - ranges[axis].0));
    let factors = match scales {
        Scales::Equal => [each[0].min(each[1]); 2],
        Scales::Independent => each,
    };
    move |position| {
        let [x, y] = [0, 1].map(|axis| {
            let (low, high) = ranges[axis];
            (position[axis] - (low + high) / 2.0) * factors[axis]
        });
        (WIDTH / 2.0 + x, HEIGHT / 2.0 - y)
    }
}

/// Returns the range of finite values, which is not empty.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low < high {
        (low, high)
    } else if low.is_finite() {
        (low - 0.5, low + 0.5)
    } else {
        (0.0, 1.0)
    }
}

fn placed_mark(colour: Option<usize>, place: (f64, f64)) -> Markup {
    match colour {
        Some(colour) => mark(colour, place),
        None => circle("k", None, place),
    }
}

/// Draws the mark of a colour: a circle, or a square for the second ten.
pub(super) fn mark(colour: usize, place: (f64, f64)) -> Markup {
    let class = format!("k k{}", colour % (COLOURS / 2));
    if colour < COLOURS / 2 {
        return circle(&class, Some(colour), place);
    }
    let corner = |center: f64| format!("{:.1}", center - RADIUS);
    html! {
        rect class=(class) data-colour=(colour) x=(corner(place.0)) y=(corner(place.1)) width=(2.0 * RADIUS)
            height=(2.0 * RADIUS) {}
    }
}

fn circle(class: &str, colour: Option<usize>, (x, y): (f64, f64)) -> Markup {
    html! { circle class=(class) data-colour=[colour] cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r=(RADIUS) {} }
}
