//! Runs a model on the windows of a recording, with results per time step.

use narrows_data::{StepMeans, StepRows};
use ndarray::Array3;

use super::{Batch, InputStream};
use crate::rows_bar::RowsBar;

/// Calls `values_of` with each batch of windows, which returns `[windows, window, width]`, and `write` with the time
/// steps whose means over all their windows are complete.
pub(crate) fn for_each_step_batch(
    rows: &mut InputStream<'_>,
    means: &mut StepMeans,
    mut values_of: impl FnMut(&InputStream<'_>, &Batch) -> anyhow::Result<Array3<f64>>,
    mut write: impl FnMut(StepRows) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let bar = RowsBar::new(rows.total());
    let mut write = |steps: StepRows| if steps.windows.is_empty() { Ok(()) } else { write(steps) };
    while let Some(mut batch) = rows.next_steps(usize::MAX)? {
        let Some(recorded) = batch.recorded.take() else { continue };
        if means.is_at_start(&recorded) {
            write(means.finish())?;
        }
        let values = match batch.rows() {
            0 => Array3::zeros((0, 0, 0)),
            _ => values_of(rows, &batch)?,
        };
        write(means.add(recorded, &values.view())?)?;
        bar.show(rows.read());
    }
    write(means.finish())
}
