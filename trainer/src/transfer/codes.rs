//! The codes of a data set, computed by the frozen encoder.

use narrows_data::Values;

/// Codes of each part of the data, computed by the frozen encoder: `[rows, latent]`, in the order of the rows.
#[derive(Debug, Clone)]
pub struct Codes {
    /// Codes of the training part.
    pub train: Values,
    /// Codes of the validation part, if there is one.
    pub valid: Option<Values>,
    /// Codes of the test part, if there is one.
    pub test: Option<Values>,
}
