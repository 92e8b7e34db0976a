//! Draws curves as an SVG: losses over epochs, accuracies over the number of labels, errors over the number of latent
//! dimensions, and distortion over rate.

mod draw;
mod thin;

use draw::draw;
use thin::thin;

use crate::chart::{ChartError, axis::Axis};

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The name in the legend.
    pub name: String,
    /// Epoch and loss, number of labels and accuracy, number of latent dimensions and error, or rate and distortion, in
    /// ascending order.
    pub points: Vec<(f64, f64)>,
}

/// Draws loss curves over epochs as an SVG. The same input produces the same bytes. `unit` is part of the label of the
/// loss axis, as in "loss, nats per sample".
///
/// The loss axis is logarithmic if the losses are positive and differ by more than a factor of 5. Points that are not
/// finite as `f32` are left out. Long curves are thinned to about a thousand points. There is a legend if there is more
/// than one curve.
///
/// # Errors
/// [`ChartError::Empty`] if there is no finite point.
pub fn loss_curves(title: &str, unit: &str, curves: &[Curve]) -> Result<String, ChartError> {
    let name = if unit.is_empty() { "loss".to_owned() } else { format!("loss, {unit}") };
    chart(title, ("epoch", &name), curves, Axis::epochs)
}

/// Draws accuracies, fractions in `[0, 1]`, over the number of training labels, at least 1, as an SVG. The axis of the
/// number of labels is logarithmic.
///
/// # Errors
/// [`ChartError::Empty`] if there is no finite point.
pub fn label_curves(title: &str, curves: &[Curve]) -> Result<String, ChartError> {
    let as_percent = |curve: &Curve| {
        let points = curve.points.iter().map(|&(labels, accuracy)| (labels.max(1.0), 100.0 * accuracy));
        Curve { name: curve.name.clone(), points: points.collect() }
    };
    let curves: Vec<Curve> = curves.iter().map(as_percent).collect();
    chart(title, ("number of training labels", "accuracy on the test part, %"), &curves, Axis::counts)
}

/// Draws mean squared errors over the number of latent dimensions, at least 1, as an SVG. The axis of the latent
/// dimensions is logarithmic.
///
/// # Errors
/// [`ChartError::Empty`] if there is no finite point.
pub fn latent_curves(title: &str, curves: &[Curve]) -> Result<String, ChartError> {
    let name = "mean squared error per feature, scaled units";
    chart(title, ("latent dimensions", name), curves, Axis::counts)
}

/// Draws the distortion over the rate, both in nats per sample, as an SVG: a curve for each model, a point for each
/// weight of the KL term (Alemi et al. 2018, figure 1).
///
/// # Errors
/// [`ChartError::Empty`] if there is no finite point.
pub fn rate_distortion_curves(title: &str, curves: &[Curve]) -> Result<String, ChartError> {
    chart(title, ("rate: KL divergence, nats", "distortion: reconstruction, nats"), curves, Axis::amounts)
}

fn chart(
    title: &str,
    names: (&str, &str),
    curves: &[Curve],
    horizontal_axis: impl Fn(f64, f64) -> Axis,
) -> Result<String, ChartError> {
    let finite_curves: Vec<(&str, Vec<(f64, f64)>)> =
        curves.iter().map(|curve| (curve.name.as_str(), finite_points(&curve.points))).collect();
    let points = || finite_curves.iter().flat_map(|(_, points)| points);
    let (first, last) = extremes(points().map(|point| point.0)).ok_or(ChartError::Empty("points"))?;
    let (lowest, highest) = extremes(points().map(|point| point.1)).ok_or(ChartError::Empty("points"))?;
    let axes = (horizontal_axis(first, last), Axis::losses(lowest, highest));
    draw(title, names, &finite_curves, axes)
}

