//! The anomaly detector: the scores of its calibration rows, and the threshold.

use maud::html;
use narrows_evaluate::{Threshold, histogram};
use narrows_runtime::bundle::counted;

use crate::{chart::chart, error::PageError, frame::Section, gathered::Gathered, number::short};

/// Returns the section; `None` for a bundle without a detector.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    let (Some(record), Some(scores)) = (&gathered.manifest.detector, &gathered.about.calibration_scores) else {
        return Ok(None);
    };
    let percent = 100.0 * record.level;
    let threshold = Threshold { name: format!("threshold for {percent} %"), value: record.threshold };
    let values: Vec<f64> = scores.iter().copied().map(f64::from).collect();
    let rows = counted(record.calibration_rows, "calibration row");
    let svg = histogram(&format!("Scores of {rows}"), "anomaly score", &values, &[threshold])?;
    let body = html! {
        p {
            "The bundle contains an anomaly detector: " (record.described()) ". Its threshold lies such that of new rows like \
             the calibration rows at most " (percent) "\u{a0}% are flagged, on average over calibrations. The smallest \
             p-value is 1/" (record.calibration_rows + 1) ". Shares and reasons of single rows are written by "
            code { "narrows detect run" } "."
        }
        (chart(&svg, &format!("Histogram of the scores of {rows} with the threshold {}", short(record.threshold))))
    };
    Ok(Some(Section { id: "detector", title: "Anomaly detector".to_owned(), body }))
}
