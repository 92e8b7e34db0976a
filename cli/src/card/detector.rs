//! The anomaly detector of a bundle, as its card describes it.

use narrows_bundle::{AnomalyScore, DetectorRecord, Manifest, Role, counted};
use serde::Serialize;

use super::{label_flag::label_flag, render::render, table_example::TableOfExample};

/// What the card says of a detector.
#[derive(Debug, Serialize)]
pub(crate) struct DetectorOfCard {
    text: String,
    python: String,
    rust: String,
    /// Commands of the narrows program.
    commands: String,
}

/// What the examples need to know.
#[derive(Debug, Serialize)]
struct Code<'a> {
    graph: &'a str,
    /// Name of the input with the class.
    label: Option<&'a str>,
    /// The shape of a sample, separated by commas.
    dims: String,
    table: Option<TableOfExample>,
    level: f64,
}

impl DetectorOfCard {
    /// Describes the detector; `None` for a bundle without one.
    pub(super) fn of(manifest: &Manifest) -> anyhow::Result<Option<Self>> {
        let Some(record) = &manifest.detector else { return Ok(None) };
        let dims: Vec<String> = manifest.sample.shape.iter().map(usize::to_string).collect();
        let label = record.graph.input(Role::Label).map(|port| port.name.as_str());
        let class = manifest.classes.as_ref().and_then(|classes| classes.last()).filter(|_| label.is_some());
        let table = TableOfExample::of(&manifest.sample, class.map(String::as_str));
        let code = Code { graph: &record.graph.file, label, dims: dims.join(", "), table, level: record.level };
        let labels = label_flag(manifest, label.is_some());
        Ok(Some(DetectorOfCard {
            text: text(record),
            python: render(include_str!("detector.py.jinja"), &code)?,
            rust: render(include_str!("detector.rs.jinja"), &code)?,
            commands: format!(
                "narrows detect run . --data new.csv{labels} --reasons 3 --out detections.csv\n\
                 narrows drift . --data new.csv{labels}"
            ),
        }))
    }
}

fn text(record: &DetectorRecord) -> String {
    let DetectorRecord { level, calibration_rows, contamination, .. } = record;
    let percent = 100.0 * level;
    let promise = if *contamination > 0.0 {
        format!(
            "A fraction of {contamination} of these rows was assumed to be anomalies. Of new normal rows, it flags at most \
             {percent} %, if anomalies among the calibration rows do not have smaller scores than normal rows."
        )
    } else {
        format!(
            "Of new rows from the same distribution as the calibration rows, it flags at most {percent} %, on average over \
             calibrations (split-conformal prediction). If the data changes, this no longer holds; `narrows drift` compares \
             recent rows with the calibration rows."
        )
    };
    let parity = record.parity.as_ref().map_or(String::new(), |parity| {
        format!(
            "\n\nONNX Runtime gave {} of {} another label than the fitted detector, at {}.",
            parity.label_flips,
            counted(parity.rows, "row"),
            counted(parity.batch_sizes.len(), "batch size")
        )
    });
    format!(
        "`{}` takes a row and returns its anomaly score, its p-value, whether it is an anomaly, and the share of each value \
         in the score: {}. {promise} The smallest p-value is 1/{}.{}{parity}",
        record.graph.file,
        record.described(),
        calibration_rows + 1,
        stored(record)
    )
}

/// Returns what the graph contains of the data.
fn stored(record: &DetectorRecord) -> &'static str {
    match record.score {
        AnomalyScore::Combined => {
            " The graph contains rows of the data, to which it computes distances, or their codes if a sample has more than \
             1,024 values: whoever receives it receives them."
        }
        AnomalyScore::Neighbours => " The graph contains codes of rows of the data.",
        AnomalyScore::Whitened
        | AnomalyScore::Reconstruction
        | AnomalyScore::Density
        | AnomalyScore::Elbo
        | AnomalyScore::Likelihood => "",
    }
}
