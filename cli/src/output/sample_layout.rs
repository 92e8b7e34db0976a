//! The columns of samples in a table.

use narrows_data::{table::Decoder, write::Layout};
use narrows_runtime::bundle::Sample;

use super::{format::Format, row_layout::RowLayout};

/// Returns the layout of samples of a model: columns with the names of the training data, `NAME_0`, `NAME_1` and so on
/// for the steps of a named channel of a series, and otherwise `x0`, `x1` and so on. The rows of a mixed table have its
/// own columns.
pub(crate) fn sample_layout(sample: &Sample, format: Format) -> RowLayout {
    if let Some(schema) = &sample.table {
        return RowLayout::Table(Box::new(Decoder::new(schema)));
    }
    let names: Option<Vec<String>> = match (&sample.columns, &sample.shape[..]) {
        // An array keeps the shape of the samples.
        _ if !format.is_table() => None,
        (Some(names), [features]) if names.len() == *features => Some(names.clone()),
        (Some(names), [channels, length]) if names.len() == *channels => {
            Some(names.iter().flat_map(|name| (0..*length).map(move |step| format!("{name}_{step}"))).collect())
        }
        (Some(_) | None, _) => None,
    };
    match names {
        Some(names) => Layout::named_in_shape(names, &sample.shape).into(),
        None => Layout::numbered(&sample.shape, "x").into(),
    }
}
