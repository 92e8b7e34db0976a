//! The plane in the latent space that the page shows.

use narrows_evaluate::Components;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::Serialize;

/// Margin around the points, relative to their range.
const MARGIN: f32 = 0.08;

/// A plane through the latent space: `origin + x * across + y * up`, with orthonormal directions. For a model with one
/// latent dimension, `up` is zero.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plane {
    pub(crate) origin: Vec<f32>,
    pub(crate) across: Vec<f32>,
    pub(crate) up: Vec<f32>,
    /// Names of the two axes.
    pub(crate) names: [String; 2],
    /// Smallest and largest coordinate of each axis to show.
    pub(crate) extent: [[f32; 2]; 2],
    /// Coordinates of the codes of the rows, `[rows, 2]`.
    pub(crate) points: Vec<[f32; 2]>,
}

impl Plane {
    /// Returns the plane of two latent dimensions, or of the only one.
    pub(crate) fn of_dimensions([across, up]: [usize; 2], codes: ArrayView2<'_, f32>, spread: &[(f32, f32)]) -> Self {
        let latent = codes.ncols();
        let unit = |dimension: usize| -> Vec<f32> {
            (0..latent).map(|other| f32::from(u8::from(other == dimension))).collect()
        };
        let is_line = across == up;
        let vectors = (unit(across), if is_line { vec![0.0; latent] } else { unit(up) });
        let names = [format!("z{across}"), if is_line { String::new() } else { format!("z{up}") }];
        let mut plane = Plane::new(vec![0.0; latent], vectors, names, codes);
        // Also shows where no row is, but a prior expects codes.
        for (extent, dimension) in plane.extent.iter_mut().zip([across, up]) {
            let Some(&(mean, deviation)) = spread.get(dimension) else { continue };
            *extent = [extent[0].min(mean - 3.0 * deviation), extent[1].max(mean + 3.0 * deviation)];
        }
        plane
    }

    /// Returns the plane of the first two principal components of the codes; `None` if they do not vary in two
    /// directions.
    pub(crate) fn of_components(codes: ArrayView2<'_, f32>) -> Option<Self> {
        let wide = codes.mapv(f64::from);
        let components = Components::fit(wide.view(), 2);
        if components.len() < 2 {
            return None;
        }
        let mean = wide.mean_axis(Axis(0))?;
        let total: f64 = wide.var_axis(Axis(0), 0.0).sum();
        // The coordinates are linear, so those of unit vectors contain the directions.
        let directions = components.of((&Array2::eye(codes.ncols()) + &mean).view());
        let vector = |component: usize| directions.column(component).mapv(|value| value as f32).to_vec();
        let coordinates = components.of(wide.view());
        let part = |component: usize| 100.0 * coordinates.column(component).var(0.0) / total;
        let names = [0, 1].map(|component| {
            format!("principal component {} ({:.0} % of the variance)", component + 1, part(component))
        });
        Some(Plane::new(mean.mapv(|value| value as f32).to_vec(), (vector(0), vector(1)), names, codes))
    }

    fn new(
        origin: Vec<f32>,
        (across, up): (Vec<f32>, Vec<f32>),
        names: [String; 2],
        codes: ArrayView2<'_, f32>,
    ) -> Self {
        let from_origin = &codes - &Array1::from(origin.clone());
        let [xs, ys] = [&across, &up].map(|direction| from_origin.dot(&Array1::from(direction.clone())));
        let extent = [&xs, &ys].map(extent);
        let points = xs.iter().zip(&ys).map(|(&x, &y)| [x, y]).collect();
        Plane { origin, across, up, names, extent, points }
    }
}

/// Returns the range of coordinates with a margin, or around zero if there is no range.
fn extent(coordinates: &Array1<f32>) -> [f32; 2] {
    let low = coordinates.iter().copied().fold(f32::INFINITY, f32::min);
    let high = coordinates.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    match high - low {
        width if width.is_finite() && width > 0.0 => [low - MARGIN * width, high + MARGIN * width],
        _ if low.is_finite() => [low - 1.0, low + 1.0],
        _ => [-3.0, 3.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_a_plane_are_found_again_from_their_coordinates() {
        let codes = Array2::from_shape_fn((40, 6), |(row, column)| {
            let (row, column) = (row as f32, column as f32);
            2.0 + (row * 1.7).sin() * (column + 0.3).cos() + 0.3 * (row * 2.9).cos() * (column * 2.0).sin()
        });
        let plane = Plane::of_components(codes.view()).expect("codes that vary");
        for (code, [x, y]) in codes.outer_iter().zip(&plane.points) {
            for (dimension, &value) in code.iter().enumerate() {
                let found = plane.origin[dimension] + x * plane.across[dimension] + y * plane.up[dimension];
                assert!((found - value).abs() < 1e-4, "{found} {value}");
            }
        }
        assert!(Plane::of_components(Array2::ones((5, 3)).view()).is_none());
    }

    #[test]
    fn one_latent_dimension_gives_a_line() {
        let codes = Array2::from_shape_fn((5, 1), |(row, _)| row as f32);
        let plane = Plane::of_dimensions([0, 0], codes.view(), &[(2.0, 4.0)]);
        assert_eq!((plane.across, plane.up), (vec![1.0], vec![0.0]));
        assert_eq!(plane.extent[0], [-10.0, 14.0]);
        assert_eq!(plane.points[3], [3.0, 0.0]);
    }
}
