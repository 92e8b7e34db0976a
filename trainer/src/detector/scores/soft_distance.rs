//! A smooth distance to the stored rows.

use ndarray::{Array1, Array2, ArrayView2};

use crate::{
    detector::{
        chunk::{Chunk, for_each_chunk, select},
        error::DetectorError,
        joined::Joined,
        parts::Parts,
        rows::Rows,
        stored::{Stored, StoredNodes},
        values::Values,
        whitening::{MAX_DIMENSIONS, floats},
    },
    onnx::Call,
};

/// Number of other stored rows whose mean distance is the spread around a stored row.
const SPREAD_NEIGHBOURS: usize = 10;
/// Bandwidth of a kernel, as a multiple of the typical spread.
const BANDWIDTH: f64 = 0.4;
/// Exponent of the spread around a stored row in its bandwidth: 0 gives all rows the same bandwidth, 1 their own
/// spread.
const ADAPTATION: f64 = 0.25;
/// Smallest spread, as a fraction of the typical one: equal rows have no spread.
const SMALLEST_SPREAD: f64 = 0.05;

/// Exponents below this, relative to the largest one, change no digit of a sum of `f64`.
const NEGLIGIBLE: f64 = -45.0;

/// Smallest number of stored rows.
pub(super) const FEWEST_ROWS: usize = 3;

/// `-ln 1/N sum_i exp(-|v - v_i|^2 / (2 h_i^2))` over `N` stored rows, at least 0: a smooth form of the squared
/// distance to the nearest ones. It is the logarithm of a kernel density with a bandwidth for each row (Breiman, Meisel
/// & Purcell 1977), without the normalising constants of the kernels.
///
/// `v` is the sample in scaled units, or its code where samples have many values; each dimension is divided by its
/// standard deviation.
#[derive(Debug)]
pub(super) struct SoftDistance {
    space: Space,
    stored: Stored,
    /// `1 / (2 h^2)` of each stored row.
    precisions: Array1<f64>,
}

/// Which vector the distance is computed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    Sample,
    Code,
}

impl Space {
    fn vectors<'a>(self, chunk: &'a Chunk<'_>) -> ArrayView2<'a, f64> {
        match self {
            Space::Sample => chunk.targets.view(),
            Space::Code => chunk.codes.view(),
        }
    }
}

impl SoftDistance {
    /// Stores the rows, or a random sample of them.
    pub(super) fn fit(parts: Parts<'_>, rows: &Rows) -> Result<Self, DetectorError> {
        let Parts { options, unit, should_stop, .. } = parts;
        let chosen = select(rows, &Stored::choose(rows.count(), options.stored, options.seed));
        check_rows(chosen.count())?;
        let space = if rows.samples.ncols() <= MAX_DIMENSIONS { Space::Sample } else { Space::Code };
        let vectors = for_each_chunk(&chosen, unit, should_stop, |chunk| Ok(space.vectors(chunk).to_owned()))?;
        let views: Vec<ArrayView2<'_, f64>> = vectors.iter().map(|vectors| vectors.view()).collect();
        let vectors = ndarray::concatenate(ndarray::Axis(0), &views)
            .map_err(|error| DetectorError::Graph(format!("stored rows differ in length: {error}")))?;
        let stored = Stored::of(&vectors);
        let spreads = stored.spreads(SPREAD_NEIGHBOURS);
        Ok(SoftDistance { space, precisions: precisions(&spreads), stored })
    }

    /// Computes the distance of every row.
    pub(super) fn of(&self, rows: &Chunk<'_>) -> Vec<f64> {
        self.soft_minimum(&self.stored.squared_distances(&self.space.vectors(rows)))
    }

    fn soft_minimum(&self, squares: &Array2<f64>) -> Vec<f64> {
        let count = (self.stored.count() as f64).ln();
        let of_row = |row: ndarray::ArrayView1<'_, f64>| {
            let exponents = row.iter().zip(&self.precisions).map(|(square, precision)| -square * precision);
            let largest = exponents.clone().fold(f64::NEG_INFINITY, f64::max);
            // Most stored rows are so far away that they add nothing, and an exponential is slow.
            let kernels = exponents
                .map(|exponent| exponent - largest)
                .filter(|exponent| exponent.is_nan() || *exponent >= NEGLIGIBLE);
            count - largest - kernels.map(f64::exp).sum::<f64>().ln()
        };
        squares.outer_iter().map(of_row).collect()
    }

    /// Adds the distance to a graph and returns its name, `[batch, 1]`, and that of the difference of the sample from
    /// the stored rows around it, `[batch, features]`, where samples are compared.
    pub(super) fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> (String, Option<String>) {
        let value = match self.space {
            Space::Sample => &values.target,
            Space::Code => &values.code,
        };
        let mut call = graph.call(prefix);
        let nodes = self.stored.add_to(&mut call, value);
        let negative: Vec<f64> = self.precisions.iter().map(|precision| -precision).collect();
        let negative = call.floats("precisions", &[negative.len()], &floats(&negative));
        let exponents = call.node("Mul", &[nodes.squared_distances.clone(), negative]);
        let sum = call.log_sum_exp(&exponents);
        let count = call.floats("log_rows", &[], &[(self.stored.count() as f32).ln()]);
        let distance = call.node("Sub", &[count, sum]);
        let difference = match self.space {
            Space::Code => None,
            Space::Sample => Some(difference(&mut call, &exponents, &nodes)),
        };
        (distance, difference)
    }
}

/// Checks that there are enough rows for a spread around each of them.
pub(super) fn check_rows(rows: usize) -> Result<(), DetectorError> {
    if rows >= FEWEST_ROWS {
        return Ok(());
    }
    Err(DetectorError::TooFewRows {
        purpose: "the distance to stored rows".to_owned(),
        what: "rows",
        needed: FEWEST_ROWS,
        found: rows,
        advice: "add rows, or pass --score reconstruction".to_owned(),
    })
}

/// Adds the difference of a vector from the mean of the stored vectors, weighted by their kernels.
fn difference(call: &mut Call<'_>, exponents: &str, nodes: &StoredNodes) -> String {
    let weights = call.node_with_integer("Softmax", &[exponents.to_owned()], "axis", -1);
    let mean = nodes.add_mean(call, &weights);
    call.node("Sub", &[nodes.vector.clone(), mean])
}

/// Returns `1 / (2 h^2)` for the spread around each stored row.
fn precisions(spreads: &[f64]) -> Array1<f64> {
    let mut sorted = spreads.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    // If most rows are equal, the median is 0.
    let typical =
        if median > 0.0 { median } else { sorted.iter().copied().find(|&spread| spread > 0.0).unwrap_or(1.0) };
    spreads
        .iter()
        .map(|spread| {
            let spread = spread.max(SMALLEST_SPREAD * typical);
            let bandwidth = BANDWIDTH * spread.powf(ADAPTATION) * typical.powf(1.0 - ADAPTATION);
            // Finite as a 32-bit float.
            f64::from((0.5 / (bandwidth * bandwidth)).min(1e30) as f32)
        })
        .collect()
}
