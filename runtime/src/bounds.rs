//! What bounds a call: the memory that it may use, because the number of rows may come from a user, and the flag that
//! cancels it.

use std::ops::Range;

use narrows_bundle::counted;

use crate::{Cancellation, Error, MemoryLimit, Options};

/// Number of rows between two looks at the flag, in work that takes microseconds per row at most.
const BLOCK_ROWS: usize = 1024;

/// The bounds of the calls of a handle. By default nothing cancels them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds {
    cancellation: Option<Cancellation>,
    memory: MemoryLimit,
}

impl Bounds {
    pub(crate) fn of(options: &Options) -> Self {
        Bounds { cancellation: options.cancellation.clone(), memory: options.memory }
    }

    /// Returns the same bounds with another flag.
    pub(crate) fn cancelled_by(&self, cancellation: &Cancellation) -> Self {
        Bounds { cancellation: Some(cancellation.clone()), memory: self.memory }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(Cancellation::is_cancelled)
    }

    /// Checks that the call is not cancelled, of which `done` of `rows` rows are complete.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn check_cancelled(&self, done: usize, rows: usize) -> Result<(), Error> {
        if self.is_cancelled() { Err(Error::Cancelled { done, rows }) } else { Ok(()) }
    }

    /// Calls `work` with blocks of all rows in order, and looks at the flag before each.
    ///
    /// # Errors
    /// [`Error::Cancelled`] without complete rows, because this is only a part of a call.
    pub(crate) fn in_blocks(&self, rows: usize, mut work: impl FnMut(Range<usize>)) -> Result<(), Error> {
        for start in (0..rows).step_by(BLOCK_ROWS) {
            self.check_cancelled(0, rows)?;
            work(start..rows.min(start + BLOCK_ROWS));
        }
        Ok(())
    }

    /// Checks that `rows` rows of `width` values of 4 bytes can be allocated; the memory is released again.
    ///
    /// # Errors
    /// [`Error::TooMany`] and [`Error::Memory`].
    pub(crate) fn check_memory(&self, rows: usize, width: usize) -> Result<(), Error> {
        let total = rows.checked_mul(width).ok_or(Error::TooMany { rows, width })?;
        let needed = (total as u64).saturating_mul(size_of::<f32>() as u64);
        let what = || format!("{} of {}", counted(rows, "row"), counted(width, "value"));
        self.check_bytes(needed, what, "use fewer rows at a time")?;
        Vec::<f32>::new().try_reserve_exact(total).map_err(|_| Error::TooMany { rows, width })
    }

    /// Checks that what `what` describes may take this many bytes. The system is asked only about large amounts.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn check_bytes(
        &self,
        needed: u64,
        what: impl FnOnce() -> String,
        advice: &'static str,
    ) -> Result<(), Error> {
        if needed < MemoryLimit::LARGE && self.memory == MemoryLimit::Available {
            return Ok(());
        }
        self.memory.check(needed, what, advice)
    }

    /// Returns a vector with the same label for every row.
    ///
    /// # Errors
    /// [`Error::TooMany`] and [`Error::Memory`].
    pub(crate) fn repeated_label(&self, label: i64, rows: usize) -> Result<Vec<i64>, Error> {
        // A label takes as much as two floats.
        self.check_memory(rows, 2)?;
        let mut labels = Vec::new();
        labels.try_reserve_exact(rows).map_err(|_| Error::TooMany { rows, width: 1 })?;
        labels.resize(rows, label);
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_errors_and_small_ones_are_accepted() {
        let unlimited = Bounds::of(&Options::default().memory(MemoryLimit::Unlimited));
        for (rows, width) in [(usize::MAX, 2), (usize::MAX / 4, 1), (1 << 50, 1 << 10)] {
            let error = unlimited.check_memory(rows, width);
            assert!(matches!(error, Err(Error::TooMany { .. })), "{rows} rows of {width}");
        }
        assert!(matches!(unlimited.repeated_label(1, usize::MAX / 4), Err(Error::TooMany { .. })));
        assert!(Bounds::default().check_memory(1000, 1000).is_ok());
        assert_eq!(Bounds::default().repeated_label(7, 3).expect("three labels"), [7, 7, 7]);
    }

    #[test]
    fn rows_above_a_limit_are_refused_with_both_figures() {
        let bounds = Bounds::of(&Options::default().memory(MemoryLimit::Bytes(4_000_000)));
        assert!(bounds.check_memory(1_000_000, 1).is_ok());
        let error = bounds.check_memory(1_000_000, 784).expect_err("too large").to_string();
        assert_eq!(
            error,
            "1000000 rows of 784 values need about 3.1 GB, and 4 MB of memory are available; use fewer rows at a time"
        );
    }

    #[test]
    fn work_in_blocks_stops_before_the_block_after_the_flag_was_set() {
        let cancellation = Cancellation::new();
        let bounds = Bounds::default().cancelled_by(&cancellation);
        let mut blocks = Vec::new();
        let outcome = bounds.in_blocks(2500, |block| {
            blocks.push(block.clone());
            if block.start == 1024 {
                cancellation.cancel();
            }
        });
        assert!(matches!(outcome, Err(Error::Cancelled { done: 0, rows: 2500 })), "{outcome:?}");
        assert_eq!(blocks, [0..1024, 1024..2048]);
        assert!(Bounds::default().in_blocks(2500, |_| ()).is_ok() && bounds.in_blocks(0, |_| ()).is_ok());
    }
}
