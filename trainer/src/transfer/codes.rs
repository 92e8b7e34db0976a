//! The codes of a data set, as the frozen encoder makes them.

use narrows_data::Values;

/// What the frozen encoder makes of every part of the data: `[rows, latent]` each, in the order of the rows.
#[derive(Debug, Clone)]
pub struct Codes {
    /// Of the training part.
    pub train: Values,
    /// Of the validation part, where there is one.
    pub valid: Option<Values>,
    /// Of the test part, where there is one.
    pub test: Option<Values>,
}
