//! Which label marks an anomaly.

use anyhow::bail;

use crate::report::join_first;

/// Which label marks an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnomalyClass {
    /// The label that the user named.
    Named(String),
    /// The label 1, if all labels are 0 or 1.
    One,
}

impl AnomalyClass {
    /// Returns the class that the user named with --anomaly-class, otherwise the label 1.
    pub(crate) fn of(named: Option<&str>) -> Self {
        named.map_or(AnomalyClass::One, |name| AnomalyClass::Named(name.to_owned()))
    }

    /// Returns whether the user named the label.
    pub(crate) fn is_named(&self) -> bool {
        match self {
            AnomalyClass::Named(_) => true,
            AnomalyClass::One => false,
        }
    }

    /// Returns the indices of the anomalies' class among the names of the labels that occur, several if the label 1 is
    /// written in several ways; none if the labels do not say which rows are anomalies, or no row is.
    ///
    /// # Errors
    /// If no label has the name that the user gave.
    pub(crate) fn indices_in(&self, labels: &[String], spec: &str) -> anyhow::Result<Vec<usize>> {
        let indices = |is_anomaly: &dyn Fn(&String) -> bool| {
            let labels = labels.iter().enumerate();
            labels.filter(|(_, label)| is_anomaly(label)).map(|(index, _)| index).collect::<Vec<_>>()
        };
        match self {
            AnomalyClass::Named(name) => match indices(&|label| label == name) {
                found if found.is_empty() => {
                    bail!("no row of `{spec}` has the label `{name}`; its labels are {}", join_first(labels))
                }
                found => Ok(found),
            },
            AnomalyClass::One if self.is_said_by(labels) => Ok(indices(&|label| number(label) == Some(1.0))),
            AnomalyClass::One => Ok(Vec::new()),
        }
    }

    /// Returns whether labels with these names say which rows are anomalies, although perhaps none is.
    pub(crate) fn is_said_by(&self, labels: &[String]) -> bool {
        let is_0_or_1 = |label: &String| number(label).is_some_and(|number| number == 0.0 || number == 1.0);
        match self {
            AnomalyClass::Named(_) => true,
            AnomalyClass::One => !labels.is_empty() && labels.iter().all(is_0_or_1),
        }
    }

    /// Returns the name of the label.
    pub(crate) fn name(&self) -> &str {
        match self {
            AnomalyClass::Named(name) => name,
            AnomalyClass::One => "1",
        }
    }
}

/// Reads a label like `1.0` as a number.
fn number(label: &str) -> Option<f64> {
    label.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_1_marks_anomalies_only_if_all_labels_are_0_or_1() {
        let indices = |named, labels: &[&str]| {
            let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
            AnomalyClass::of(named).indices_in(&labels, "t.csv").map_err(|error| error.to_string())
        };
        assert_eq!(indices(None, &["0", "1"]), Ok(vec![1]));
        assert_eq!(indices(None, &["1"]), Ok(vec![0]));
        assert_eq!(indices(None, &["0"]), Ok(vec![]));
        assert_eq!(indices(None, &["0", "1", "2"]), Ok(vec![]));
        assert_eq!(indices(None, &["1.000", "0.0", "1"]), Ok(vec![0, 2]));
        assert_eq!(indices(None, &["0", "1.5"]), Ok(vec![]));
        assert_eq!(indices(Some("bad"), &["bad", "good"]), Ok(vec![0]));
        let missing = indices(Some("worse"), &["bad", "good"]);
        assert_eq!(missing, Err("no row of `t.csv` has the label `worse`; its labels are bad, good".to_owned()));
    }
}
