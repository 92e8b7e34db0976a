//! Figures of the cells of a mixed table: how well they are reconstructed, and how near generated ones are to real
//! ones.

use narrows_bundle::{Manifest, counted, table::CellKind};
use narrows_evaluate::{Associations, CategoryFigures, CellFigures, Figures, MarginalDistance, total_variation};
use ndarray::ArrayView2;
use serde_json::{Value, json};

use super::lines::{Group, Line};
use crate::table::table;

/// Number of cells that are shown as text.
const SHOWN: usize = 20;
/// With more cells, the associations of all pairs would take minutes.
const MAX_ASSOCIATED: usize = 100;

/// Generated cells compared with real ones.
pub(super) struct GeneratedCells {
    cells: Vec<(String, Distance)>,
    /// Mean absolute difference of the associations of all pairs of cells, if there are not too many.
    associations: Option<f64>,
}

/// How far generated values of a cell are from real ones.
#[derive(Debug, Clone, Copy)]
enum Distance {
    /// Total variation distance of the frequencies of the levels.
    Category(f64),
    Number(MarginalDistance),
}

impl Distance {
    /// Returns a distance from 0 to 1: the total variation, or the Kolmogorov-Smirnov statistic.
    fn relative(self) -> f64 {
        match self {
            Distance::Category(distance) => distance,
            Distance::Number(distance) => distance.kolmogorov_smirnov,
        }
    }
}

impl GeneratedCells {
    /// Compares rows of cells, `[rows, cells]` each; `None` if the model takes no mixed table.
    pub(super) fn of(
        manifest: &Manifest,
        real: ArrayView2<'_, f32>,
        generated: ArrayView2<'_, f32>,
    ) -> Option<GeneratedCells> {
        let cells = manifest.sample.cells()?;
        let associations = (cells.len() <= MAX_ASSOCIATED).then(|| Associations::of(&cells, real, generated)).flatten();
        let compared = cells.into_iter().enumerate().filter_map(|(index, cell)| {
            let column = |rows: &ArrayView2<'_, f32>| rows.column(index).to_vec().into_iter();
            let distance = match cell.kind {
                CellKind::Category { .. } => Distance::Category(total_variation(column(&real), column(&generated))?),
                CellKind::Number | CellKind::HeavyTailed | CellKind::Count => {
                    Distance::Number(MarginalDistance::of(column(&real), column(&generated))?)
                }
            };
            Some((cell.name, distance))
        });
        let associations = associations.and_then(|associations| associations.mean_absolute_difference());
        Some(GeneratedCells { cells: compared.collect(), associations })
    }

    /// Returns the mean distances as lines.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mean = |of: fn(&Distance) -> Option<f64>| {
            let values: Vec<f64> = self.cells.iter().filter_map(|(_, distance)| of(distance)).collect();
            (!values.is_empty()).then(|| (values.iter().sum::<f64>() / values.len() as f64, values.len()))
        };
        let total_variation = mean(|distance| match distance {
            Distance::Category(distance) => Some(*distance),
            Distance::Number(_) => None,
        });
        let kolmogorov_smirnov = mean(|distance| match distance {
            Distance::Category(_) => None,
            Distance::Number(distance) => Some(distance.kolmogorov_smirnov),
        });
        let mut lines = Vec::new();
        if let Some((distance, cells)) = total_variation {
            let unit = format!("of 1, mean over {}", counted(cells, "category column"));
            lines.push(Line::number("total_variation", "total variation", distance, unit));
        }
        if let Some((distance, cells)) = kolmogorov_smirnov {
            let unit = format!("of 1, mean over {}", counted(cells, "number column"));
            lines.push(Line::number("kolmogorov_smirnov", "Kolmogorov-Smirnov", distance, unit));
        }
        if let Some(difference) = self.associations {
            let unit = "mean absolute difference over all pairs of columns";
            lines.push(Line::number("association_difference", "associations", difference, unit));
        }
        lines
    }

    /// Returns the columns that differ most, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut cells: Vec<&(String, Distance)> = self.cells.iter().collect();
        cells.sort_by(|(_, one), (_, other)| other.relative().total_cmp(&one.relative()));
        let worst = cells.iter().take(5).map(|(name, distance)| format!("{name} {:.4}", distance.relative()));
        vec![format!("columns that differ most: {}", worst.collect::<Vec<_>>().join(", "))]
    }

    pub(super) fn json(&self) -> Value {
        let cell = |(name, distance): &(String, Distance)| match distance {
            Distance::Category(distance) => json!({ "column": name, "total_variation": distance }),
            Distance::Number(MarginalDistance { kolmogorov_smirnov, wasserstein }) => {
                json!({ "column": name, "kolmogorov_smirnov": kolmogorov_smirnov, "wasserstein": wasserstein })
            }
        };
        self.cells.iter().map(cell).collect()
    }
}

