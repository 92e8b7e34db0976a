//! How the rows of an output are laid out: floats with names, or the columns of a mixed table.

use std::path::Path;

use anyhow::bail;
use arrow_array::RecordBatch;
use narrows_data::{
    table::Decoder,
    write::{Layout, in_table_order},
};
use ndarray::ArrayViewD;

use super::format::Format;

/// The layout of rows.
pub(crate) enum RowLayout {
    /// Rows of floats.
    Floats(Layout),
    /// Rows of cells, which are written as the values of the table's own columns.
    Table(Box<Decoder>),
}

impl From<Layout> for RowLayout {
    fn from(layout: Layout) -> Self {
        RowLayout::Floats(layout)
    }
}

impl RowLayout {
    /// Refuses an array file for a table, because it cannot contain text.
    pub(super) fn check(&self, path: &Path, format: Format) -> anyhow::Result<()> {
        match (self, format) {
            (RowLayout::Table(_), Format::Npy) => bail!(
                "cannot write `{}`: a .npy file has no columns, and the rows are those of a mixed table; write a .csv or \
                 .parquet file",
                path.display()
            ),
            (RowLayout::Floats(_) | RowLayout::Table(_), _) => Ok(()),
        }
    }

    /// Returns the layout of the floats in the file: none for a table, whose columns are all written like pass-through
    /// columns.
    pub(super) fn floats(&self) -> Layout {
        match self {
            RowLayout::Floats(layout) => layout.clone(),
            RowLayout::Table(_) => Layout::table(),
        }
    }
}

/// Returns the columns of a table for cells of shape `[rows, cells]`, in its order, then the pass-through columns.
/// `classes` are the classes of the rows, for the columns of the label; without them, these columns are taken from the
/// pass-through columns.
pub(super) fn table_columns(
    decoder: &Decoder,
    rows: &ArrayViewD<'_, f32>,
    classes: Option<&[String]>,
    others: Option<&RecordBatch>,
) -> anyhow::Result<RecordBatch> {
    let cells: Vec<f32> = rows.iter().copied().collect();
    let decoded = decoder.decode_batch(&cells, classes)?;
    Ok(in_table_order(decoder.schema(), &decoded, others)?)
}
