//! How well a fitted detector finds the rows that are labelled as anomalies.

use narrows_evaluate::Ranking;
use narrows_runtime::{Autoencoder, Detector, Samples};
use serde_json::{Value, json};

use super::{Selection, computed::for_each_chunk, selected_rows::SelectedRows};
use crate::stop::Stop;

/// Figures of the rows that are labelled as anomalies against the calibration rows, none of which the detector was
/// fitted to.
#[derive(Debug, Clone)]
pub(crate) struct LabelledFigures {
    ranking: Ranking,
    /// Number of anomalies that are flagged.
    found: usize,
}

impl LabelledFigures {
    /// Runs the detector on the calibration rows and the anomalies; `None` without anomalies. `model` translates
    /// labels.
    pub(super) fn of(
        detector: &Detector,
        model: &Autoencoder,
        selection: &Selection<'_>,
        stop: &Stop,
    ) -> anyhow::Result<Option<Self>> {
        if selection.anomalies.iter().all(|rows| rows.rows.is_empty()) {
            return Ok(None);
        }
        let (mut scores, mut are_anomalies, mut found) = (Vec::new(), Vec::new(), 0);
        let mut add = |rows: &SelectedRows<'_>, is_anomaly: bool| {
            let labels = rows.labels(model)?;
            for_each_chunk(rows, stop, |range, samples| {
                let samples = match labels.as_ref().and_then(|labels| labels.get(range)) {
                    Some(labels) => Samples::from(samples.view()).labelled(labels),
                    None => Samples::from(samples.view()),
                };
                let detections = detector.detect(samples)?;
                found += if is_anomaly { detections.are_anomalies.iter().filter(|flag| **flag).count() } else { 0 };
                are_anomalies.extend(detections.scores.iter().map(|_| is_anomaly));
                scores.extend(detections.scores);
                Ok(())
            })
        };
        add(&selection.calibration, false)?;
        selection.anomalies.iter().try_for_each(|rows| add(rows, true))?;
        Ok(Some(LabelledFigures { ranking: Ranking::of(&scores, &are_anomalies), found }))
    }

    pub(super) fn text(&self) -> String {
        let Ranking { rows, anomalies, .. } = self.ranking;
        format!(
            "labelled anomalies: {} of {anomalies} found; against the {} calibration rows: {}",
            self.found,
            rows - anomalies,
            super::ranking_in_words(&self.ranking)
        )
    }

    pub(super) fn json(&self) -> Value {
        let mut object = super::ranking_json(&self.ranking);
        object["found"] = json!(self.found);
        object
    }
}