/// Returns the figures of the cells as a group, the largest errors first; `None` if there are none. `has_nats` says
/// whether the errors are negative log-likelihoods.
pub(super) fn group(figures: &Figures, has_nats: bool) -> Option<Group> {
    let mut cells: Vec<&CellFigures> = figures.cells.iter().collect();
    if cells.is_empty() {
        return None;
    }
    let all = cells.len();
    cells.sort_by(|one, other| other.error.total_cmp(&one.error));
    cells.truncate(SHOWN);
    let rows = cells.into_iter().map(|cell| {
        let number = |value: Option<f64>| match value {
            Some(value) if !value.is_nan() => format!("{value:.4}"),
            Some(_) | None => "-".to_owned(),
        };
        let category = cell.category.as_ref();
        vec![
            cell.name.clone(),
            number(Some(cell.error)),
            number(category.map(|category| category.accuracy)),
            number(category.map(|category| category.cross_entropy)),
            number(explained_variance(figures, cell.cell)),
            cell.rows.to_string(),
        ]
    });
    let shown = table(&["column", "error", "accuracy", "cross-entropy", "R^2", "rows"], rows);
    let mut notes: Vec<String> = shown.lines().map(str::to_owned).collect();
    if all > SHOWN {
        notes.push(format!("and {} with smaller errors, see --json", counted(all - SHOWN, "column")));
    }
    notes.push(match has_nats {
        true => "error and cross-entropy in nats; a missing value counts in no figure".to_owned(),
        false => "error relative to the best constant, 1; cross-entropy in nats; a missing value counts in no figure"
            .to_owned(),
    });
    let unseen: usize = figures.cells.iter().filter_map(|cell| cell.category.as_ref()).map(|found| found.unseen).sum();
    if unseen > 0 {
        notes.push(format!("{} in the rows, which no reconstruction can be", counted(unseen, "unseen level")));
    }
    Some(Group { heading: "Columns".to_owned(), lines: accuracy(figures).into_iter().collect(), notes })
}

/// Returns the share of all categories that are reconstructed as the right level.
fn accuracy(figures: &Figures) -> Option<Line> {
    let of = |cell: &CellFigures| cell.category.map(|category| (category.accuracy * cell.rows as f64, cell.rows));
    let categories: Vec<(f64, usize)> = figures.cells.iter().filter_map(of).collect();
    let (right, all) = categories.iter().fold((0.0, 0), |sums, (right, rows)| (sums.0 + right, sums.1 + rows));
    let unit = format!("of 1, over all values of {}", counted(categories.len(), "category column"));
    (all > 0).then(|| Line::number("category_accuracy", "accuracy of categories", right / all as f64, unit))
}

fn explained_variance(figures: &Figures, cell: usize) -> Option<f64> {
    figures.features.iter().find(|feature| feature.feature == cell).and_then(|feature| feature.explained_variance)
}

/// Returns the figures of all cells as JSON.
pub(super) fn json(figures: &Figures) -> Value {
    let cell = |cell: &CellFigures| {
        let mut object = json!({ "column": cell.name, "rows": cell.rows, "error": cell.error });
        match &cell.category {
            Some(CategoryFigures { accuracy, cross_entropy, unseen, .. }) => {
                object["accuracy"] = json!(accuracy);
                object["cross_entropy"] = json!(cross_entropy);
                object["unseen"] = json!(unseen);
            }
            None => {
                let feature = figures.features.iter().find(|feature| feature.feature == cell.cell);
                object["mse"] = json!(feature.map(|feature| feature.mse));
                object["explained_variance"] = json!(explained_variance(figures, cell.cell));
            }
        }
        object
    };
    figures.cells.iter().map(cell).collect()
}
