//! Progress of a training run: a bar on a terminal, a line an epoch elsewhere.

use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use narrows_trainer::{Event, Figures};

use crate::report::note;

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
        let bar = stderr().is_terminal().then(|| {
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
            Event::Step { epoch, rows, figures } => {
                // A step may take microseconds; drawing each would cost more than training.
                if let Some(bar) = self.bar.as_ref().filter(|_| self.redrawn.elapsed() > Duration::from_millis(100)) {
                    let done = (epoch - 1) * self.rows + rows;
                    let speed = done as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
                    bar.set_prefix(format!("{epoch}/{}", self.epochs));
                    bar.set_message(format!("{}, {speed:.0} samples/s", loss(figures)));
                    bar.set_position(done as u64);
                    self.redrawn = Instant::now();
                }
            }
            Event::Epoch { epoch, train, valid, time } => {
                self.per_epoch.push(*time);
                let speed = self.rows as f64 / time.as_secs_f64().max(1e-9);
                let left = self.start.elapsed().div_f64(*epoch as f64).mul_f64((self.epochs - epoch) as f64);
                let valid = valid.map_or(String::new(), |figures| format!(", valid {}", loss(figures)));
                if self.bar.is_none() && self.is_worth_a_line(*epoch) {
                    note(format_args!(
                        "epoch {epoch}/{}: {}{valid}, {speed:.0} samples/s, {:.0} s left",
                        self.epochs,
                        loss(train),
                        left.as_secs_f64()
                    ));
                }
                if let Some(bar) = self.bar.as_ref().filter(|_| *epoch == self.epochs) {
                    bar.finish_and_clear();
                    note(format_args!("epoch {epoch}/{}: {}{valid}", self.epochs, loss(train)));
                }
            }
            _ => {}
        }
    }

    /// About twenty lines a run, however many epochs it has.
    fn is_worth_a_line(&self, epoch: usize) -> bool {
        epoch == 1 || epoch == self.epochs || epoch.is_multiple_of(self.epochs.div_ceil(20))
    }
}

/// `loss 105.66 (reconstruction 80.21, kl 25.45)`.
pub(crate) fn loss(figures: &Figures) -> String {
    let parts: Vec<String> = figures.parts.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    // A single part is the loss itself.
    let parts = if parts.len() > 1 { format!(" ({})", parts.join(", ")) } else { String::new() };
    format!("loss {:.4}{parts}", figures.loss)
}
