//! What is said while a head is fitted, and of what came out.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use narrows_bundle::ClassifierManifest;
use narrows_trainer::transfer::{Answers, Efficiency, Event, Transferred};
use serde_json::{Value, json};

use super::Table;
use crate::{
    input::{program, quoted},
    report::{note, print, tell_epoch},
};

/// Says what happened.
pub(crate) fn tell(event: Event<'_>) {
    match event {
        Event::Decay { decay, loss } => note(format_args!("weight decay {decay:e}: loss {loss:.4} on rows held out")),
        Event::Settled(figures) => note(format_args!("head on frozen codes: {}", told_parts(figures))),
        Event::Epoch(epoch) => {
            let valid = epoch.valid_loss.map_or(String::new(), |loss| format!(", valid loss {loss:.4}"));
            let sentence = format!(
                "epoch {}/{}: loss {:.4}{valid}, {:.1} s",
                epoch.epoch, epoch.epochs, epoch.loss, epoch.seconds
            );
            tell_epoch(Some(sentence), json!(epoch));
        }
        _ => {}
    }
}

/// What came out.
pub(crate) struct Report<'a> {
    pub(crate) fitted: &'a Transferred,
    pub(crate) bundle: &'a (PathBuf, u64, ClassifierManifest),
    pub(crate) efficiency: Option<&'a Efficiency>,
    /// The flags that name the data again.
    pub(crate) data: String,
    pub(crate) time: Duration,
}

impl Report<'_> {
    /// On standard output: one object for programs, or lines for people.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json { print(format!("{:#}", self.json())) } else { print(self.text()) }
    }

    fn text(&self) -> String {
        let (folder, bytes, manifest) = self.bundle;
        let fitted = self.fitted;
        let seconds = self.time.as_secs_f64();
        let mut lines = vec![format!("{}: {} KB in {seconds:.1} s", folder.display(), bytes.div_ceil(1000))];
        let held_out = match fitted.held_out_rows {
            0 => String::new(),
            rows => format!(", {rows} held out"),
        };
        let way = match manifest.encoder.fine_tuned {
            true => "with an encoder that learned along",
            false => "on a frozen encoder",
        };
        lines.push(format!(
            "head {} {way}, {} labelled rows{held_out}, weight decay {:e}",
            fitted.config.head, fitted.fitted_rows, fitted.decay
        ));
        if let Some(best) = fitted.progress.as_ref().and_then(|progress| progress.best_epoch) {
            lines.push(format!("weights of epoch {best}, the best on the rows held out"));
        }
        if let Some(settled) = &fitted.settled {
            lines.push(format!("before fine-tuning: {}", told_parts(settled)));
        }
        for (part, answers) in &fitted.figures {
            lines.push(format!("{part}: {}", told(answers)));
        }
        if let Some(answers) = &fitted.neighbours {
            let whose = if manifest.encoder.fine_tuned { "frozen codes" } else { "codes" };
            lines.push(format!("nearest {} {whose}, no head: test {}", fitted.config.neighbours, told(answers)));
        }
        if let Some(parity) = &manifest.parity {
            for (name, graph) in [("head", &parity.head), ("whole", &parity.whole)] {
                lines.push(format!("parity of the {name} in ONNX Runtime: largest difference {graph}"));
            }
        }
        lines.extend(self.efficiency.map(|efficiency| Table(efficiency).text()));
        let (narrows, folder) = (program(), quoted(&folder.to_string_lossy()));
        lines.push("next:".to_owned());
        lines.push(format!("  {narrows} verify {folder}"));
        let data = if self.data.is_empty() { "--data digits" } else { &self.data };
        lines.push(format!("  {narrows} classify {folder} {data} --out answers.csv"));
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
                "whole": parity.whole.max_abs_difference,
            })),
            "label_efficiency": self.efficiency,
            "seconds": {
                "total": self.time.as_secs_f64(),
                "per_epoch": fitted.history.iter().map(|epoch| epoch.seconds).collect::<Vec<_>>(),
            },
        });
        for (part, answers) in &fitted.figures {
            report[*part] = json!(answers);
        }
        // The nearest codes are those of the encoder as it was.
        match &fitted.settled {
            Some(settled) => {
                report["frozen"] = json!(settled);
                report["frozen"]["neighbours"] = json!(fitted.neighbours);
            }
            None => report["neighbours"] = json!(fitted.neighbours),
        }
        report
    }
}

/// `accuracy 91.52 %, balanced accuracy 91.40 %, log loss 0.2931`.
fn told(answers: &Answers) -> String {
    let figure = |(name, value): (&&str, &f64)| {
        let name = name.replace('_', " ");
        if name.contains("accuracy") { format!("{name} {:.2} %", 100.0 * value) } else { format!("{name} {value:.4}") }
    };
    answers.iter().map(figure).collect::<Vec<_>>().join(", ")
}

fn told_parts(figures: &BTreeMap<&'static str, Answers>) -> String {
    figures.iter().map(|(part, answers)| format!("{part} {}", told(answers))).collect::<Vec<_>>().join("; ")
}
