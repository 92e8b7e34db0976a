//! What came out of a run: the figures, the curves, and what to do next.

use std::{path::PathBuf, time::Duration};

use narrows_bundle::Manifest;
use narrows_trainer::{Figures, Fitted, Method, PretrainedLayer};
use serde_json::{Value, json};

use super::{Session, curves::unit};
use crate::{
    input::{program, quoted},
    progress::loss,
    report::print,
};

/// What came out.
pub(crate) struct Report<'a> {
    pub(crate) session: &'a Session,
    pub(crate) fitted: &'a Fitted,
    /// Folder, size in bytes and manifest, where a bundle was made.
    pub(crate) bundle: Option<&'a (PathBuf, u64, Manifest)>,
}

impl Report<'_> {
    /// On standard output: one object for programs, or lines for people.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json { print(format!("{:#}", self.json())) } else { print(self.text()) }
    }

    fn text(&self) -> String {
        let folder = self.session.run.folder();
        let total = self.session.start.elapsed().as_secs_f64();
        let mut lines = vec![match self.bundle {
            Some((bundle, bytes, _)) => {
                format!("{}: {} KB in {total:.1} s (run: {})", bundle.display(), bytes.div_ceil(1000), folder.display())
            }
            None => format!("{}: {total:.1} s", folder.display()),
        }];
        if let Some(progress) = self.fitted.progress.as_ref().filter(|progress| !progress.finished) {
            lines.push(format!("the run was broken off after {} epochs, and this is where it stood", progress.epochs));
        }
        if let (Method::Descent(descent), Some(progress)) = (&self.fitted.config.method, &self.fitted.progress)
            && let Some(best) = progress.best_epoch
        {
            let is_early = progress.finished && progress.epochs < descent.all_epochs();
            let told = if is_early { "stopped early, weights" } else { "weights" };
            let best = descent.place_of(best).epoch;
            lines.push(format!("{told} of epoch {best}, the best on the rows held out"));
        }
        for PretrainedLayer { layer, inputs, outputs, epochs, loss, .. } in &self.fitted.pretrained {
            lines.push(format!("layer {layer} ({inputs} to {outputs}): loss {loss:.4} after {epochs} epochs alone"));
        }
        for (part, figures) in self.figures() {
            lines.push(format!(
                "{part}: {} {}, mse {:.6}",
                loss(figures.loss, &figures.parts),
                unit(self.fitted),
                figures.mse
            ));
        }
        if let Some(parity) = self.bundle.and_then(|(_, _, manifest)| manifest.parity.as_ref()) {
            for (name, graph) in [("encoder", &parity.encoder), ("decoder", &parity.decoder)] {
                lines.push(format!("parity of the {name} in ONNX Runtime: largest difference {graph}"));
            }
        }
        lines.push("next:".to_owned());
        lines.extend(self.next().into_iter().map(|command| format!("  {command}")));
        lines.join("\n")
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

    /// Commands that work on what came out as they stand.
    fn next(&self) -> Vec<String> {
        let narrows = program();
        let Some((bundle, _, manifest)) = self.bundle else {
            return vec![format!("{narrows} export {}", quoted(&self.session.run.folder().to_string_lossy()))];
        };
        let bundle = quoted(&bundle.to_string_lossy());
        let third = third(&narrows, &bundle, manifest);
        let data = super::data::flags(&self.fitted.config.data.reading);
        vec![format!("{narrows} verify {bundle}"), format!("{narrows} encode {bundle} {data} --out codes.npy"), third]
    }
}

fn third(narrows: &str, bundle: &str, manifest: &Manifest) -> String {
    if manifest.prior.is_some() {
        let format = if narrows_evaluate::is_picture(&manifest.sample.shape) { "png" } else { "csv" };
        format!("{narrows} generate {bundle} --count 64 --out samples.{format}")
    } else {
        format!("{narrows} inspect {bundle}")
    }
}
