//! Splitting of a batch into runs. It depends only on the graph, the options, the number of cores and the number of
//! rows, so the same batch gives bit-identical results regardless of the load.

use narrows_bundle::Cost;
use narrows_crew::cores;

use crate::{Options, engine::Memory};

/// Bytes of inputs and outputs in one run that fit into the cache of a core together with the weights.
const CACHE_BYTES: usize = 1 << 20;

/// Multiply-adds for which another thread pays off: about 50 microseconds of a core.
const MIN_MULTIPLY_ADDS: u64 = 4 << 20;

/// Largest size in bytes of the values between the nodes of a graph in one run, unless a single row needs more.
const INTERMEDIATE_BYTES: u64 = 32 << 20;

/// Number of values between the nodes for one row from which memory matters more than the time to allocate it.
const MANY_VALUES: u64 = 1 << 16;

/// How often the engine holds the values between the nodes at most: as they are, and in a layout of its own.
const ENGINE_COPIES: u64 = 3;

/// What one row costs in a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowCost {
    /// Multiply-adds.
    pub(crate) multiply_adds: u64,
    /// Largest number of values that exist at the same time between the nodes.
    intermediate_values: u64,
    /// Number of values in the inputs and outputs.
    pub(crate) width: usize,
}

impl RowCost {
    /// Returns the cost of one row of a graph of `bytes` bytes with `width` values in its inputs and outputs. Without a
    /// known cost, the graph counts as dense: one multiply-add per weight of four bytes, and small intermediate values.
    pub(crate) fn of(cost: Option<Cost>, bytes: usize, width: usize) -> Self {
        let assumed = Cost { multiply_adds: (bytes / size_of::<f32>()) as u64, intermediate_values: 0 };
        let Cost { multiply_adds, intermediate_values, .. } = cost.unwrap_or(assumed);
        RowCost { multiply_adds, intermediate_values, width }
    }

    /// Returns the estimated memory of a row in a run, in bytes: its inputs, its outputs and the values between the
    /// nodes, of which the engine holds copies in a layout of its own.
    pub(crate) fn bytes(&self) -> u64 {
        let values = self.intermediate_values.saturating_mul(ENGINE_COPIES).saturating_add(self.width as u64);
        values.saturating_mul(size_of::<f32>() as u64)
    }

    /// Returns how the values between the nodes are allocated.
    pub(crate) fn memory(&self) -> Memory {
        if self.intermediate_values > MANY_VALUES { Memory::Compact } else { Memory::Planned }
    }
}

/// The parameters of the splitting for one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Maximum number of rows per run.
    chunk: usize,
    /// Minimum number of rows per run, where a batch is split only to use more threads.
    min_rows: usize,
    /// Maximum number of threads for one batch.
    threads: usize,
}

impl Cut {
    /// Computes the parameters for a graph. The chunk of the options takes precedence over both limits of memory.
    pub(crate) fn of(row: RowCost, sessions: usize, options: &Options) -> Self {
        let cached = (CACHE_BYTES / (size_of::<f32>() * row.width.max(1))).clamp(16, 4096);
        let bounded = INTERMEDIATE_BYTES / row.intermediate_values.saturating_mul(size_of::<f32>() as u64).max(1);
        let rows = cached.min(usize::try_from(bounded).unwrap_or(usize::MAX)).max(1);
        let chunk = options.chunk.filter(|&rows| rows > 0).unwrap_or(rows);
        let min_rows = MIN_MULTIPLY_ADDS.div_ceil(row.multiply_adds.max(1)) as usize;
        Cut { chunk, min_rows, threads: sessions.min(cores()) }
    }

    /// Returns the maximum number of threads for one batch.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Returns the maximum number of rows per run.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// Returns the number of rows in each run of a batch; the last run may have fewer.
    pub(crate) fn rows_per_run(&self, rows: usize) -> usize {
        let needed = rows.div_ceil(self.chunk);
        let useful = (rows / self.min_rows).clamp(1, self.threads);
        let runs = needed.max(useful);
        let runs = if runs > 1 && useful > 1 { runs.next_multiple_of(useful) } else { runs };
        rows.div_ceil(runs.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_batch_is_one_run_and_a_large_one_is_split_into_equal_runs() {
        let cut = Cut { chunk: 100, min_rows: 10, threads: 4 };
        let cases = [(0, 0), (1, 1), (19, 19), (20, 10), (39, 13), (40, 10), (100, 25), (401, 51), (4000, 100)];
        for (rows, expected) in cases {
            assert_eq!(cut.rows_per_run(rows), expected, "{rows} rows");
        }
    }

    #[test]
    fn the_chunk_option_is_never_exceeded_and_one_session_splits_only_large_batches() {
        let options = Options::default().chunk(7);
        let cut = Cut::of(RowCost::of(None, 1 << 20, 800), 1, &options);
        assert!((1..1000).all(|rows| (1..=7).contains(&cut.rows_per_run(rows))));
        let cut = Cut { chunk: 100, min_rows: 1, threads: 1 };
        assert_eq!([99, 100, 101].map(|rows| cut.rows_per_run(rows)), [99, 100, 51]);
    }

    #[test]
    fn a_run_has_as_few_rows_as_the_maps_of_a_graph_require() {
        let cut = |intermediate_values| {
            let cost = Cost { multiply_adds: 1, intermediate_values };
            Cut::of(RowCost::of(Some(cost), 0, 1000), 1, &Options::default()).chunk()
        };
        assert_eq!([0, 10_000, 1 << 20, 1 << 22, 1 << 30].map(cut), [262, 262, 8, 2, 1]);
    }

    #[test]
    fn a_convolution_uses_a_second_thread_where_a_dense_graph_of_its_size_does_not() {
        let conv = Cost { multiply_adds: 5 << 20, intermediate_values: 1000 };
        let [conv, dense] =
            [Some(conv), None].map(|cost| Cut::of(RowCost::of(cost, 1 << 16, 800), 2, &Options::default()));
        assert_eq!([conv.min_rows, dense.min_rows], [1, 256]);
    }
}
