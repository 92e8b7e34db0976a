//! Where a row is in the data: its number, or the time steps of a window.

use narrows_data::RecordBatch;

use crate::{input::Batch, output::select_rows};

/// Where a row is in the data, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The number of a row, without dropped rows.
    Row(usize),
    /// The first and the last time step of a window.
    Steps { first: usize, last: usize },
}

impl Place {
    /// Returns the place of every row of a batch. `before` is the number of rows before it; `shape` is that of a
    /// sample.
    pub(super) fn of(batch: &Batch, before: usize, shape: &[usize]) -> Vec<Place> {
        match (&batch.recorded, shape.last()) {
            (Some(recorded), Some(window)) => {
                let place = |&first: &usize| Place::Steps { first, last: first + window - 1 };
                recorded.starts.iter().map(place).collect()
            }
            (Some(_), None) | (None, _) => (before..before + batch.rows()).map(Place::Row).collect(),
        }
    }

    /// Returns the pass-through columns of the rows; of a window those of its last time step.
    pub(super) fn columns_at(batch: &Batch, places: &[Place]) -> anyhow::Result<Option<RecordBatch>> {
        let Some(recorded) = &batch.recorded else { return Ok(batch.others.clone()) };
        let Some(others) = &recorded.others else { return Ok(None) };
        let steps: Vec<usize> = places
            .iter()
            .filter_map(|place| match place {
                Place::Row(_) => None,
                Place::Steps { last, .. } => last.checked_sub(recorded.first),
            })
            .collect();
        Ok(Some(select_rows(others, &steps)?))
    }

    pub(super) fn text(self) -> String {
        match self {
            Place::Row(row) => row.to_string(),
            Place::Steps { first, last } => format!("{first} to {last}"),
        }
    }
}
