//! Losses over epochs, and accuracies over labels, as an SVG.

mod axis;
mod draw;
mod thin;

use std::error::Error;

use axis::Axis;
use draw::draw;
use thin::thinned;

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// Epoch and loss, or labels and accuracy, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// Why there is no chart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// No curve has a point that can be drawn.
    #[error("there are no finite losses to draw")]
    Empty,
    /// The drawing failed.
    #[error("cannot draw the curves")]
    Draw(#[source] Box<dyn Error + Send + Sync>),
}

/// Draws `curves` over epochs as an SVG, the same bytes for the same input. `unit` stands at the axis
/// of losses, as in "loss, nats a sample".
///
/// Positive losses that are far apart get a logarithmic axis. Points that are not finite in 32 bits are
/// left out, curves of very many points are thinned to about a thousand, and a legend stands beside the
/// chart if there is more than one curve.
///
/// # Errors
/// [`CurveError::Empty`] if no finite point is left.
pub fn loss_curves(title: &str, unit: &str, curves: &[Curve]) -> Result<String, CurveError> {
    let name = if unit.is_empty() { "loss".to_owned() } else { format!("loss, {unit}") };
    chart(title, ("epoch", &name), curves, Axis::epochs)
}

/// Draws accuracies, shares in [0, 1], over the number of labels that were learned from, at least 1, as an SVG in
/// which a factor of labels is a step.
///
/// # Errors
/// [`CurveError::Empty`] if no finite point is left.
pub fn label_curves(title: &str, curves: &[Curve]) -> Result<String, CurveError> {
    let in_percent = |curve: &Curve| {
        let points = curve.points.iter().map(|&(labels, accuracy)| (labels.max(1.0), 100.0 * accuracy));
        Curve { name: curve.name.clone(), points: points.collect() }
    };
    let curves: Vec<Curve> = curves.iter().map(in_percent).collect();
    chart(title, ("labels learned from", "accuracy on the test part, %"), &curves, Axis::counts)
}

fn chart(
    title: &str,
    names: (&str, &str),
    curves: &[Curve],
    across: impl Fn(f64, f64) -> Axis,
) -> Result<String, CurveError> {
    let drawn: Vec<(&str, Vec<(f64, f64)>)> =
        curves.iter().map(|curve| (curve.name.as_str(), finite(&curve.points))).collect();
    let points = || drawn.iter().flat_map(|(_, points)| points);
    let (first, last) = extremes(points().map(|point| point.0)).ok_or(CurveError::Empty)?;
    let (lowest, highest) = extremes(points().map(|point| point.1)).ok_or(CurveError::Empty)?;
    let axes = (across(first, last), Axis::losses(lowest, highest));
    draw(title, names, &drawn, axes).map_err(|error| CurveError::Draw(error.into()))
}

/// Losses are computed in 32 bits: what is no number there is none here.
fn finite(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let rounded = points.iter().map(|&(epoch, loss)| (f64::from(epoch as f32), f64::from(loss as f32)));
    thinned(&rounded.filter(|(epoch, loss)| epoch.is_finite() && loss.is_finite()).collect::<Vec<_>>())
}

