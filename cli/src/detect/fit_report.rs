//! The report of a fit.

use std::path::Path;

use narrows_bundle::{DetectorRecord, counted};
use narrows_trainer::detector::FittedDetector;
use serde_json::{Value, json};

use super::{LabelledFigures, percent};
use crate::{
    input::{absolute_word, program},
    notes::print_json,
    report::print,
};

/// What a fit found.
pub(crate) struct FitReport<'a> {
    pub(crate) fitted: &'a FittedDetector,
    /// The record with the comparison in ONNX Runtime.
    pub(crate) record: &'a DetectorRecord,
    /// Figures of labelled rows, if there are any.
    pub(crate) labelled: Option<&'a LabelledFigures>,
    /// Number of rows that were left out of the fit as likely anomalies.
    pub(crate) left_out: usize,
    /// Whether the rows are windows of a recording.
    pub(crate) is_recording: bool,
    /// The flags that read the rows again.
    pub(crate) data: Option<String>,
    /// Where the bundle is.
    pub(crate) bundle: &'a Path,
}

impl FitReport<'_> {
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        match json {
            true => print_json(self.json()),
            false => print(self.text()),
        }
    }

    fn text(&self) -> String {
        let FitReport { fitted, record, left_out, .. } = self;
        let mut lines = vec![
            format!(
                "score: {}, fitted to {}{}",
                record.score.name(),
                counted(record.fitted_rows, "row"),
                match left_out {
                    0 => String::new(),
                    left_out => format!("; {} far from the others left out", counted(*left_out, "row")),
                }
            ),
            format!(
                "threshold: {} for a false-alarm rate of {} %, calibrated on {}; {:.2} % of them are above it",
                record.threshold_text(),
                percent(record.level),
                counted(record.calibration_rows, "row"),
                100.0 * fitted.calibration_alarms
            ),
            format!("smallest false-alarm rate that so many rows allow: {} %", percent(fitted.smallest_level)),
            self.guarantee(),
        ];
        if let Some(labelled) = self.labelled {
            lines.push(labelled.text());
        }
        if let Some(parity) = &record.parity {
            lines.push(format!(
                "check in ONNX Runtime over {} at {}: {} and {} within 1e-4 of the threshold; largest difference of a \
                 score {}",
                counted(parity.rows, "row"),
                counted(parity.batch_sizes.len(), "batch size"),
                counted(parity.label_flips, "label flip"),
                counted(parity.near_rows, "row"),
                parity.score
            ));
        }
        lines.push(format!("wrote {}", self.bundle.display()));
        lines.push("next:".to_owned());
        lines.extend(self.next_commands().into_iter().map(|command| format!("  {command}")));
        lines.join("\n")
    }

    /// States what the threshold promises.
    fn guarantee(&self) -> String {
        let level = percent(self.record.level);
        if self.record.contamination > 0.0 {
            return format!(
                "guarantee: at most {level} % of new normal rows are flagged, if anomalies among the calibration rows do not \
                 have smaller scores than normal rows; if they have larger ones, fewer rows are flagged"
            );
        }
        let windows = match self.is_recording {
            true => "; neighbouring windows of a recording resemble each other, so for them it holds approximately",
            false => "",
        };
        format!(
            "guarantee: of new rows from the distribution of the calibration rows, at most {level} % are flagged, on average \
             over calibrations (split-conformal){windows}"
        )
    }

    fn json(&self) -> Value {
        let FitReport { fitted, record, .. } = self;
        json!({
            // A path need not be UTF-8.
            "bundle": self.bundle.to_string_lossy(),
            "detector": record,
            "left_out_rows": self.left_out,
            "smallest_level": fitted.smallest_level,
            "calibration_alarms": fitted.calibration_alarms,
            "guarantee": self.guarantee(),
            "labelled": self.labelled.map(LabelledFigures::json),
        })
    }

    /// Returns commands that use the detector and can be pasted into a shell.
    fn next_commands(&self) -> Vec<String> {
        let (narrows, bundle) = (program(), absolute_word(self.bundle));
        let verify = format!("{narrows} verify {bundle}");
        match &self.data {
            None => vec![verify],
            Some(data) => vec![
                verify,
                format!("{narrows} detect run {bundle} {data} --reasons 3 --out detections.csv"),
                format!("{narrows} drift {bundle} {data}"),
            ],
        }
    }
}
