//! Splitting of a batch into runs. It depends only on the graph, the options, the number of cores and the number of
//! rows, so the same batch gives bit-identical results regardless of the load.

use narrows_crew::cores;

use crate::Options;

/// Bytes of inputs and outputs in one run that fit into the cache of a core together with the weights.
const CACHE_BYTES: usize = 1 << 20;

/// Multiplications for which another thread pays off: about 50 microseconds of a core.
const MIN_MULTIPLICATIONS: usize = 4 << 20;

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
    /// Computes the parameters for a graph of `bytes` bytes, with `width` values per row in its inputs and outputs.
    pub(crate) fn of(bytes: usize, width: usize, sessions: usize, options: &Options) -> Self {
        let cached = (CACHE_BYTES / (size_of::<f32>() * width.max(1))).clamp(16, 4096);
        let chunk = options.chunk.filter(|&rows| rows > 0).unwrap_or(cached);
        // A dense graph has one multiplication per weight, and its size is about four bytes per weight.
        let weights = (bytes / size_of::<f32>()).max(1);
        Cut { chunk, min_rows: MIN_MULTIPLICATIONS.div_ceil(weights), threads: sessions.min(cores()) }
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
        let cut = Cut::of(1 << 20, 800, 1, &options);
        assert!((1..1000).all(|rows| (1..=7).contains(&cut.rows_per_run(rows))));
        let cut = Cut { chunk: 100, min_rows: 1, threads: 1 };
        assert_eq!([99, 100, 101].map(|rows| cut.rows_per_run(rows)), [99, 100, 51]);
    }
}
