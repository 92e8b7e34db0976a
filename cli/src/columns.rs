//! The columns of a mixed table, with their types and how well a model reconstructs them.

use narrows_bundle::{CellLikelihood, Contract, counted, table::ColumnKind};
#[cfg(feature = "train")]
use narrows_trainer::Figures;

use crate::table::table;

/// Largest number of levels in a list.
const MAX_LEVELS: usize = 4;

/// Returns whether a metric is that of a column.
pub(crate) fn is_of_column(metric: &str) -> bool {
    let mut parts = metric.splitn(3, '.');
    matches!((parts.next(), parts.next(), parts.next()), (Some(_), Some("column"), Some(_)))
}

/// Describes the cells of the rows of a model: name, type, error of the reconstruction, error of the best constant, and
/// share of the loss. `cells` are the distributions of a model that reconstructs rows. `None` for other data than a
/// mixed table.
pub(crate) fn columns(manifest: &impl Contract, cells: Option<&[CellLikelihood]>) -> Option<String> {
    let schema = manifest.sample().table.as_ref()?;
    let metrics = &manifest.training().metrics;
    let part = ["test", "valid", "train"].into_iter().find(|part| metrics.contains_key(&format!("{part}.loss")))?;
    let figure = |cell: &str, figure: &str| metrics.get(&format!("{part}.column.{cell}.{figure}")).copied();
    let rows = schema.cells().into_iter().enumerate().map(|(position, cell)| {
        let kind = schema.columns.get(cell.column).map_or_else(String::new, |column| type_of(&column.kind));
        let baseline = cells.and_then(|cells| cells.get(position)).map(|likelihood| likelihood.baseline);
        let (error, share) = (figure(&cell.name, "error"), figure(&cell.name, "share"));
        CellRow { first: vec![cell.name, kind], error, baseline, share }
    });
    Some(listed(&["column", "type"], part, rows.collect()))
}

/// Describes how well the columns were reconstructed after training; `None` for other data than a mixed table.
#[cfg(feature = "train")]
pub(crate) fn fitted_columns(part: &str, figures: &Figures) -> Option<String> {
    let rows = figures.table.as_ref()?.cells.iter().map(|cell| CellRow {
        first: vec![cell.name.clone()],
        error: Some(cell.error),
        baseline: Some(cell.baseline),
        share: cell.share,
    });
    Some(listed(&["column"], part, rows.collect()))
}

/// A cell in a list.
struct CellRow {
    /// What identifies it.
    first: Vec<String>,
    error: Option<f64>,
    /// The error of the best constant.
    baseline: Option<f64>,
    share: Option<f64>,
}

/// Lists cells with their figures, without the figures that no cell has.
fn listed(identity: &[&str], part: &str, rows: Vec<CellRow>) -> String {
    let has = |figure: fn(&CellRow) -> Option<f64>| rows.iter().any(|row| figure(row).is_some());
    let shown = [has(|row| row.error), has(|row| row.baseline), has(|row| row.share)];
    let names = [format!("{part} error"), "of a constant".to_owned(), "share of the loss".to_owned()];
    let names = names.iter().zip(shown).filter(|(_, is_shown)| *is_shown).map(|(name, _)| name.as_str());
    let heading: Vec<&str> = identity.iter().copied().chain(names).collect();
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
    let cells = rows.iter().map(|CellRow { first, error, baseline, share }| {
        let share = share.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share));
        let figures = [number(*error), number(*baseline), share].into_iter().zip(shown);
        let figures = figures.filter(|(_, is_shown)| *is_shown).map(|(text, _)| text);
        first.iter().cloned().chain(figures).collect::<Vec<_>>()
    });
    table(&heading, cells)
}

/// Describes a type, such as `category of 3 levels: Adelie, Gentoo, Chinstrap`.
fn type_of(kind: &ColumnKind) -> String {
    match kind {
        ColumnKind::Category { levels } | ColumnKind::Ordered { levels } => {
            let first = levels.iter().take(MAX_LEVELS).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if levels.len() > MAX_LEVELS { ", ..." } else { "" };
            format!("{} of {}: {first}{more}", kind.name(), counted(levels.len(), "level"))
        }
        ColumnKind::Number { .. }
        | ColumnKind::HeavyTailed { .. }
        | ColumnKind::Count
        | ColumnKind::Date { .. }
        | ColumnKind::Label { .. } => kind.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_of_columns_are_recognised_whatever_the_name_of_the_column() {
        assert!(is_of_column("test.column.price.error") && is_of_column("train.column.a.b.share"));
        assert!(!is_of_column("test.loss") && !is_of_column("pretrain.layer1.loss") && !is_of_column("test.column"));
    }

    #[test]
    fn the_first_levels_describe_a_category() {
        let levels = |count: usize| (0..count).map(|level| format!("l{level}")).collect();
        assert_eq!(type_of(&ColumnKind::Category { levels: levels(1) }), "category of 1 level: l0");
        assert_eq!(type_of(&ColumnKind::Ordered { levels: levels(5) }), "ordered of 5 levels: l0, l1, l2, l3, ...");
        assert_eq!(type_of(&ColumnKind::Count), "count");
    }
}
