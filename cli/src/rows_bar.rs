//! Progress of going through rows: a bar on a terminal, silence elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::may_draw;

/// Shows how many rows are done.
pub(crate) struct RowsBar(Option<ProgressBar>);

impl RowsBar {
    /// For so many rows, where that is known.
    pub(crate) fn new(rows: Option<usize>) -> Self {
        let (bar, template) = match rows {
            Some(rows) => {
                (ProgressBar::new(rows as u64), "{bar:20} {human_pos}/{human_len} rows, {per_sec}, {eta} left")
            }
            None => (ProgressBar::no_length(), "{spinner} {human_pos} rows, {per_sec}"),
        };
        RowsBar(may_draw().then(|| {
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        }))
    }

    /// So many rows are done by now.
    pub(crate) fn show(&self, rows: usize) {
        if let Some(bar) = &self.0 {
            bar.set_position(rows as u64);
        }
    }
}

/// However it ends, what is said next has the line for itself.
impl Drop for RowsBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
