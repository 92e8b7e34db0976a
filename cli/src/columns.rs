//! The columns of a mixed table, with their types and how well a model reconstructs them.

use narrows_bundle::{Contract, counted, table::ColumnKind};
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

/// Describes the cells of the rows of a model: name, type, error of the reconstruction and share of the loss. `None`
/// for other data than a mixed table.
pub(crate) fn columns(manifest: &impl Contract) -> Option<String> {
    let schema = manifest.sample().table.as_ref()?;
    let metrics = &manifest.training().metrics;
    let part = ["test", "valid", "train"].into_iter().find(|part| metrics.contains_key(&format!("{part}.loss")))?;
    let figure = |cell: &str, figure: &str| metrics.get(&format!("{part}.column.{cell}.{figure}")).copied();
    let rows = schema.cells().into_iter().map(|cell| {
        let kind = schema.columns.get(cell.column).map_or_else(String::new, |column| type_of(&column.kind));
        row(&cell.name, kind, figure(&cell.name, "error"), figure(&cell.name, "share"))
    });
    Some(table(&["column", "type", &format!("{part} error"), "share of the loss"], rows))
}

/// Describes how well the columns were reconstructed after training; `None` for other data than a mixed table.
#[cfg(feature = "train")]
pub(crate) fn fitted_columns(part: &str, figures: &Figures) -> Option<String> {
    let cells = &figures.table.as_ref()?.cells;
    let rows = cells
        .iter()
        .map(|cell| vec![cell.name.clone(), format!("{:.4}", cell.error), format!("{:.1} %", 100.0 * cell.share)]);
    Some(table(&["column", &format!("{part} error"), "share of the loss"], rows))
}

fn row(name: &str, kind: String, error: Option<f64>, share: Option<f64>) -> Vec<String> {
    let error = error.map_or_else(String::new, |error| format!("{error:.4}"));
    let share = share.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share));
    vec![name.to_owned(), kind, error, share]
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
        | ColumnKind::Label => kind.name().to_owned(),
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
