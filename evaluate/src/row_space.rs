//! Rows as points of a Euclidean space, for distances and principal components.

use narrows_runtime::bundle::Manifest;
use ndarray::{Array2, ArrayView2};

use crate::{scaled::Columns, table_space::TableSpace};

/// Converts rows to points, so that distances between them have a meaning.
#[derive(Debug, Clone)]
pub enum RowSpace {
    /// The scaled values, one dimension for each feature.
    Scaled(Columns),
    /// Standardised numbers and one-hot categories of a mixed table.
    Table(TableSpace),
}

impl RowSpace {
    /// Returns the space of the samples of a model.
    pub fn of(manifest: &Manifest) -> Self {
        TableSpace::of(manifest).map_or_else(|| RowSpace::Scaled(Columns::of(manifest)), RowSpace::Table)
    }

    /// Returns the number of dimensions.
    pub fn dimensions(&self) -> usize {
        match self {
            RowSpace::Scaled(columns) => columns.len(),
            RowSpace::Table(space) => space.dimensions(),
        }
    }

    /// Converts rows, `[rows, features]` in the unit of the data, to points, `[rows, dimensions]`.
    pub fn points(&self, rows: ArrayView2<'_, f32>) -> Array2<f64> {
        match self {
            RowSpace::Scaled(columns) => columns.scaled_rows(rows),
            RowSpace::Table(space) => space.points(rows).mapv(f64::from),
        }
    }
}

impl From<Columns> for RowSpace {
    fn from(columns: Columns) -> Self {
        RowSpace::Scaled(columns)
    }
}

impl From<TableSpace> for RowSpace {
    fn from(space: TableSpace) -> Self {
        RowSpace::Table(space)
    }
}
