//! Progress of a training run: a bar on a terminal, a line an epoch elsewhere; and a line for each layer that was
//! pretrained.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use narrows_trainer::{Config, Descent, EpochPlace, EpochRecord, Event, Method, PretrainedLayer, network::Node};
use serde_json::json;

use crate::report::{may_draw, note, tell_epoch};

/// Shows events, and remembers how long each epoch took.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    rows: usize,
    /// `None` for a closed form, which has no epochs.
    descent: Option<Descent>,
    epochs: usize,
    start: Instant,
    redrawn: Instant,
    /// Time of each epoch's steps.
    pub(crate) per_epoch: Vec<Duration>,
}

impl Progress {
    /// For a run over `rows`.
    pub(crate) fn new(config: &Config, rows: usize) -> Self {
        let descent = match &config.method {
            Method::ClosedForm(_) => None,
            Method::Descent(descent) => Some(descent.clone()),
        };
        let epochs = descent.as_ref().map_or(1, Descent::all_epochs);
        let bar = may_draw().then(|| {
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
                // A step may take microseconds; drawing each would cost more than training.
                if let Some(bar) = self.bar.as_ref().filter(|_| self.redrawn.elapsed() > Duration::from_millis(100)) {
                    let done = (epoch - 1) * self.rows + rows;
                    let speed = self.shown(*rows) as f64 / self.start.elapsed().as_secs_f64().max(1e-9);
                    bar.set_prefix(self.named(self.place_of(*epoch)));
                    bar.set_message(format!("{}, {speed:.0} samples/s", loss(figures.loss, &figures.parts)));
                    bar.set_position(done as u64);
                    self.redrawn = Instant::now();
                }
            }
            Event::WithoutKernel(nodes) => self.note(without_kernel(nodes)),
            Event::Epoch(record) => self.show_epoch(record),
            Event::Layer(layer) => self.show_layer(layer),
            _ => {}
        }
    }

    /// Where an epoch of the run stands.
    pub(crate) fn place_of(&self, epoch: usize) -> EpochPlace {
        let whole = EpochPlace { layer: None, epoch, epochs: self.epochs };
        self.descent.as_ref().map_or(whole, |descent| descent.place_of(epoch))
    }

    /// `epoch 3/15`, or `layer 1/4, epoch 3/15`.
    fn named(&self, EpochPlace { layer, epoch, epochs }: EpochPlace) -> String {
        let layers = self.descent.as_ref().map_or(0, Descent::pretrained_layers);
        let layer = layer.map_or(String::new(), |layer| format!("layer {layer}/{layers}, "));
        format!("{layer}epoch {epoch}/{epochs}")
    }

    fn show_layer(&self, layer: &PretrainedLayer) {
        let PretrainedLayer { layer, inputs, outputs, epochs, loss, .. } = layer;
        let layers = self.descent.as_ref().map_or(0, Descent::pretrained_layers);
        let told = format!("layer {layer}/{layers} ({inputs} to {outputs}): loss {loss:.4} after {epochs} epochs");
        self.note(told);
    }

    fn note(&self, text: String) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(text)),
            None => note(text),
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
        let place = self.place_of(record.epoch);
        let figures = format!("{}: {}{valid}", self.named(place), loss(record.train.loss, &record.train.parts));
        let sentence = match &self.bar {
            None if is_worth_a_line(place) => {
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
}

/// Why a run with fused kernels is slow.
fn without_kernel(nodes: &[&Node]) -> String {
    let named = |node: &&Node| format!("`{}` ({})", node.name, node.primitive.operation().describe());
    let layers = nodes.iter().map(named).collect::<Vec<_>>().join(", ");
    format!("no fused kernel for {layers}: that half of the network runs on composed operations, several times slower")
}

/// About twenty lines a run, however many epochs it has; half as many for a layer.
fn is_worth_a_line(EpochPlace { layer, epoch, epochs }: EpochPlace) -> bool {
    let lines = if layer.is_some() { 10 } else { 20 };
    epoch == 1 || epoch == epochs || epoch.is_multiple_of(epochs.div_ceil(lines))
}

/// `loss 105.66 (reconstruction 80.21, kl 25.45)`.
pub(crate) fn loss(total: f64, parts: &BTreeMap<String, f64>) -> String {
    let parts: Vec<String> = parts.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    // A single part is the loss itself.
    let parts = if parts.len() > 1 { format!(" ({})", parts.join(", ")) } else { String::new() };
    format!("loss {total:.4}{parts}")
}

#[cfg(test)]
mod tests {
    use narrows_trainer::{
        bundle::ElementType,
        network::{Graph, Softmax},
    };

    use super::*;

    #[test]
    fn a_layer_without_a_kernel_is_told_by_name_with_its_primitive() {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[3]);
        graph.node("encoder.mixture", Softmax, &[x]).expect("one row of numbers");
        let nodes: Vec<&Node> = graph.nodes_without_kernel().collect();
        let told = without_kernel(&nodes);
        assert!(told.starts_with("no fused kernel for `encoder.mixture` (softmax): "), "{told}");
    }
}