fn extremes(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    Some((values.clone().min_by(f64::total_cmp)?, values.max_by(f64::total_cmp)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Curve {
        Curve { name: name.to_owned(), points: points.into_iter().collect() }
    }

    fn svg(curves: &[Curve]) -> String {
        loss_curves("vae on digits", "nats a sample", curves).expect("finite points")
    }

    /// The corners of every curve, in units of the drawing.
    fn corners(svg: &str) -> Vec<Vec<(f64, f64)>> {
        let number = |text: &str| text.parse::<f64>().expect("a coordinate");
        let corner = |text: &str| text.split_once(',').map(|(x, y)| (number(x), number(y))).expect("a pair");
        let line = |text: &str| text.split('"').next().expect("a list").split_whitespace().map(corner).collect();
        // Axes, ticks and samples of the legend have two corners.
        svg.split("points=\"").skip(1).map(line).filter(|line: &Vec<_>| line.len() > 2).collect()
    }

    #[test]
    fn every_finite_point_is_a_corner_of_its_line_and_the_others_are_left_out() {
        let losses = [(1.0, 200.0), (2.0, f64::NAN), (3.0, 120.0), (4.0, f64::INFINITY), (5.0, 1e300), (6.0, 100.0)];
        let drawn = corners(&svg(&[curve("train", losses)]));
        assert_eq!(drawn.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
        assert!(drawn[0].is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "losses fall to the right: {drawn:?}");
    }

    #[test]
    fn a_factor_of_labels_is_a_step() {
        let drawn = corners(
            &label_curves("digits", &[curve("raw", [(10.0, 0.4), (100.0, 0.7), (1000.0, 0.9)])]).expect("finite"),
        );
        let across: Vec<f64> = drawn[0].iter().map(|corner| corner.0).collect();
        assert!(((across[1] - across[0]) - (across[2] - across[1])).abs() <= 1.0, "{across:?}");
    }

    #[test]
    fn curves_stay_within_the_drawing_whatever_the_losses_are() {
        let (least, most) = (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
        let cases = [
            [0.0; 3],
            [7.0; 3],
            [1000.0, 100.0, 90.0],
            [-1.0, 0.0, 1.0],
            [-most, 0.0, most],
            [most; 3],
            [least, 1.0, most],
            [1e-45, 1e-44, 0.0],
            [0.1, 0.1 + 1e-16, 0.1],
        ];
        for losses in cases {
            let drawn = corners(&svg(&[curve("train", (1..).map(f64::from).zip(losses))]));
            assert_eq!(drawn.len(), 1, "{losses:?}");
            for (x, y) in &drawn[0] {
                assert!((0.0..=1600.0).contains(x) && (0.0..=960.0).contains(y), "{losses:?}: {drawn:?}");
            }
        }
    }

    #[test]
    fn one_epoch_is_a_marker_and_long_runs_are_thinned() {
        assert_eq!(svg(&[curve("train", [(1.0, 120.0)])]).matches("<circle").count(), 1);
        let long = svg(&[curve("train", (1..=10_000).map(|epoch| (f64::from(epoch), 1.0 / f64::from(epoch))))]);
        assert_eq!(long.matches("<circle").count(), 0);
        assert!((900..1100).contains(&corners(&long)[0].len()), "{}", corners(&long)[0].len());
    }

    #[test]
    fn a_legend_stands_where_there_is_more_than_one_curve() {
        let (train, valid) = (curve("train", [(1.0, 3.0), (2.0, 2.0)]), curve("validation", [(1.0, 4.0)]));
        assert!(!svg(std::slice::from_ref(&train)).contains("train"));
        let both = svg(&[train, valid]);
        assert!(both.contains("train") && both.contains("validation"), "{both}");
    }

    #[test]
    fn texts_of_any_kind_leave_the_svg_well_formed() {
        let points = [(1.0, 3.0), (2.0, 2.0)];
        let curves = [curve("<&>\u{0}\u{1b}", points), curve("\u{ffff}", points)];
        let svg = loss_curves("a <&> \"b\"\n", "<&>", &curves).expect("finite points");
        assert!(svg.contains("a &lt;&amp;&gt; &quot;b&quot;") && svg.contains("loss, &lt;&amp;&gt;"), "{svg}");
        assert!(!svg.contains("<&>"), "{svg}");
        assert!(svg.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{ffff}'), "{svg}");
    }

    #[test]
    fn the_same_curves_give_the_same_bytes() {
        let curves = [curve("train", (1..60).map(|epoch| (f64::from(epoch), 1.0 / f64::from(epoch))))];
        assert_eq!(svg(&curves), svg(&curves));
    }

    #[test]
    fn nothing_finite_is_an_error() {
        for curves in [vec![], vec![curve("train", [])], vec![curve("train", [(1.0, f64::NAN)])]] {
            let error = loss_curves("title", "", &curves).expect_err("nothing to draw");
            assert_eq!(error.to_string(), "there are no finite losses to draw");
        }
    }
}
