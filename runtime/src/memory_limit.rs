//! How much memory a model may use.

use narrows_crew::available_memory;

use crate::Error;

/// How much memory a model may use: what is available to the process, a number of bytes, or any amount.
///
/// Opening a bundle, and calls with large results or large runs, return [`Error::Memory`] if their estimate is above
/// the limit, before they allocate anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemoryLimit {
    /// What is available on the machine, in the control groups of the process (containers) and within its limits
    /// `RLIMIT_AS` and `RLIMIT_DATA`, at the time of the check. On other systems than Linux nothing is checked.
    ///
    /// The files of the system are read when a bundle is opened, and for calls that need at least 64 MiB, where reading
    /// them takes less than 1 % of the time.
    #[default]
    Available,
    /// A number of bytes for each bundle that is opened and for each call.
    Bytes(u64),
    /// Nothing is checked. Where memory runs out, the system may end the process.
    Unlimited,
}

impl MemoryLimit {
    /// Size in bytes from which a call asks the system what is available.
    pub(crate) const LARGE: u64 = 64 << 20;

    /// Checks that what `what` describes, like "2000 rows of 784 values", may take this many bytes. `advice` says what
    /// to do if not.
    ///
    /// ```
    /// use narrows_runtime::MemoryLimit;
    ///
    /// let check = |bytes| MemoryLimit::Bytes(1000).check(bytes, || "a table".to_owned(), "use fewer rows");
    /// assert!(check(1000).is_ok() && check(1001).is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn check(self, needed: u64, what: impl FnOnce() -> String, advice: &'static str) -> Result<(), Error> {
        match self.exceeded_by(needed) {
            Some(available) => Err(Error::Memory { what: what(), needed, available, advice }),
            None => Ok(()),
        }
    }

    /// Returns the limit for something that needs this many bytes if it is above the limit.
    pub(crate) fn exceeded_by(self, needed: u64) -> Option<u64> {
        let limit = match self {
            MemoryLimit::Available => available_memory(),
            MemoryLimit::Bytes(bytes) => Some(bytes),
            MemoryLimit::Unlimited => None,
        };
        limit.filter(|&limit| needed > limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_bytes_is_exceeded_by_one_more_and_no_limit_never() {
        let limit = MemoryLimit::Bytes(1000);
        assert_eq!([999, 1000, 1001].map(|needed| limit.exceeded_by(needed)), [None, None, Some(1000)]);
        assert_eq!(MemoryLimit::Unlimited.exceeded_by(u64::MAX), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn no_machine_has_the_largest_number_of_bytes() {
        assert!(MemoryLimit::Available.exceeded_by(u64::MAX).is_some());
        assert_eq!(MemoryLimit::Available.exceeded_by(0), None);
    }
}
