//! Report of a run: metrics, parity, and commands to run next.

use std::{path::PathBuf, time::Duration};

use narrows_bundle::{Manifest, counted};
use narrows_evaluate::Picture;
use narrows_trainer::{Figures, Fitted, PretrainedLayer, internals::Method};
use serde_json::{Value, json};

use super::{
    Session,
    curves::unit,
    data::{data_flags, data_flags_of_model},
};
use crate::{
    columns::fitted_columns,
    input::{absolute_word, program},
    notes::print_json,
    progress::loss,
    report::print,
};

/// Results of a run.
pub(crate) struct Report<'a> {
    pub(crate) session: &'a Session,
    pub(crate) fitted: &'a Fitted,
    /// Folder, size in bytes and manifest of the bundle, if one was written.
    pub(crate) bundle: Option<&'a (PathBuf, u64, Manifest)>,
}

impl Report<'_> {
    /// Prints the report on standard output, as one JSON object or as text.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json { print_json(self.json()) } else { print(self.text()) }
    }

    fn text(&self) -> String {
        let folder = self.session.run.folder();
        let total = self.session.start.elapsed().as_secs_f64();
        let mut lines = vec![match self.bundle {
            Some((bundle, bytes, _)) => {
                let size = bytes.div_ceil(1000);
                format!("{}: {size} KB, written after {total:.1} s (run: {})", bundle.display(), folder.display())
            }
            None => format!("{}: {total:.1} s in total", folder.display()),
        }];
        lines.extend(self.unfinished());
        if let (Method::Descent(descent), Some(progress)) = (&self.fitted.config.method, &self.fitted.progress)
            && let Some(best) = progress.best_epoch
        {
            let is_early = progress.finished && progress.epochs < descent.all_epochs();
            let prefix = if is_early { "stopped early, weights" } else { "weights" };
            let best = descent.place_of(best).epoch;
            lines.push(format!("{prefix} of epoch {best}, the best on the validation rows"));
        }
        for PretrainedLayer { layer, inputs, outputs, epochs, loss, .. } in &self.fitted.pretrained {
            lines.push(format!(
                "layer {layer} ({inputs} to {outputs}): loss {loss:.4} after {} of pretraining",
                counted(*epochs, "epoch")
            ));
        }
        if let Method::Descent(_) = self.fitted.config.method {
            lines.push(
                "final weights (the losses of the epochs above are averages while the weights change):".to_owned(),
            );
        }
        for (part, figures) in self.figures() {
            lines.push(format!(
                "{part}: {} {}, mse {:.6}",
                loss(figures.loss, &figures.parts),
                unit(self.fitted),
                figures.mse
            ));
        }
        if let Some((part, figures)) = self.figures().last() {
            lines.extend(fitted_columns(part, figures));
        }
        if let Some(parity) = self.bundle.and_then(|(_, _, manifest)| manifest.parity.as_ref()) {
            for (name, graph, unit) in
                [("encoder", &parity.encoder, ""), ("decoder", &parity.decoder, " (unit of the data)")]
            {
                lines.push(format!("parity of the {name} in ONNX Runtime: largest difference {graph}{unit}"));
            }
        }
        lines.push("next:".to_owned());
        lines.extend(self.next_commands().into_iter().map(|command| format!("  {command}")));
        lines.join("\n")
    }

    /// Says which checkpoint the model comes from, if it is not that of the end of the run.
    fn unfinished(&self) -> Option<String> {
        let progress = self.fitted.progress.as_ref().filter(|progress| !progress.finished)?;
        let Method::Descent(descent) = &self.fitted.config.method else { return None };
        let why = match self.session.skipped {
            0 => "the run was interrupted",
            1 => "the newer checkpoint is damaged",
            _ => "the newer checkpoints are damaged",
        };
        let all = counted(descent.all_epochs(), "epoch");
        Some(format!("this is the model after {} of {all} (step {}): {why}", progress.epochs, progress.steps))
    }

    fn json(&self) -> Value {
        let total = self.session.start.elapsed().as_secs_f64();
        let per_epoch: Vec<f64> = self.session.per_epoch.iter().map(Duration::as_secs_f64).collect();
        let mut report = json!({
            "kind": self.fitted.config.kind(),
            // A path need not be UTF-8.
            "run": self.session.run.folder().to_string_lossy(),
            "progress": self.fitted.progress,
            "remarks": self.fitted.remarks(),
            "seconds": { "total": total, "per_epoch": per_epoch },
        });
        if let Method::Descent(descent) = &self.fitted.config.method {
            report["device"] = json!(descent.computation.device.to_string());
        }
        if let Some(loaded) = &self.fitted.config.moments {
            report["moments"] = json!(loaded.record());
        }
        if !self.fitted.pretrained.is_empty() {
            report["pretrain"] = json!(self.fitted.pretrained);
        }
        if let Some((bundle, bytes, manifest)) = self.bundle {
            report["bundle"] = json!(bundle.to_string_lossy());
            report["bytes"] = json!(bytes);
            report["parity"] = json!(manifest.parity.as_ref().map(|parity| json!({
                "encoder": parity.encoder.max_abs_difference,
                "decoder": parity.decoder.max_abs_difference,
            })));
        }
        for (part, figures) in self.figures() {
            let mut object = json!({ "mse": figures.mse, "unit": unit(self.fitted) });
            for (name, value) in figures.named() {
                object[name] = json!(value);
            }
            report[part] = object;
        }
        report
    }

    fn figures(&self) -> impl Iterator<Item = (&'static str, &Figures)> {
        let Fitted { train, valid, test, .. } = self.fitted;
        let parts = [("train", Some(train)), ("valid", valid.as_ref()), ("test", test.as_ref())];
        parts.into_iter().filter_map(|(part, figures)| figures.map(|figures| (part, figures)))
    }

    /// Returns commands that use the result and can be pasted into a shell.
    fn next_commands(&self) -> Vec<String> {
        let narrows = program();
        let reading = &self.fitted.config.data.reading;
        let Some((bundle, _, manifest)) = self.bundle else {
            let folder = absolute_word(self.session.run.folder());
            // The export reads the data again.
            return match data_flags(reading) {
                Some(_) => vec![format!("{narrows} export {folder}")],
                None => vec![format!("{narrows} export {folder} --data FILE (with the rows of standard input)")],
            };
        };
        let bundle = absolute_word(bundle);
        let last = generate_or_inspect(&narrows, &bundle, manifest);
        let encode =
            data_flags_of_model(reading).map(|data| format!("{narrows} encode {bundle} {data} --out codes.npy"));
        [format!("{narrows} verify {bundle}")].into_iter().chain(encode).chain([last]).collect()
    }
}

/// Returns the command to generate samples if the model has a prior, otherwise the command to inspect the bundle.
fn generate_or_inspect(narrows: &str, bundle: &str, manifest: &Manifest) -> String {
    if manifest.prior.is_some() || manifest.sampler.is_some() {
        let format = if Picture::of(&manifest.sample).accepts(&manifest.sample.shape) { "png" } else { "csv" };
        format!("{narrows} generate {bundle} --count 64 --out samples.{format}")
    } else {
        format!("{narrows} inspect {bundle}")
    }
}
