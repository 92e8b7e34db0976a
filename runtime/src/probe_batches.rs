//! The batches of a parity check: which rows of a probe are run together, and the check of the probe's tensors.

use narrows_bundle::Port;
use ndarray::ArrayD;

use crate::{Error, cut::RowCost, loaded_graph::LoadedGraph, rows::full_shape};

/// Batch sizes of the parity check: one row, two sizes that are not a multiple of a SIMD vector, all rows of the probe
/// at once, and more rows than the probe has.
pub const BATCH_SIZES: [usize; 5] = [1, 2, 7, 64, 1000];

/// Largest size in bytes of the inputs and outputs of a batch that is larger than the probe.
const LARGEST_BATCH: usize = 64 << 20;

/// Largest number of multiply-adds of a batch that is larger than the probe: seconds of a core.
const MOST_MULTIPLY_ADDS: u64 = 1 << 36;

/// Returns the batch sizes with which the graphs are run on a probe of `rows` rows.
pub(crate) fn batch_sizes(graphs: &[&LoadedGraph], rows: usize) -> Vec<usize> {
    let fits = |size: usize, graph: &LoadedGraph| {
        let RowCost { multiply_adds, width, .. } = graph.row_cost();
        let bytes = size.saturating_mul(width).saturating_mul(size_of::<f32>());
        bytes <= LARGEST_BATCH && multiply_adds.saturating_mul(size as u64) <= MOST_MULTIPLY_ADDS
    };
    let is_run = |&size: &usize| size <= rows.max(1) || graphs.iter().all(|graph| fits(size, graph));
    BATCH_SIZES.into_iter().filter(is_run).collect()
}

/// Returns the row indices of each batch: all rows of a probe in order, in batches of `size` rows; where a batch is
/// larger than the probe, the rows are repeated cyclically.
pub(crate) fn batches(rows: usize, size: usize) -> impl Iterator<Item = Vec<usize>> {
    let total = rows.max(size);
    let starts = (0..total).step_by(size.max(1));
    starts.map(move |start| (start..total.min(start + size)).map(|index| index % rows.max(1)).collect())
}

/// Returns the labels of the rows with these indices.
pub(crate) fn labels_of(labels: &[i64], rows: &[usize]) -> Vec<i64> {
    rows.iter().filter_map(|&row| labels.get(row).copied()).collect()
}

/// Returns the tensor if it has `rows` rows of the port's shape.
pub(crate) fn check_shape<'a>(
    name: &str,
    tensor: Option<&'a ArrayD<f32>>,
    rows: usize,
    port: &Port,
) -> Result<&'a ArrayD<f32>, Error> {
    let expected = full_shape(rows, port);
    tensor.filter(|tensor| tensor.shape() == expected).ok_or_else(|| Error::Probe {
        tensor: name.to_owned(),
        expected,
        found: tensor.map(|tensor| tensor.shape().to_vec()),
    })
}