/// Returns the points that are finite as `f32`, thinned. Losses are computed as `f32`, so larger values are not real.
fn finite_points(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let rounded = points.iter().map(|&(epoch, loss)| (f64::from(epoch as f32), f64::from(loss as f32)));
    thin(&rounded.filter(|(epoch, loss)| epoch.is_finite() && loss.is_finite()).collect::<Vec<_>>())
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
        loss_curves("vae on digits", "nats per sample", curves).expect("finite points")
    }

    /// Returns the vertices of every curve, in units of the SVG.
    fn vertices(svg: &str) -> Vec<Vec<(f64, f64)>> {
        let number = |text: &str| text.parse::<f64>().expect("a coordinate");
        let vertex = |text: &str| text.split_once(',').map(|(x, y)| (number(x), number(y))).expect("a pair");
        let line = |text: &str| text.split('"').next().expect("a list").split_whitespace().map(vertex).collect();
        // Axes, ticks and lines of the legend have two vertices.
        svg.split("points=\"").skip(1).map(line).filter(|line: &Vec<_>| line.len() > 2).collect()
    }

    #[test]
    fn every_finite_point_is_a_vertex_and_others_are_left_out() {
        let losses = [(1.0, 200.0), (2.0, f64::NAN), (3.0, 120.0), (4.0, f64::INFINITY), (5.0, 1e300), (6.0, 100.0)];
        let drawn = vertices(&svg(&[curve("train", losses)]));
        assert_eq!(drawn.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
        assert!(drawn[0].is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "the curve must fall: {drawn:?}");
    }

    #[test]
    fn the_axis_of_labels_is_logarithmic() {
        let drawn = vertices(
            &label_curves("digits", &[curve("raw", [(10.0, 0.4), (100.0, 0.7), (1000.0, 0.9)])]).expect("finite"),
        );
        let x: Vec<f64> = drawn[0].iter().map(|vertex| vertex.0).collect();
        assert!(((x[1] - x[0]) - (x[2] - x[1])).abs() <= 1.0, "{x:?}");
    }

    #[test]
    fn the_axis_of_latent_dimensions_is_logarithmic_and_that_of_rates_is_linear() {
        let points = [(2.0, 9.0), (8.0, 5.0), (32.0, 4.0)];
        let steps = |svg: Result<String, ChartError>| {
            let x: Vec<f64> = vertices(&svg.expect("finite"))[0].iter().map(|vertex| vertex.0).collect();
            (x[1] - x[0], x[2] - x[1])
        };
        let (first, second) = steps(latent_curves("digits", &[curve("pca", points)]));
        assert!((first - second).abs() <= 1.0, "{first} {second}");
        let (first, second) = steps(rate_distortion_curves("digits", &[curve("vae", points)]));
        assert!((4.0 * first - second).abs() <= 4.0, "{first} {second}");
    }

    #[test]
    fn curves_stay_within_the_image_for_extreme_losses() {
        let (min, max) = (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
        let cases = [
            [0.0; 3],
            [7.0; 3],
            [1000.0, 100.0, 90.0],
            [-1.0, 0.0, 1.0],
            [-max, 0.0, max],
            [max; 3],
            [min, 1.0, max],
            [1e-45, 1e-44, 0.0],
            [0.1, 0.1 + 1e-16, 0.1],
        ];
        for losses in cases {
            let drawn = vertices(&svg(&[curve("train", (1..).map(f64::from).zip(losses))]));
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
        assert!((900..1100).contains(&vertices(&long)[0].len()), "{}", vertices(&long)[0].len());
    }

    #[test]
    fn more_than_one_curve_has_a_legend() {
        let (train, valid) = (curve("train", [(1.0, 3.0), (2.0, 2.0)]), curve("validation", [(1.0, 4.0)]));
        assert!(!svg(std::slice::from_ref(&train)).contains("train"));
        let both = svg(&[train, valid]);
        assert!(both.contains("train") && both.contains("validation"), "{both}");
    }

    #[test]
    fn special_characters_are_escaped_or_removed() {
        let points = [(1.0, 3.0), (2.0, 2.0)];
        let curves = [curve("<&>\u{0}\u{1b}", points), curve("\u{ffff}", points)];
        let svg = loss_curves("a <&> \"b\"\n", "<&>", &curves).expect("finite points");
        assert!(svg.contains("a &lt;&amp;&gt; &quot;b&quot;") && svg.contains("loss, &lt;&amp;&gt;"), "{svg}");
        assert!(!svg.contains("<&>"), "{svg}");
        assert!(svg.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{ffff}'), "{svg}");
    }

    #[test]
    fn the_same_curves_produce_the_same_bytes() {
        let curves = [curve("train", (1..60).map(|epoch| (f64::from(epoch), 1.0 / f64::from(epoch))))];
        assert_eq!(svg(&curves), svg(&curves));
    }

    #[test]
    fn curves_without_finite_points_are_refused() {
        for curves in [vec![], vec![curve("train", [])], vec![curve("train", [(1.0, f64::NAN)])]] {
            let error = loss_curves("title", "", &curves).expect_err("nothing to draw");
            assert_eq!(error.to_string(), "there are no finite points to draw");
        }
    }
}
