//! Vectors of fitted rows that a score stores, and distances to them.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::seq::index::sample;
use rayon::prelude::*;

use super::whitening::floats;
use crate::{
    onnx::Call,
    random::{Stream, stream},
};

/// Largest number of dimensions for which distances are computed from differences. The faster form with a matrix
/// product loses digits where vectors are close together, and in few dimensions they are.
const FEW_DIMENSIONS: usize = 16;

/// Stored vectors, each dimension divided by its standard deviation over the fitted rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    mean: Array1<f64>,
    inverse_deviation: Array1<f64>,
    /// `[stored, dimensions]`.
    vectors: Array2<f64>,
    squares: Array1<f64>,
}

impl Stored {
    /// Returns the indices of the rows to store: all of them, or a random sample of `most`, in ascending order.
    pub(super) fn choose(rows: usize, most: usize, seed: u64) -> Vec<usize> {
        if rows <= most {
            return (0..rows).collect();
        }
        let mut chosen = sample(&mut stream(seed, Stream::DetectorRows, 0), rows, most).into_vec();
        chosen.sort_unstable();
        chosen
    }

    /// Stores vectors, `[stored, dimensions]`. A dimension without variance counts in its own unit. All values are
    /// those of 32-bit floats, as in the graph.
    pub(super) fn of(vectors: &Array2<f64>) -> Self {
        let mean = vectors.mean_axis(Axis(0)).unwrap_or_default();
        let deviation = vectors.std_axis(Axis(0), 0.0);
        let inverse_deviation = deviation
            .iter()
            .zip(&mean)
            .map(|(&deviation, mean)| if deviation > 1e-6 * mean.abs().max(1e-30) { deviation.recip() } else { 1.0 })
            .collect::<Array1<f64>>();
        let rounded = |value: f64| f64::from(value as f32);
        let (mean, inverse_deviation) = (mean.mapv(rounded), inverse_deviation.mapv(rounded));
        let vectors = standardised(&vectors.view(), &mean, &inverse_deviation);
        let squares = squares(&vectors.view());
        Stored { mean, inverse_deviation, vectors, squares }
    }

    /// Returns the number of stored vectors.
    pub(super) fn count(&self) -> usize {
        self.vectors.nrows()
    }

    /// Computes the squared distance of each vector to each stored one, `[rows, stored]`.
    pub(super) fn squared_distances(&self, vectors: &ArrayView2<'_, f64>) -> Array2<f64> {
        let vectors = standardised(vectors, &self.mean, &self.inverse_deviation);
        let mut distances = vectors.dot(&self.vectors.t());
        let squares = squares(&vectors.view());
        for (mut row, square) in distances.outer_iter_mut().zip(&squares) {
            row.zip_mut_with(&self.squares, |value, stored| *value = (square + stored - 2.0 * *value).max(0.0));
        }
        distances
    }

    /// Returns the mean distance of each stored vector to the `count` nearest other ones, or to all others if they are
    /// fewer.
    pub(super) fn spreads(&self, count: usize) -> Vec<f64> {
        let count = count.min(self.count().saturating_sub(1));
        let of_row = |row: usize| {
            let products = self.vectors.dot(&self.vectors.row(row));
            let pairs = products.iter().zip(&self.squares).enumerate().filter(|(other, _)| *other != row);
            let squares = pairs.map(|(_, (product, square))| (self.squares[row] + square - 2.0 * product).max(0.0));
            let mut squares: Vec<f64> = squares.collect();
            if count == 0 {
                return 0.0;
            }
            squares.select_nth_unstable_by(count - 1, f64::total_cmp);
            squares.truncate(count);
            squares.sort_unstable_by(f64::total_cmp);
            squares.iter().map(|square| square.sqrt()).sum::<f64>() / count as f64
        };
        (0..self.count()).into_par_iter().map(of_row).collect()
    }

