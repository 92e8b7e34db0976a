//! How a batch is cut. It depends on the graph, the options, the machine's cores and the number of rows alone, so
//! that the same batch gives the same bits however busy a model is.

use narrows_crew::cores;

use crate::Options;

/// Bytes of inputs and outputs in one run: what stays in a core's own cache beside the weights.
const CACHED: usize = 1 << 20;

/// Multiplications that are worth another thread: some 50 microseconds of a core.
const WORTH: usize = 4 << 20;

/// The sizes of a graph's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Rows of one run at most.
    chunk: usize,
    /// Rows of one run at least, where a batch is cut only to be spread.
    least: usize,
    /// Threads that a batch can be spread over.
    threads: usize,
}

impl Cut {
    /// For a graph of so many bytes, with `width` numbers in a row of its inputs and outputs.
    pub(crate) fn of(bytes: usize, width: usize, sessions: usize, options: &Options) -> Self {
        let cached = (CACHED / (size_of::<f32>() * width.max(1))).clamp(16, 4096);
        let chunk = options.chunk.filter(|&rows| rows > 0).unwrap_or(cached);
        // A dense graph multiplies once for every weight, and has little else in it than four bytes for each.
        let weights = (bytes / size_of::<f32>()).max(1);
        Cut { chunk, least: WORTH.div_ceil(weights), threads: sessions.min(cores()) }
    }

    /// Rows of one run at most.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// Rows in each run of a batch, the last of which may have fewer.
    pub(crate) fn part(&self, rows: usize) -> usize {
        let needed = rows.div_ceil(self.chunk);
        let useful = (rows / self.least).clamp(1, self.threads);
        let parts = needed.max(useful);
        let parts = if parts > 1 && useful > 1 { parts.next_multiple_of(useful) } else { parts };
        rows.div_ceil(parts.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_batch_stays_whole_and_a_large_one_is_cut_into_equal_parts() {
        let cut = Cut { chunk: 100, least: 10, threads: 4 };
        let parts = [(0, 0), (1, 1), (19, 19), (20, 10), (39, 13), (40, 10), (100, 25), (401, 51), (4000, 100)];
        for (rows, part) in parts {
            assert_eq!(cut.part(rows), part, "{rows} rows");
        }
    }

    #[test]
    fn what_a_host_chose_is_never_exceeded_and_one_session_cuts_only_what_is_too_large() {
        let options = Options::default().chunk(7);
        let cut = Cut::of(1 << 20, 800, 1, &options);
        assert!((1..1000).all(|rows| (1..=7).contains(&cut.part(rows))));
        let cut = Cut { chunk: 100, least: 1, threads: 1 };
        assert_eq!([99, 100, 101].map(|rows| cut.part(rows)), [99, 100, 51]);
    }
}
