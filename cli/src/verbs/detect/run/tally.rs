//! How many rows are anomalies, against how many are expected, and against labels.

use std::collections::HashMap;

use narrows_bundle::counted;
use narrows_data::Labels;
use narrows_evaluate::Ranking;
use narrows_runtime::{Detections, Detector};
use serde_json::{Value, json};

use crate::{
    detect::{AnomalyClass, percent as percent_of, ranking_in_words, ranking_json},
    input::InputStream,
    report::{join_first, note, warn},
};

/// Counts of the rows so far.
pub(super) struct Tally {
    level: f64,
    /// What a row is: a row or a window.
    noun: &'static str,
    rows: usize,
    anomalies: usize,
    not_finite: usize,
    labelled: Option<Labelled>,
}

/// Scores and labels of the rows so far.
struct Labelled {
    class: AnomalyClass,
    spec: String,
    scores: Vec<f32>,
    flags: Vec<bool>,
    /// Index in `names` of the label of every row.
    labels: Vec<u32>,
    names: Vec<String>,
    indices: HashMap<String, u32>,
}

impl Tally {
    /// Starts to count. Labels are compared if there are any, unless they are the model's input and the user did not
    /// name the class of anomalies.
    pub(super) fn of(detector: &Detector, rows: &InputStream<'_>, class: AnomalyClass) -> anyhow::Result<Self> {
        let (level, record) = (detector.level(), detector.record());
        let smallest = 1.0 / (record.calibration_rows as f64 + 1.0);
        if level < smallest {
            warn(format_args!(
                "the smallest p-value after a calibration on {} is {smallest:.3e}, so no row is an anomaly at the level \
                 {level}; calibrate on more rows",
                counted(record.calibration_rows, "row")
            ));
        }
        if class.is_named() && !rows.has_labels() {
            anyhow::bail!(
                "--anomaly-class needs labels, but `{}` has none; name them with --labels or --label-column",
                rows.spec()
            );
        }
        let labelled = (rows.has_labels() && (class.is_named() || !detector.takes_labels())).then(|| Labelled {
            class,
            spec: rows.spec().to_owned(),
            scores: Vec::new(),
            flags: Vec::new(),
            labels: Vec::new(),
            names: Vec::new(),
            indices: HashMap::new(),
        });
        let noun = if rows.windows().is_some() { "window" } else { "row" };
        Ok(Tally { level, noun, rows: 0, anomalies: 0, not_finite: 0, labelled })
    }

    /// Adds a batch.
    pub(super) fn add(&mut self, detections: &Detections, labels: Option<&Labels>) {
        self.rows += detections.are_anomalies.len();
        self.anomalies += detections.are_anomalies.iter().filter(|flag| **flag).count();
        self.not_finite += detections.scores.iter().filter(|score| !score.is_finite()).count();
        if let (Some(labelled), Some(labels)) = (&mut self.labelled, labels) {
            labelled.scores.extend(&detections.scores);
            labelled.flags.extend(&detections.are_anomalies);
            for row in 0..labels.len() {
                let name = labels.name(row);
                let next = labelled.names.len() as u32;
                let index = match labelled.indices.get(name.as_ref()) {
                    Some(&index) => index,
                    None => {
                        labelled.names.push(name.clone().into_owned());
                        labelled.indices.insert(name.into_owned(), next);
                        next
                    }
                };
                labelled.labels.push(index);
            }
        }
    }

    /// Ends the count. `described` is the number of rows with the parts they come from.
    pub(super) fn finish(self, described: &str) -> anyhow::Result<Found> {
        if self.not_finite > 0 {
            note(format_args!(
                "the score of {} is not finite; such rows are anomalies, and their cells in a table are empty",
                counted(self.not_finite, "row")
            ));
        }
        let labelled = self.labelled.map(Labelled::figures).transpose()?.flatten();
        let Tally { level, noun, rows, anomalies, not_finite, .. } = self;
        Ok(Found { level, noun, rows, anomalies, not_finite, described: described.to_owned(), labelled })
    }
}

impl Labelled {
    fn figures(self) -> anyhow::Result<Option<LabelledFound>> {
        if !self.class.is_said_by(&self.names) {
            if !self.names.is_empty() {
                note(format_args!(
                    "the labels of `{}` ({}) are not 0 and 1, so they do not say which rows are anomalies; name the label of \
                     anomalies with --anomaly-class NAME",
                    self.spec,
                    join_first(&self.names)
                ));
            }
            return Ok(None);
        }
        let indices = self.class.indices_in(&self.names, &self.spec)?;
        let are_anomalies: Vec<bool> = self.labels.iter().map(|&label| indices.contains(&(label as usize))).collect();
        let count = |is_anomaly: bool| {
            let pairs = self.flags.iter().zip(&are_anomalies);
            pairs.filter(|(flag, label)| **flag && **label == is_anomaly).count()
        };
        let ranking = Ranking::of(&self.scores, &are_anomalies);
        Ok(Some(LabelledFound { class: self.class, found: count(true), false_alarms: count(false), ranking }))
    }
}

/// What was found.
pub(super) struct Found {
    level: f64,
    noun: &'static str,
    rows: usize,
    anomalies: usize,
    not_finite: usize,
    described: String,
    labelled: Option<LabelledFound>,
}

struct LabelledFound {
    class: AnomalyClass,
    found: usize,
    false_alarms: usize,
    ranking: Ranking,
}

impl Found {
    pub(super) fn text(&self) -> String {
        let percent = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
        let are = if self.anomalies == 1 { "is an anomaly" } else { "are anomalies" };
        let mut text = format!(
            "{} of {} {are} ({:.2} %); about {} ({} %) are expected if all are normal",
            self.anomalies,
            self.described,
            percent(self.anomalies, self.rows),
            format!("{:.1}", self.level * self.rows as f64).trim_end_matches(".0"),
            percent_of(self.level)
        );
        if let Some(LabelledFound { class, found, false_alarms, ranking }) = &self.labelled {
            let normal = ranking.rows - ranking.anomalies;
            text += &format!(
                "\nlabels (`{}` is an anomaly): {found} of {} found, {false_alarms} of {} flagged ({:.2} %); {}",
                class.name(),
                counted(ranking.anomalies, &format!("labelled {}", self.noun)),
                counted(normal, &format!("normal {}", self.noun)),
                percent(*false_alarms, normal),
                ranking_in_words(ranking)
            );
        }
        text
    }

    pub(super) fn json(&self, highest: Option<Value>) -> Value {
        let labelled = self.labelled.as_ref().map(|labelled| {
            let mut object = ranking_json(&labelled.ranking);
            object["found"] = json!(labelled.found);
            object["false_alarms"] = json!(labelled.false_alarms);
            object
        });
        let mut report = json!({
            "rows": self.rows,
            "level": self.level,
            "anomalies": self.anomalies,
            "expected": self.level * self.rows as f64,
            "not_finite": self.not_finite,
            "labelled": labelled,
        });
        if let Some(highest) = highest {
            report["highest"] = highest;
        }
        report
    }
}