    /// Adds the squared distances of a value `[batch, dimensions]` to a graph.
    pub(super) fn add_to(&self, call: &mut Call<'_>, value: &str) -> StoredNodes {
        let (stored, dimensions) = self.vectors.dim();
        let mean = call.floats("mean", &[dimensions], &floats(&self.mean));
        let scale = call.floats("scale", &[dimensions], &floats(&self.inverse_deviation));
        let centred = call.node("Sub", &[value.to_owned(), mean]);
        let vector = call.node("Mul", &[centred, scale]);
        if dimensions <= FEW_DIMENSIONS {
            let rows = call.floats("stored", &[stored, dimensions], &floats(&self.vectors));
            let expanded = call.reshape(&vector, &[-1, 1, dimensions as i64]);
            let differences = call.node("Sub", &[expanded, rows.clone()]);
            let squares = call.node("Mul", &[differences.clone(), differences]);
            let sums = call.sum(&squares, 2);
            let squared_distances = call.reshape(&sums, &[-1, stored as i64]);
            return StoredNodes { squared_distances, vector, stored: Layout::Rows(rows) };
        }
        let zero = call.floats("zero", &[], &[0.0]);
        // Twice the vectors, so that no further product is needed.
        let twice: Vec<f64> = self.vectors.t().iter().map(|value| 2.0 * value).collect();
        let twice = call.floats("stored", &[dimensions, stored], &floats(&twice));
        let squares = call.floats("squares", &[stored], &floats(&self.squares));
        let own_squares = call.node("Mul", &[vector.clone(), vector.clone()]);
        let own_square = call.sum(&own_squares, 1);
        let products = call.node("MatMul", &[vector.clone(), twice.clone()]);
        let sums = call.node("Add", &[own_square, squares]);
        let distances = call.node("Sub", &[sums, products]);
        let squared_distances = call.node("Clip", &[distances, zero]);
        StoredNodes { squared_distances, vector, stored: Layout::TwiceColumns(twice) }
    }
}

/// Names of the values that [`Stored::add_to`] adds to a graph.
#[derive(Debug, Clone)]
pub(super) struct StoredNodes {
    /// Squared distances, `[batch, stored]`.
    pub(super) squared_distances: String,
    /// The value in the unit of the stored vectors, `[batch, dimensions]`.
    pub(super) vector: String,
    stored: Layout,
}

/// The constant with the stored vectors.
#[derive(Debug, Clone)]
enum Layout {
    /// The vectors, `[stored, dimensions]`.
    Rows(String),
    /// Twice the vectors, `[dimensions, stored]`.
    TwiceColumns(String),
}

impl StoredNodes {
    /// Adds the mean of the stored vectors with the given weights `[batch, stored]`, and returns its name,
    /// `[batch, dimensions]`.
    pub(super) fn add_mean(&self, call: &mut Call<'_>, weights: &str) -> String {
        match &self.stored {
            Layout::Rows(rows) => call.node("MatMul", &[weights.to_owned(), rows.clone()]),
            Layout::TwiceColumns(twice) => {
                let transposed = call.node_with_integers("Transpose", std::slice::from_ref(twice), "perm", &[1, 0]);
                let mean = call.node("MatMul", &[weights.to_owned(), transposed]);
                let half = call.floats("half", &[], &[0.5]);
                call.node("Mul", &[mean, half])
            }
        }
    }
}

/// Returns `(v - mean) * inverse deviation`, rounded as the graph rounds it.
fn standardised(vectors: &ArrayView2<'_, f64>, mean: &Array1<f64>, inverse_deviation: &Array1<f64>) -> Array2<f64> {
    let mut standardised = vectors.to_owned();
    for mut row in standardised.outer_iter_mut() {
        for ((value, mean), factor) in row.iter_mut().zip(mean).zip(inverse_deviation) {
            *value = f64::from((*value as f32 - *mean as f32) * *factor as f32);
        }
    }
    standardised
}

/// Returns the sum of the squares of each row.
fn squares(rows: &ArrayView2<'_, f64>) -> Array1<f64> {
    rows.map_axis(Axis(1), |row| row.dot(&row))
}
