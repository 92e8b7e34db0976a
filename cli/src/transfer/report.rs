//! Progress messages while a head is fitted, and the final report.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use narrows_bundle::{ClassifierManifest, Contract, counted};
use narrows_trainer::transfer::{Efficiency, Event, Metrics, Transferred};
use serde_json::{Value, json};

use super::Table;
use crate::{
    input::{absolute_word, program},
    notes::print_json,
    report::{note, print, report_epoch},
};

/// Prints an event of the fit.
pub(crate) fn print_event(event: Event<'_>) {
    match event {
        Event::Decay { decay, loss } => {
            note(format_args!("weight decay {decay:e}: loss {loss:.4} on held-out rows"));
        }
        Event::HeadFitted(figures) => note(format_args!("head on frozen codes: {}", format_parts(figures))),
        Event::Epoch(epoch) => {
            let valid = epoch.valid_loss.map_or(String::new(), |loss| format!(", validation loss {loss:.4}"));
            let sentence = format!(
                "epoch {}/{}: loss {:.4}{valid}, {:.1} s",
                epoch.epoch, epoch.epochs, epoch.loss, epoch.seconds
            );
            report_epoch(Some(sentence), json!(epoch));
        }
        _ => {}
    }
}

/// Results of a transfer.
pub(crate) struct Report<'a> {
    pub(crate) fitted: &'a Transferred,
    pub(crate) bundle: &'a (PathBuf, u64, ClassifierManifest),
    pub(crate) efficiency: Option<&'a Efficiency>,
    /// Flags that read the data for `classify`: its test part if it has one.
    pub(crate) data: Option<String>,
    pub(crate) time: Duration,
}

impl Report<'_> {
    /// Prints the report on standard output, as one JSON object or as text.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json { print_json(self.json()) } else { print(self.text()) }
    }

    fn text(&self) -> String {
        let (folder, bytes, manifest) = self.bundle;
        let fitted = self.fitted;
        let seconds = self.time.as_secs_f64();
        let size = bytes.div_ceil(1000);
        let mut lines = vec![format!("{}: {size} KB, written after {seconds:.1} s", folder.display())];
        let held_out = match fitted.held_out_rows {
            0 => String::new(),
            rows => format!(" and {}", counted(rows, "validation row")),
        };
        let encoder = match manifest.encoder.fine_tuned {
            true => "with a fine-tuned encoder",
            false => "on a frozen encoder",
        };
        let chosen = if fitted.trials.is_empty() { "" } else { ", which has the lowest loss on held-out rows" };
        lines.push(format!(
            "head {} {encoder}, trained on {}{held_out}, weight decay {:e}{chosen}",
            fitted.config.head,
            counted(fitted.fitted_rows, "training row"),
            fitted.decay
        ));
        if let Some(best) = fitted.progress.as_ref().and_then(|progress| progress.best_epoch) {
            lines.push(format!("weights of epoch {best}, the best on the validation rows"));
        }
        if let Some(frozen) = &fitted.frozen_figures {
            lines.push(format!("before fine-tuning: {}", format_parts(frozen)));
        }
        for (part, metrics) in &fitted.figures {
            lines.push(format!("{part}: {}", format_figures(metrics)));
        }
        if let Some(metrics) = &fitted.neighbours {
            let codes = if manifest.encoder.fine_tuned { "frozen codes" } else { "codes" };
            let neighbours = counted(fitted.config.neighbours, "nearest neighbour");
            lines.push(format!("{neighbours} on {codes}: test {}", format_figures(metrics)));
        }
        if let Some(parity) = &manifest.parity {
            for (name, graph) in manifest.graph_names().into_iter().zip([&parity.head, &parity.end_to_end]) {
                lines.push(format!("parity of the {name} in ONNX Runtime: largest difference {graph}"));
            }
        }
        lines.extend(self.efficiency.map(|efficiency| Table(efficiency).text()));
        let (narrows, folder) = (program(), absolute_word(folder));
        lines.push("next:".to_owned());
        lines.push(format!("  {narrows} verify {folder}"));
        let classify = |data| format!("  {narrows} classify {folder} {data} --out predictions.csv");
        lines.extend(self.data.as_ref().map(classify));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let (folder, bytes, manifest) = self.bundle;
        let fitted = self.fitted;
        let mut report = json!({
            "bundle": folder.to_string_lossy(),
            "bytes": bytes,
            "kind": manifest.kind,
            "head": fitted.config.head,
            "standardise": fitted.config.standardise.name(),
            "fine_tuned": manifest.encoder.fine_tuned,
            "fitted_rows": fitted.fitted_rows,
            "held_out_rows": fitted.held_out_rows,
            "weight_decay": fitted.decay,
            "trials": fitted.trials.iter().map(|(decay, loss)| json!({ "weight_decay": decay, "loss": loss })).collect::<Vec<_>>(),
            "progress": fitted.progress,
            "parity": manifest.parity.as_ref().map(|parity| json!({
                "head": parity.head.max_abs_difference,
                "whole": parity.end_to_end.max_abs_difference,
            })),
            "label_efficiency": self.efficiency,
            "seconds": {
                "total": self.time.as_secs_f64(),
                "per_epoch": fitted.history.iter().map(|epoch| epoch.seconds).collect::<Vec<_>>(),
            },
        });
        for (part, metrics) in &fitted.figures {
            report[*part] = json!(metrics);
        }
        // The nearest neighbours are those of the frozen encoder, before fine-tuning.
        match &fitted.frozen_figures {
            Some(frozen) => {
                report["frozen"] = json!(frozen);
                report["frozen"]["neighbours"] = json!(fitted.neighbours);
            }
            None => report["neighbours"] = json!(fitted.neighbours),
        }
        report
    }
}

/// Formats figures: `accuracy 91.52 %, balanced accuracy 91.40 %, log loss 0.2931`.
fn format_figures(metrics: &Metrics) -> String {
    let format_figure = |(name, value): (&String, &f64)| {
        let (figure, target) =
            name.split_once('.').map_or((name.as_str(), None), |(figure, target)| (figure, Some(target)));
        let figure = match figure {
            "r2" => "R squared".to_owned(),
            "rmse" => "root mean squared error".to_owned(),
            name => name.replace('_', " "),
        };
        let name = target.map_or(figure.clone(), |target| format!("{figure} of {target}"));
        if name.contains("accuracy") { format!("{name} {:.2} %", 100.0 * value) } else { format!("{name} {value:.4}") }
    };
    metrics.iter().map(format_figure).collect::<Vec<_>>().join(", ")
}

/// Formats the figures of each part.
fn format_parts(figures: &BTreeMap<&'static str, Metrics>) -> String {
    figures.iter().map(|(part, metrics)| format!("{part} {}", format_figures(metrics))).collect::<Vec<_>>().join("; ")
}
