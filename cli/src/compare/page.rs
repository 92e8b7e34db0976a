//! The report as one web page without other files.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, column::Column, report::cell_text, rows::Row};

/// Follows the light or dark setting of the browser. Wide tables scroll on a phone, and charts shrink.
const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --line: #ddd; --best: #e3f1e6; }\n\
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #1b1b1d; --line: #444; --best: #1f4028; } }\n\
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem; \
margin: 0 auto; padding: 1rem; }\n\
.wide { overflow-x: auto; }\n\
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }\n\
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }\n\
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }\n\
tr.first td { border-top: 2px solid var(--ink); }\n\
td.best { background: var(--best); font-weight: 600; }\n\
figure { margin: 1.5rem 0; }\n\
svg { max-width: 100%; height: auto; border-radius: .5rem; }\n\
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }\n";

/// Returns the page. `charts` are SVG images.
pub(super) fn page(report: &Report<'_>, charts: &[&str]) -> String {
    let title = format!("Comparison on {}", report.data);
    let columns = report.columns();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p { (report.protocol) }
                @if !report.cells.is_empty() { div.wide { (table(report, &columns)) } }
                ul { @for sentence in report.all_sentences() { li { (sentence) } } }
                @for chart in charts { figure { (PreEscaped(chart)) } }
                @if !columns.is_empty() { h2 { "Columns" } }
                dl { @for column in &columns { dt { (column.heading()) } dd { (column.meaning()) } } }
            }
        }
    };
    markup.into_string()
}

fn table(report: &Report<'_>, columns: &[Column]) -> Markup {
    let rows = report.rows();
    let is_first = |index: usize| {
        index == 0
            || rows.get(index - 1).map(|row| row.group.latent_dim) != rows.get(index).map(|row| row.group.latent_dim)
    };
    html! {
        table {
            thead { tr { @for heading in report.headings() { th { (heading) } } } }
            tbody {
                @for (index, row) in rows.iter().enumerate() {
                    tr.first[is_first(index)] {
                        td { (row.group.latent_dim) }
                        td { (row.group.name()) }
                        @for column in columns { (cell(row, *column)) }
                    }
                }
            }
        }
    }
}

fn cell(row: &Row, column: Column) -> Markup {
    html! { td.best[row.is_best(column)] { (cell_text(row, column)) } }
}
