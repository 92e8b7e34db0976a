//! Reading ahead: the rows of the next batch come from the disk while the current batch is trained on.

use super::FileRows;

impl FileRows {
    /// Asks the operating system to read the given rows into its cache, and does not wait for them. Only a hint: where
    /// the system has no such call, or the call fails, nothing happens, and the rows are read when they are visited.
    pub(crate) fn read_ahead(&self, rows: &[usize]) {
        let width = (self.features * self.element.size()) as u64;
        for &row in rows {
            self.advise(self.start + self.row_in_file(row) * width, width);
        }
    }

    #[cfg(target_os = "linux")]
    fn advise(&self, offset: u64, length: u64) {
        use rustix::fs::{Advice, fadvise};

        let _ = fadvise(&self.file.file, offset, std::num::NonZeroU64::new(length), Advice::WillNeed);
    }

    #[cfg(not(target_os = "linux"))]
    fn advise(&self, _: u64, _: u64) {}
}
