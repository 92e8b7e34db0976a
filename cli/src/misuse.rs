//! The error of a wrong command line.

/// Error of a command line that is wrong whatever the data and the model are. The exit code is 2.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Returns from a function with a [`UsageError`], whose arguments are those of `format!`.
macro_rules! misuse {
    ($($text:tt)*) => {
        return Err($crate::misuse::UsageError(format!($($text)*)).into())
    };
}

pub(crate) use misuse;
