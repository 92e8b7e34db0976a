//! Progress over the rows of a data set: a progress bar on a terminal, no output elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::can_draw_bar;

/// Progress bar that shows the number of processed rows.
pub(crate) struct RowsBar(Option<ProgressBar>);

impl RowsBar {
    /// Creates a bar for this total number of rows, if the number is known.
    pub(crate) fn new(rows: Option<usize>) -> Self {
        let (bar, template) = match rows {
            Some(rows) => {
                (ProgressBar::new(rows as u64), "{bar:20} {human_pos}/{human_len} rows, {per_sec}, {eta} left")
            }
            None => (ProgressBar::no_length(), "{spinner} {human_pos} rows, {per_sec}"),
        };
        RowsBar(can_draw_bar().then(|| {
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        }))
    }

    /// Shows that `rows` rows have been processed so far.
    pub(crate) fn show(&self, rows: usize) {
        if let Some(bar) = &self.0 {
            bar.set_position(rows as u64);
        }
    }
}

/// Clears the bar on every exit, so that the next message starts on an empty line.
impl Drop for RowsBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
