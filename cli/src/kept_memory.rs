//! Memory for what a command keeps of every row. It is checked before it grows.

use narrows_runtime::{Error, MemoryLimit};

/// Size in bytes up to which nothing is checked.
const SMALL: u64 = 64 << 20;

/// What a command keeps of every row, for example codes.
///
/// Vectors double their size when they grow, and hold the old and the new values while these are copied. A check
/// therefore asks for twice the size that was reached, and is valid until twice that size is reached.
pub(crate) struct KeptMemory {
    /// What is kept: "codes".
    what: &'static str,
    limit: MemoryLimit,
    rows: u64,
    bytes: u64,
    checked: u64,
}

impl KeptMemory {
    /// Starts with no rows.
    pub(crate) fn new(what: &'static str) -> Self {
        KeptMemory { what, limit: MemoryLimit::Available, rows: 0, bytes: 0, checked: SMALL }
    }

    /// Counts rows that are about to be kept, with this many values of 4 bytes each.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn add(&mut self, rows: usize, values: usize) -> Result<(), Error> {
        let (rows, values) = (rows as u64, values as u64);
        self.rows += rows;
        self.bytes = self.bytes.saturating_add(rows.saturating_mul(values).saturating_mul(4));
        if self.bytes <= self.checked {
            return Ok(());
        }
        self.checked = self.bytes.saturating_mul(2);
        let what = || format!("keeping the {} of {} rows and more", self.what, self.rows);
        self.limit.check(self.checked, what, "use fewer rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_refused_once_twice_their_size_exceeds_the_limit() {
        let limit = MemoryLimit::Bytes(1 << 30);
        let mut kept = KeptMemory { limit, ..KeptMemory::new("codes") };
        // Chunks of 4 MiB. The checks at 68, 140 and 284 MiB ask for twice as much, and that at 572 MiB for over 1 GiB.
        let accepted = (0..1000).take_while(|_| kept.add(1024, 1024).is_ok()).count();
        assert_eq!(accepted * 4, 568);
        let message = kept.add(1, 1 << 40).expect_err("4 TiB").to_string();
        assert!(message.starts_with("keeping the codes of "), "{message}");
        assert!(message.ends_with("1.1 GB of memory are available; use fewer rows"), "{message}");
    }
}
