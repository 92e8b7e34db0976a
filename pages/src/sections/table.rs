//! Tables of values, for samples that are rows of a table.

use maud::{Markup, html};
use narrows_evaluate::Figures;
use narrows_runtime::bundle::counted;
use ndarray::ArrayView2;

use crate::{
    gathered::{Gathered, Reconstructed},
    look::{CellFormat, Cells},
    name::name,
    number::short,
};

/// Largest number of columns of a table.
const MAX_COLUMNS: usize = 12;
/// Why the columns with the largest errors are chosen.
pub(super) const LARGEST_ERRORS: &str = "those with the largest errors";

/// Returns the indices of at most 12 columns: those with the largest errors, in the order of the columns.
pub(super) fn columns_with_largest_errors(figures: &Figures) -> Vec<usize> {
    let mut errors: Vec<(usize, f64)> = match figures.cells.is_empty() {
        true => figures.features.iter().map(|feature| (feature.feature, feature.mse)).collect(),
        false => figures.cells.iter().map(|cell| (cell.cell, cell.error)).collect(),
    };
    errors.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut chosen: Vec<usize> = errors.into_iter().take(MAX_COLUMNS).map(|(column, _)| column).collect();
    chosen.sort_unstable();
    chosen
}

/// Says which columns a table has; `None` if it has all.
fn left_out(chosen: usize, all: usize, reason: &str) -> Option<Markup> {
    (chosen < all)
        .then(|| html! { p.note { "The table has " (chosen) " of " (counted(all, "column")) ": " (reason) "." } })
}

/// A table of groups of rows with their reconstructions, each group under its heading.
pub(super) fn pairs_table(
    gathered: &Gathered,
    groups: &[(&str, &Vec<Reconstructed>)],
    (names, cells): (&[String], &Cells),
    chosen: &[usize],
) -> Markup {
    let has_classes = !gathered.classes.is_empty();
    let comparable = |&column: &usize| {
        let rows = groups.iter().flat_map(|(_, rows)| rows.iter());
        let values = rows.flat_map(|shown| [shown.row.values[column], shown.reconstruction[column]]);
        (column, cells.format(column, values))
    };
    let columns: Vec<(usize, CellFormat<'_>)> = chosen.iter().map(comparable).collect();
    html! {
        div.wide { table {
            thead { tr {
                th { "row" }
                @if has_classes { th { "class" } }
                th { "error" }
                @for &column in chosen { th { (name(&names[column])) } }
            } }
            @for (heading, rows) in groups { tbody {
                tr.group { th scope="rowgroup" colspan=(2 + usize::from(has_classes) + chosen.len()) { (heading) } }
                @for Reconstructed { row, reconstruction } in *rows { tr {
                    td { (row.number) }
                    @if has_classes {
                        @let class = row.class.and_then(|class| gathered.classes.get(class));
                        td { (name(class.map_or("", String::as_str))) }
                    }
                    td { (short(row.error)) }
                    @for &(column, format) in &columns {
                        td { (format.text(row.values[column])) " → " (format.text(reconstruction[column])) }
                    }
                } }
            } }
        } }
        @if let Some(note) = left_out(chosen.len(), names.len(), LARGEST_ERRORS) { (note) }
    }
}

/// A table of rows, `[rows, features]`. `headings` are the first cells of the rows, under the heading `first`. `reason`
/// says why these columns are chosen.
pub(super) fn values_table(
    (first, headings): (&str, &[String]),
    rows: ArrayView2<'_, f32>,
    (names, cells): (&[String], &Cells),
    (chosen, reason): (&[usize], &str),
) -> Markup {
    let comparable = |&column: &usize| (column, cells.format(column, rows.column(column).to_vec().into_iter()));
    let columns: Vec<(usize, CellFormat<'_>)> = chosen.iter().map(comparable).collect();
    html! {
        div.wide { table {
            thead { tr { th { (first) } @for &column in chosen { th { (name(&names[column])) } } } }
            tbody { @for (heading, row) in headings.iter().zip(rows.outer_iter()) { tr {
                td { (name(heading)) }
                @for &(column, format) in &columns { td { (format.text(row[column])) } }
            } } }
        } }
        @if let Some(note) = left_out(chosen.len(), names.len(), reason) { (note) }
    }
}
