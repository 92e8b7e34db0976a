//! Progress of a training run: a progress bar on a terminal, lines of text elsewhere, and one line for each pretrained
//! layer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use narrows_bundle::counted;
use narrows_trainer::{
    Config, DeviceReport, EpochPlace, EpochRecord, Event, PretrainedLayer,
    internals::{Descent, Method},
};
use serde_json::json;

use crate::report::{can_draw_bar, note, report_epoch};

/// Shows the events of a run and records the duration of each epoch.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    rows: usize,
    /// Training loop; `None` for a closed form, which has no epochs.
    descent: Option<Descent>,
    epochs: usize,
    start: Instant,
    redrawn: Instant,
    /// Duration of the steps of each epoch.
    pub(crate) per_epoch: Vec<Duration>,
}

impl Progress {
    /// Creates the display of a run over `rows` training rows.
    pub(crate) fn new(config: &Config, rows: usize) -> Self {
        let descent = match &config.method {
            Method::ClosedForm(_) => None,
            Method::Descent(descent) => Some(descent.clone()),
        };
        let epochs = descent.as_ref().map_or(1, Descent::all_epochs);
        let bar = can_draw_bar().then(|| {
            let bar = ProgressBar::new((epochs * rows) as u64);
            let template = "{prefix} {bar:20} {msg}, {eta} left";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let now = Instant::now();
        Progress { bar, rows, descent, epochs, start: now, redrawn: now, per_epoch: Vec::new() }
    }

    pub(crate) fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Step { epoch, rows, figures, .. } => {
                // A step may take only microseconds; drawing after each step would take longer than training.
                if let Some(bar) = self.bar.as_ref().filter(|_| self.redrawn.elapsed() > Duration::from_millis(100)) {
                    let done = (epoch - 1) * self.rows + rows;
                    let speed = self.rows_done(*rows) as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
                    bar.set_prefix(self.format_place(self.place_of(*epoch)));
                    bar.set_message(format!("{}, {speed:.0} samples/s", loss(figures.loss, &figures.parts)));
                    bar.set_position(done as u64);
                    self.redrawn = Instant::now();
                }
            }
            Event::Device(report) => self.note(training_on(report)),
            Event::WithoutKernel(layers) => self.note(without_kernel(layers)),
            Event::Epoch(record) => self.show_epoch(record),
            Event::Layer(layer) => self.show_layer(layer),
            _ => {}
        }
    }

    /// Returns the layer that an epoch of the run belongs to, and its number within that layer.
    pub(crate) fn place_of(&self, epoch: usize) -> EpochPlace {
        let network = EpochPlace { layer: None, epoch, epochs: self.epochs };
        self.descent.as_ref().map_or(network, |descent| descent.place_of(epoch))
    }

    /// Formats a position as `epoch 3/15` or `layer 1/4, epoch 3/15`.
    fn format_place(&self, EpochPlace { layer, epoch, epochs }: EpochPlace) -> String {
        let layers = self.descent.as_ref().map_or(0, Descent::pretrained_layers);
        let layer = layer.map_or(String::new(), |layer| format!("layer {layer}/{layers}, "));
        format!("{layer}epoch {epoch}/{epochs}")
    }

    fn show_layer(&self, layer: &PretrainedLayer) {
        let PretrainedLayer { layer, inputs, outputs, epochs, loss, .. } = layer;
        let layers = self.descent.as_ref().map_or(0, Descent::pretrained_layers);
        let epochs = counted(*epochs, "epoch");
        let message = format!("layer {layer}/{layers} ({inputs} to {outputs}): loss {loss:.4} after {epochs}");
        self.note(message);
    }

    fn note(&self, text: String) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(text)),
            None => note(text),
        }
    }

    /// Returns the number of rows trained on since this process began. A resumed run began earlier.
    fn rows_done(&self, rows: usize) -> usize {
        self.per_epoch.len() * self.rows + rows
    }

    fn show_epoch(&mut self, record: &EpochRecord) {
        self.per_epoch.push(Duration::from_secs_f64(record.seconds.max(0.0)));
        let done = self.per_epoch.len();
        let remaining =
            self.start.elapsed().div_f64(done as f64).mul_f64(self.epochs.saturating_sub(record.epoch) as f64);
        let valid = record
            .valid
            .as_ref()
            .map_or(String::new(), |figures| format!(", validation {}", loss(figures.loss, &figures.parts)));
        let place = self.place_of(record.epoch);
        let figures = format!("{}: {}{valid}", self.format_place(place), loss(record.train.loss, &record.train.parts));
        let sentence = match &self.bar {
            None if prints_line(place) => {
                let speed = record.samples_per_second;
                Some(format!("{figures}, {speed:.0} samples/s, {:.0} s left", remaining.as_secs_f64()))
            }
            Some(bar) if record.epoch == self.epochs => {
                bar.finish_and_clear();
                Some(figures)
            }
            None | Some(_) => None,
        };
        report_epoch(sentence, json!(record));
    }
}

/// Returns the note on the device that trains: `training on cuda:0 (NVIDIA H200)`.
fn training_on(DeviceReport { device, name, reason }: &DeviceReport) -> String {
    let details = name.iter().chain(reason).map(|text| format!(" ({text})"));
    format!("training on {device}{}", details.collect::<String>())
}

/// Returns the note on layers without a fused kernel, which slow down a run.
fn without_kernel(layers: &[String]) -> String {
    let layers = layers.join(", ");
    format!(
        "no fused kernel for {layers}: an encoder or decoder with such a layer uses Candle's operations and is several times slower"
    )
}

/// Returns whether an epoch gets a line: about twenty lines per run, and ten per pretrained layer.
fn prints_line(EpochPlace { layer, epoch, epochs }: EpochPlace) -> bool {
    let lines = if layer.is_some() { 10 } else { 20 };
    epoch == 1 || epoch == epochs || epoch.is_multiple_of(epochs.div_ceil(lines))
}

/// Formats a loss and its terms: `loss 105.66 (reconstruction 80.21, kl 25.45)`.
pub(crate) fn loss(total: f64, parts: &BTreeMap<String, f64>) -> String {
    let parts: Vec<String> = parts.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    // A single term is the loss itself.
    let parts = if parts.len() > 1 { format!(" ({})", parts.join(", ")) } else { String::new() };
    format!("loss {total:.4}{parts}")
}
