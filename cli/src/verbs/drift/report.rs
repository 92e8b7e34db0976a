//! The report of a comparison.

use anyhow::bail;
use narrows_bundle::counted;
use narrows_evaluate::{CategoryDrift, Drift};
use narrows_runtime::Detector;
use serde_json::{Value, json};

use super::comparison::{ColumnDrift, Comparison};
use crate::{detect::percent, report::join_first, table::table};

/// Number of columns that are shown as text.
const SHOWN: usize = 20;

/// A shift counts only if the p-value of the Kolmogorov-Smirnov test is below this: of few rows, the PSI is large by
/// chance.
const SIGNIFICANT: f64 = 0.01;
/// More rows are flagged than are expected if their fraction is more than this number of standard deviations above the
/// level.
const DEVIATIONS: f64 = 3.0;

/// How large a shift is by the rule of thumb for the PSI (Siddiqi 2006).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shift {
    Stable,
    Moderate,
    Large,
}

impl Shift {
    fn of(drift: &ColumnDrift) -> Self {
        match drift.population_stability_index() {
            _ if drift.p_value() >= SIGNIFICANT => Shift::Stable,
            index if index < 0.1 => Shift::Stable,
            index if index <= 0.25 => Shift::Moderate,
            _ => Shift::Large,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Shift::Stable => "stable",
            Shift::Moderate => "moderate",
            Shift::Large => "large",
        }
    }
}

/// Figures of the scores and of every column.
pub(super) struct Report {
    described: String,
    rows: usize,
    flagged: usize,
    level: f64,
    calibration_rows: usize,
    scores: Option<ColumnDrift>,
    columns: Vec<(String, Option<ColumnDrift>)>,
}

impl Report {
    /// `described` is the number of rows with the parts they come from.
    pub(super) fn of(comparison: &Comparison, described: String, rows: usize, detector: &Detector) -> Self {
        let (scores, columns) = (comparison.scores().map(ColumnDrift::Number), comparison.columns());
        let (flagged, level) = (comparison.flagged(), detector.level());
        let calibration_rows = detector.record().calibration_rows;
        Report { described, rows, flagged, level, calibration_rows, scores, columns }
    }

    pub(super) fn text(&self) -> String {
        let all = [("scores".to_owned(), self.scores)];
        let rows = all.iter().chain(self.columns.iter().take(SHOWN)).map(|(name, drift)| cells(name, *drift));
        let mut lines = vec![
            format!("{} against {}", self.described, counted(self.calibration_rows, "calibration row")),
            table(&["of", "PSI", if self.has_categories() { "KS or TV" } else { "KS" }, "p-value", "shift"], rows),
        ];
        if let Some(hidden) = self.columns.len().checked_sub(SHOWN).filter(|&hidden| hidden > 0) {
            lines.push(format!("and {} with smaller shifts", counted(hidden, "column")));
        }
        if self.columns.is_empty() {
            lines.push("samples of this size are compared by their scores alone".to_owned());
        }
        lines.push(self.in_words());
        lines.push(format!(
            "{:.2} % of the rows are flagged, {} % are expected of normal rows",
            100.0 * self.flagged as f64 / self.rows.max(1) as f64,
            percent(self.level)
        ));
        lines.push(format!(
            "PSI below 0.1 is stable, up to 0.25 a moderate shift, above it a large one: a rule of thumb; a shift counts \
             only if its p-value is below {SIGNIFICANT}"
        ));
        if self.has_categories() {
            lines.push(
                "a category has the total variation distance (TV) of its levels in place of the Kolmogorov-Smirnov \
                 statistic (KS), and the p-value of the chi-squared test; unseen levels and missing values count as \
                 levels"
                    .to_owned(),
            );
        }
        lines.join("\n")
    }

    fn has_categories(&self) -> bool {
        self.columns.iter().any(|(_, drift)| matches!(drift, Some(ColumnDrift::Category(_))))
    }

    /// Says what the figures mean.
    fn in_words(&self) -> String {
        let excess = flags_more(self.flagged, self.rows, self.calibration_rows, self.level);
        let scores = match (self.scores.as_ref().map(Shift::of), excess) {
            (Some(Shift::Stable), Excess::None) => "the scores are stable, so the false-alarm rate still holds",
            (Some(Shift::Stable), Excess::Significant) => {
                "the scores are stable, but more rows are flagged than among the calibration rows: they are anomalies, or \
                 the data has changed"
            }
            (Some(Shift::Moderate), Excess::None) => "the scores have shifted moderately; watch the false-alarm rate",
            (Some(Shift::Moderate), Excess::Significant) => {
                "the scores have shifted moderately, and more rows are flagged than among the calibration rows: they are \
                 anomalies, or the data has changed"
            }
            (Some(Shift::Large), _) => {
                "the scores have shifted much, so the false-alarm rate no longer holds; fit the detector again on recent \
                 normal rows"
            }
            (None, _) => "no score is a number",
        };
        let shifted = self
            .columns
            .iter()
            .filter(|(_, drift)| drift.as_ref().is_some_and(|drift| Shift::of(drift) != Shift::Stable));
        let shifted = match (self.columns.len(), shifted.count()) {
            (0, _) => String::new(),
            (all, shifted) => format!("; {shifted} of {} shifted", counted(all, "column")),
        };
        let empty = self.empty_columns();
        let empty =
            if empty.is_empty() { String::new() } else { format!("; no row has a value of {}", join_first(&empty)) };
        format!("{scores}{shifted}{empty}")
    }

