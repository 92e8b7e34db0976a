//! The report as one web page without other files.

use maud::{Markup, html};
use narrows_pages::{Page, Section, chart};

use super::{Report, column::Column, report::cell_text, rows::Row};

/// Returns the page. `charts` are SVG images with what they show.
pub(super) fn page(report: &Report<'_>, charts: &[(&str, &str)]) -> String {
    let title = format!("Comparison on {}", report.data);
    let columns = report.columns();
    let mut sections = vec![Section {
        id: "models",
        title: "Models".to_owned(),
        body: html! {
            @if !report.cells.is_empty() { div.wide { (table(report, &columns)) } }
            ul { @for sentence in report.all_sentences() { li { (sentence) } } }
        },
    }];
    if !charts.is_empty() {
        sections.push(Section {
            id: "charts",
            title: "Charts".to_owned(),
            body: html! { @for (svg, description) in charts { (chart(svg, description)) } },
        });
    }
    if !columns.is_empty() {
        sections.push(Section {
            id: "columns",
            title: "Columns".to_owned(),
            body: html! { dl { @for column in &columns { dt { (column.heading()) } dd { (column.meaning()) } } } },
        });
    }
    Page { title: &title, introduction: html! { p { (report.protocol) } }, sections, styles: &[], scripts: &[] }.html()
}

fn table(report: &Report<'_>, columns: &[Column]) -> Markup {
    let rows = report.rows();
    let is_first = |index: usize| {
        index == 0
            || rows.get(index - 1).map(|row| row.group.latent_dim) != rows.get(index).map(|row| row.group.latent_dim)
    };
    html! {
        table.models {
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
