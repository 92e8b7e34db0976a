//! The parts of a data set, as random streams know them.

/// Which part of a data set a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartName {
    /// The training part, with the rows of it that are held out.
    Train,
    /// The test part.
    Test,
    /// The validation part, where it is one of its own.
    Valid,
}

impl PartName {
    /// Never change one: it is part of what a seed means.
    pub(crate) fn number(self) -> u64 {
        match self {
            PartName::Train => 0,
            PartName::Test => 1,
            PartName::Valid => 2,
        }
    }
}
