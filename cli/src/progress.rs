//! Progress of a training run: a bar on a terminal, a line an epoch elsewhere.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use narrows_trainer::{EpochRecord, Event};
use serde_json::json;

use crate::report::{may_draw, tell_epoch};

/// Shows events, and remembers how long each epoch took.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    rows: usize,
    epochs: usize,
    start: Instant,
    redrawn: Instant,
    /// Time of each epoch's steps.
    pub(crate) per_epoch: Vec<Duration>,
}

impl Progress {
    /// For `epochs` passes over `rows`.
    pub(crate) fn new(epochs: usize, rows: usize) -> Self {
        let bar = may_draw().then(|| {
            let bar = ProgressBar::new((epochs * rows) as u64);
            let template = "epoch {prefix} {bar:20} {msg}, {eta} left";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let now = Instant::now();
        Progress { bar, rows, epochs, start: now, redrawn: now, per_epoch: Vec::new() }
    }

    pub(crate) fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Step { epoch, rows, figures, .. } => {
                // A step may take microseconds; drawing each would cost more than training.
                if let Some(bar) = self.bar.as_ref().filter(|_| self.redrawn.elapsed() > Duration::from_millis(100)) {
                    let done = (epoch - 1) * self.rows + rows;
                    let speed = self.shown(*rows) as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
                    bar.set_prefix(format!("{epoch}/{}", self.epochs));
                    bar.set_message(format!("{}, {speed:.0} samples/s", loss(figures.loss, &figures.parts)));
                    bar.set_position(done as u64);
                    self.redrawn = Instant::now();
                }
            }
            Event::Epoch(record) => self.show_epoch(record),
            _ => {}
        }
    }

    /// Rows since this process began, which may not be where the run began.
    fn shown(&self, rows: usize) -> usize {
        self.per_epoch.len() * self.rows + rows
    }

    fn show_epoch(&mut self, record: &EpochRecord) {
        self.per_epoch.push(Duration::from_secs_f64(record.seconds.max(0.0)));
        let done = self.per_epoch.len();
        let left = self.start.elapsed().div_f64(done as f64).mul_f64(self.epochs.saturating_sub(record.epoch) as f64);
        let valid = record
            .valid
            .as_ref()
            .map_or(String::new(), |figures| format!(", valid {}", loss(figures.loss, &figures.parts)));
        let figures =
            format!("epoch {}/{}: {}{valid}", record.epoch, self.epochs, loss(record.train.loss, &record.train.parts));
        let sentence = match &self.bar {
            None if self.is_worth_a_line(record.epoch) => {
                let speed = record.samples_per_second;
                Some(format!("{figures}, {speed:.0} samples/s, {:.0} s left", left.as_secs_f64()))
            }
            Some(bar) if record.epoch == self.epochs => {
                bar.finish_and_clear();
                Some(figures)
            }
            None | Some(_) => None,
        };
        tell_epoch(sentence, json!(record));
    }

    /// About twenty lines a run, however many epochs it has.
    fn is_worth_a_line(&self, epoch: usize) -> bool {
        epoch == 1 || epoch == self.epochs || epoch.is_multiple_of(self.epochs.div_ceil(20))
    }
}

/// `loss 105.66 (reconstruction 80.21, kl 25.45)`.
pub(crate) fn loss(total: f64, parts: &BTreeMap<String, f64>) -> String {
    let parts: Vec<String> = parts.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    // A single part is the loss itself.
    let parts = if parts.len() > 1 { format!(" ({})", parts.join(", ")) } else { String::new() };
    format!("loss {total:.4}{parts}")
}
