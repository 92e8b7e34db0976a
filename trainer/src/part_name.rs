//! The parts of a data set, with the numbers that identify them in random streams.

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartName {
    /// The training part, including the rows that are held out.
    Train,
    /// The test part.
    Test,
    /// A separate validation part.
    Valid,
}

impl PartName {
    /// Returns the number of the part in random streams. The numbers must never change, because they determine the
    /// random values of a seed.
    pub(crate) fn number(self) -> u64 {
        match self {
            PartName::Train => 0,
            PartName::Test => 1,
            PartName::Valid => 2,
        }
    }
}
