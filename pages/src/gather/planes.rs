//! Planes in which codes are drawn.

use narrows_evaluate::{Components, neighbour_embedding};
use ndarray::{Array2, ArrayView2, Axis};

use crate::{
    error::PageError,
    gathered::{Plane, Row, Scales},
};

/// With fewer points, an embedding of neighbours says nothing.
const MIN_EMBEDDED: usize = 8;

/// Returns the planes for the codes of some rows: the codes themselves if they have at most two dimensions, otherwise
/// their first two principal components and an embedding of neighbours. There is none if the codes do not vary.
///
/// # Errors
/// [`PageError::Interrupted`] as soon as `should_stop` returns true.
pub(crate) fn planes(points: &[Row], seed: u64, should_stop: &dyn Fn() -> bool) -> Result<Vec<Plane>, PageError> {
    let latent = points.first().map_or(0, |row| row.code.len());
    let codes = Array2::from_shape_fn((points.len(), latent), |(row, column)| f64::from(points[row].code[column]));
    if codes.iter().any(|value| !value.is_finite()) {
        return Ok(Vec::new());
    }
    Ok(match latent {
        0 => Vec::new(),
        1 => vec![one_dimension(&codes, points)],
        2 => vec![Plane {
            id: "codes",
            title: "The codes".to_owned(),
            explanation: "The code has two dimensions, and each point lies at its code.".to_owned(),
            axes: Some(["z0".to_owned(), "z1".to_owned()]),
            scales: Scales::Equal,
            positions: codes,
        }],
        _ => match principal(codes.view()) {
            Some(plane) if points.len() >= MIN_EMBEDDED => vec![plane, embedded(&codes, seed, should_stop)?],
            plane => plane.into_iter().collect(),
        },
    })
}

fn embedded(codes: &Array2<f64>, seed: u64, should_stop: &dyn Fn() -> bool) -> Result<Plane, PageError> {
    let codes = codes.mapv(|value| value as f32);
    let positions = neighbour_embedding(codes.view(), seed, should_stop).ok_or(PageError::Interrupted)?;
    Ok(Plane {
        id: "neighbours",
        title: "Neighbours of the codes".to_owned(),
        explanation: "Codes that are near each other in all dimensions are near each other here (t-SNE, van der Maaten \
                      and Hinton 2008). Only neighbourhoods have a meaning: neither the axes, nor the size of a group, nor \
                      the distance between groups."
            .to_owned(),
        axes: None,
        scales: Scales::Equal,
        positions: positions.mapv(f64::from),
    })
}

fn one_dimension(codes: &Array2<f64>, points: &[Row]) -> Plane {
    let positions = Array2::from_shape_fn((points.len(), 2), |(row, column)| match column {
        0 => codes[[row, 0]],
        _ => points[row].error,
    });
    Plane {
        id: "codes",
        title: "The codes".to_owned(),
        explanation:
            "The code has one dimension, drawn from left to right; the height of a point is the error of its row."
                .to_owned(),
        axes: Some(["z0".to_owned(), "error".to_owned()]),
        scales: Scales::Independent,
        positions,
    }
}

/// Returns the first two principal components of codes, `[rows, latent]`; `None` if they do not vary in two directions.
fn principal(codes: ArrayView2<'_, f64>) -> Option<Plane> {
    let components = Components::fit(codes, 2);
    if components.len() < 2 {
        return None;
    }
    let positions = components.of(codes);
    let variance = |rows: ArrayView2<'_, f64>| rows.var_axis(Axis(0), 0.0).sum();
    let share = variance(positions.view()) / variance(codes);
    Some(Plane {
        id: "principal-components",
        title: "Principal components of the codes".to_owned(),
        explanation: format!(
            "Each point lies at the first two principal components of its code, which hold {:.0} % of the variance of the \
             codes. Distances are true where little variance is lost.",
            100.0 * share
        ),
        axes: Some(["first component".to_owned(), "second component".to_owned()]),
        scales: Scales::Equal,
        positions,
    })
}
