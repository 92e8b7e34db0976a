//! The rows that are labelled as anomalies: neither fitted nor calibrating.

use anyhow::bail;
use narrows_bundle::counted;

use super::{AnomalyClass, selected_rows::SelectedRows, sources::RowSources};
use crate::report::{join_first, note};

/// What the labels of the data are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelUse {
    /// The model takes them.
    Input,
    /// They may say which rows are anomalies.
    Figures,
}

/// Finds the rows that are labelled as anomalies.
pub(super) struct AnomalyRows {
    /// Their label; `None` if the labels are the input of the model, and the user named no label.
    class: Option<AnomalyClass>,
}

impl AnomalyRows {
    pub(super) fn of(sources: &RowSources, labels: LabelUse) -> Self {
        let class = sources.anomaly_class();
        AnomalyRows { class: (labels == LabelUse::Figures || class.is_named()).then_some(class) }
    }

    /// Returns for every row of the part whether it is an anomaly; `None` if no row is.
    ///
    /// # Errors
    /// If the user named a label, and there are no labels or not this one.
    pub(super) fn among(&self, rows: &SelectedRows<'_>) -> anyhow::Result<Option<Vec<bool>>> {
        let Some(class) = &self.class else { return Ok(None) };
        let Some(labels) = &rows.part.labels else {
            if class.is_named() {
                bail!(
                    "--anomaly-class needs labels, but `{}` has none; name them with --labels or --label-column",
                    rows.spec
                );
            }
            return Ok(None);
        };
        let indices = class.indices_in(rows.classes, &rows.spec)?;
        let is_anomaly = |&label: &u32| indices.contains(&(label as usize));
        Ok((!indices.is_empty()).then(|| labels.iter().map(is_anomaly).collect()))
    }

    /// Says so if there are labels that do not say which rows are anomalies.
    fn note_unknown(&self, rows: &SelectedRows<'_>) {
        let says_nothing = |class: &AnomalyClass| rows.part.labels.is_some() && !class.is_said_by(rows.classes);
        if self.class.as_ref().is_some_and(says_nothing) {
            note(format_args!(
                "the labels of `{}` ({}) are not 0 and 1, so they do not say which rows are anomalies, and all rows count \
                 as normal; name the label of anomalies with --anomaly-class NAME",
                rows.spec,
                join_first(rows.classes)
            ));
        }
    }

    /// Moves the anomalies out of the fitted and the calibration rows, and says how many.
    pub(super) fn removed_from<'a>(
        &self,
        mut fitted: SelectedRows<'a>,
        mut calibration: SelectedRows<'a>,
    ) -> anyhow::Result<(SelectedRows<'a>, SelectedRows<'a>, Vec<SelectedRows<'a>>)> {
        let mut anomalies: Vec<SelectedRows<'a>> = Vec::new();
        self.note_unknown(&fitted);
        if calibration.spec != fitted.spec {
            self.note_unknown(&calibration);
        }
        for rows in [&mut fitted, &mut calibration] {
            let flags = match self.among(rows) {
                // A file of normal rows may lack the label, or all labels.
                Err(_) if anomalies.iter().any(|found| !found.rows.is_empty()) => None,
                outcome => outcome?,
            };
            let Some(flags) = flags else { continue };
            let is_anomaly = |row: &usize| flags.get(*row).is_some_and(|&flag| flag);
            let (found, normal): (Vec<usize>, Vec<usize>) = rows.rows.iter().copied().partition(is_anomaly);
            if normal.is_empty() && !found.is_empty() {
                bail!(
                    "all {} of `{}` have the label `{}` of anomalies, and a detector is fitted to normal rows",
                    counted(found.len(), "row"),
                    rows.spec,
                    self.class.as_ref().map_or("", AnomalyClass::name)
                );
            }
            rows.rows = normal;
            anomalies.push(rows.with_rows(found));
        }
        let count: usize = anomalies.iter().map(|rows| rows.rows.len()).sum();
        if count > 0 {
            let what = match fitted.part.values.windows() {
                Some(_) => format!("{}, whose last time step has", counted(count, "window")),
                None => format!("{} with", counted(count, "row")),
            };
            note(format_args!(
                "{what} the label `{}`, are used neither for fitting nor for calibrating, only for the figures",
                self.class.as_ref().map_or("", AnomalyClass::name)
            ));
        }
        Ok((fitted, calibration, anomalies))
    }
}
