//! Warns of column names that are not unique.

use narrows_data::{Dataset, LoadOptions};

use crate::report::warn;

/// Prints a warning if the columns of a table have names that are not unique. Such names are not used.
pub(crate) fn warn_of_repeated_names(spec: &str, data: &Dataset, options: &LoadOptions) {
    if data.columns.is_some() || narrows_data::is_known(spec) {
        return;
    }
    let Ok(streams) = narrows_data::stream(spec, options) else { return };
    let names = streams.train.head().columns.as_deref().unwrap_or_default();
    if let Some(name) = names.iter().find(|name| names.iter().filter(|other| other == name).count() > 1) {
        warn(format_args!(
            "`{spec}` has more than one column named `{name}`; no column name is used, and columns are matched by position"
        ));
    }
}
