//! The result of one check of a bundle.

use std::fmt;

use narrows_bundle::GraphParity;

/// Result of one check.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// Name of the check: `manifest`, `file encoder.onnx`, `engine`, `encoder graph`, `encoder parity` and so on. For a
    /// classifier or regressor also `head graph`, `classifier graph`, `regressor graph` and so on; for a detector also
    /// `detector graph`, `detector labels` and so on.
    pub name: String,
    /// Whether the check passed.
    pub ok: bool,
    /// The result, or the reason of the failure, in one sentence.
    pub detail: String,
    /// The measured value, if any: the largest difference of a parity check, or the number of labels that differ.
    pub figure: Option<f64>,
}

impl Check {
    pub(crate) fn passed(name: impl Into<String>, detail: String) -> Self {
        Check { name: name.into(), ok: true, detail, figure: None }
    }

    pub(crate) fn failed(name: impl Into<String>, error: impl fmt::Display) -> Self {
        Check { name: name.into(), ok: false, detail: error.to_string(), figure: None }
    }

    /// Returns the check of a measured parity.
    pub(crate) fn of_parity(name: impl Into<String>, parity: &GraphParity) -> Self {
        Check {
            name: name.into(),
            ok: parity.holds(),
            detail: format!("largest difference {parity}"),
            figure: Some(f64::from(parity.max_abs_difference)),
        }
    }

    /// Returns the check of an outcome; `detail` describes a success.
    pub(crate) fn of<T, E: fmt::Display>(
        name: impl Into<String>,
        outcome: Result<T, E>,
        detail: impl FnOnce(&T) -> String,
    ) -> Self {
        match outcome {
            Ok(value) => Self::passed(name, detail(&value)),
            Err(error) => Self::failed(name, error),
        }
    }
}

/// Returns whether the check with this name failed.
pub(crate) fn has_failed(checks: &[Check], name: &str) -> bool {
    checks.iter().any(|check| check.name == name && !check.ok)
}

/// Returns the reason of a check that needs another one, which failed.
pub(crate) fn not_checked(needed: &str) -> String {
    format!("not checked, because the check `{needed}` failed")
}