    /// Returns the names of the columns without a value in any row.
    fn empty_columns(&self) -> Vec<String> {
        self.columns.iter().filter(|(_, drift)| drift.is_none()).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn json(&self) -> Value {
        let columns = self.columns.iter().map(|(name, drift)| {
            let mut object = figures(*drift);
            object["name"] = json!(name);
            object
        });
        json!({
            "rows": self.rows,
            "flagged": self.flagged,
            "level": self.level,
            "calibration_rows": self.calibration_rows,
            "scores": figures(self.scores),
            "columns": columns.collect::<Vec<_>>(),
        })
    }

    /// Returns an error if a PSI is above the limit, with a p-value below 0.01, or if no row has a value of a column.
    pub(super) fn check(&self, limit: f64) -> anyhow::Result<()> {
        let all = [("the scores".to_owned(), self.scores)];
        let above: Vec<String> = all
            .iter()
            .chain(&self.columns)
            .filter_map(|(name, drift)| {
                let drift = (*drift)?;
                let index = drift.population_stability_index();
                (index > limit && drift.p_value() < SIGNIFICANT).then(|| format!("{name} ({index:.3})"))
            })
            .collect();
        let empty = self.empty_columns();
        match (above.is_empty(), empty.is_empty()) {
            (true, true) => Ok(()),
            (false, true) => bail!("the PSI is above {limit} of {}", join_first(&above)),
            (true, false) => bail!("no row has a value of {}", join_first(&empty)),
            (false, false) => {
                bail!(
                    "the PSI is above {limit} of {}, and no row has a value of {}",
                    join_first(&above),
                    join_first(&empty)
                )
            }
        }
    }
}

/// Whether more rows are flagged than are expected of normal rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    None,
    Significant,
}

/// Tests whether the flagged fraction of `rows` rows is above the level by more than chance: the chance of these rows,
/// and that of the calibration rows, whose threshold has a false-alarm rate with the variance of a beta distribution
/// (Vovk 2012), `level (1 - level) / (calibration_rows + 2)`.
fn flags_more(flagged: usize, rows: usize, calibration_rows: usize, level: f64) -> Excess {
    let variance = level * (1.0 - level) * (1.0 / rows.max(1) as f64 + 1.0 / (calibration_rows as f64 + 2.0));
    let fraction = flagged as f64 / rows.max(1) as f64;
    if fraction - level > DEVIATIONS * variance.sqrt() { Excess::Significant } else { Excess::None }
}

fn cells(name: &str, drift: Option<ColumnDrift>) -> Vec<String> {
    let figures = match drift {
        None => ["-", "-", "-", "no values"].map(str::to_owned),
        Some(drift) => {
            let distance = match drift {
                ColumnDrift::Number(Drift { kolmogorov_smirnov, .. }) => kolmogorov_smirnov,
                ColumnDrift::Category(CategoryDrift { total_variation, .. }) => total_variation,
            };
            let p_value = drift.p_value();
            [
                format!("{:.4}", drift.population_stability_index()),
                format!("{distance:.4}"),
                if p_value < 1e-4 { "< 0.0001".to_owned() } else { format!("{p_value:.4}") },
                Shift::of(&drift).name().to_owned(),
            ]
        }
    };
    [name.to_owned()].into_iter().chain(figures).collect()
}

fn figures(drift: Option<ColumnDrift>) -> Value {
    let mut object = json!({
        "psi": drift.map(|drift| drift.population_stability_index()),
        "p_value": drift.map(|drift| drift.p_value()),
        "shift": drift.map(|drift| Shift::of(&drift).name()),
    });
    match drift {
        Some(ColumnDrift::Category(drift)) => object["total_variation"] = json!(drift.total_variation),
        Some(ColumnDrift::Number(drift)) => object["kolmogorov_smirnov"] = json!(drift.kolmogorov_smirnov),
        None => object["kolmogorov_smirnov"] = Value::Null,
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_the_rule_of_thumb_hold_for_shifts_that_are_not_chance() {
        let shift = |population_stability_index, p_value| {
            let drift = Drift { rows: 9, nan: 0, population_stability_index, kolmogorov_smirnov: 0.3, p_value };
            Shift::of(&ColumnDrift::Number(drift))
        };
        use Shift::{Large, Moderate, Stable};
        let shifts = [0.0, 0.0999, 0.1, 0.25, 0.2501, f64::NAN].map(|index| shift(index, 0.0099));
        assert_eq!(shifts, [Stable, Stable, Moderate, Moderate, Large, Large]);
        assert_eq!(shift(3.0, 0.01), Stable);
    }

    #[test]
    fn more_flagged_rows_than_three_standard_deviations_are_an_excess() {
        // The standard deviation is sqrt(0.01 * 0.99 * (1 / 1000 + 1 / 401)) = 0.00588.
        let excess = |flagged| flags_more(flagged, 1000, 399, 0.01);
        assert_eq!(
            [0, 27, 28, 100].map(excess),
            [Excess::None, Excess::None, Excess::Significant, Excess::Significant]
        );
    }
}
