//! The two storage orders of the weights of patches.

/// Storage order of the weights that belong to the values of a patch and the channels of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `[patch, position channels]`
    ByPatch,
    /// `[position channels, patch]`
    ByPosition,
}
