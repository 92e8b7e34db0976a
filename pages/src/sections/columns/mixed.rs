//! The columns of a mixed table: their errors, and generated values and associations against real ones.

use maud::{Markup, html};
use narrows_evaluate::{Associations, CellFigures, Correlations, correlation_charts, marginal_charts, total_variation};
use narrows_runtime::bundle::{
    counted,
    table::{Cell, CellKind},
};
use ndarray::{Array2, Axis};

use super::charts::{MAX_COLUMNS, MIN_ROWS, matrices, number_chart};
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Compared, Gathered},
    look::{Cells, level_name},
    name::name as shown_name,
    number::{percent, short},
};

/// The most levels of a category that have bars; the others share one line.
const MAX_LEVELS: usize = 8;
/// The most categories that are shown, those that differ most.
const MAX_CATEGORIES: usize = 24;
/// With more cells, the associations of all pairs would take minutes.
const MAX_ASSOCIATED: usize = 100;

/// Returns the sections.
pub(super) fn sections(gathered: &Gathered, names: &[String], looks: &Cells) -> Result<Vec<Section>, PageError> {
    let cells = gathered.manifest.sample.cells().unwrap_or_default();
    let mut all = vec![errors(gathered)];
    let compared = gathered.generated.as_ref().and_then(|generated| generated.quality.as_ref());
    if let Some(compared) = compared.filter(|compared| compared.real.nrows() >= MIN_ROWS) {
        all.push(marginals(compared, &cells, names, looks)?);
        all.extend(associations(compared, &cells, names)?);
    }
    Ok(all)
}

fn errors(gathered: &Gathered) -> Section {
    let mut cells: Vec<&CellFigures> = gathered.figures.cells.iter().collect();
    cells.sort_by(|one, other| other.error.total_cmp(&one.error));
    let all = cells.len();
    cells.truncate(MAX_COLUMNS);
    let explained = |cell: usize| gathered.figures.features.iter().find(|feature| feature.feature == cell);
    let explained = |cell| explained(cell).map(|feature| feature.explained_variance);
    let error = match gathered.manifest.kind.is_variational() {
        true => "negative log-likelihood of each column in nats",
        false => "error of each column relative to that of the best constant, which has 1",
    };
    let body = html! {
        p {
            "The " (error) ", mean over those of " (gathered.about.rows) " that have a value. The reconstruction of a \
             category is right in the accuracy as a fraction of the rows; its cross-entropy is in nats. That of a number \
             explains a fraction of its variance (R²). The largest error is first"
            @if cells.len() < all { "; " (cells.len()) " of " (counted(all, "column")) }
            "."
        }
        div.wide { table {
            thead { tr {
                th { "column" } th { "error" } th { "accuracy" } th { "cross-entropy" } th { "explained variance" }
                th { "rows" } th { "unseen levels" }
            } }
            tbody { @for cell in cells { tr {
                td { (shown_name(&cell.name)) }
                td { (short(cell.error)) }
                td { (cell.category.map_or(String::new(), |category| short(category.accuracy))) }
                td { (cell.category.map_or(String::new(), |category| short(category.cross_entropy))) }
                td {
                    @match explained(cell.cell) {
                        Some(Some(fraction)) => { (short(fraction)) }
                        Some(None) => { "constant" }
                        None => {}
                    }
                }
                td { (cell.rows) }
                td { (cell.category.map_or(String::new(), |category| category.unseen.to_string())) }
            } } }
        } }
    };
    Section { id: "columns", title: "Error of each column".to_owned(), body }
}

fn marginals(compared: &Compared, cells: &[Cell], names: &[String], looks: &Cells) -> Result<Section, PageError> {
    let is_number = |cell: &Cell| match cell.kind {
        CellKind::Number | CellKind::HeavyTailed | CellKind::Count => true,
        CellKind::Category { .. } => false,
    };
    let numbers: Vec<usize> = (0..cells.len()).filter(|&index| is_number(&cells[index])).collect();
    let [real, samples] = [&compared.real, &compared.samples].map(|rows| rows.select(Axis(1), &numbers));
    let number_names: Vec<String> = numbers.iter().filter_map(|&column| names.get(column)).cloned().collect();
    let charts = marginal_charts(&number_names, real.view(), samples.view())?;
    let mut categories: Vec<(usize, f64)> = (0..cells.len())
        .filter(|&index| !is_number(&cells[index]))
        .filter_map(|index| {
            let column = |rows: &Array2<f32>| rows.column(index).to_vec().into_iter();
            Some((index, total_variation(column(&compared.real), column(&compared.samples))?))
        })
        .collect();
    let all = categories.len();
    categories.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    categories.truncate(MAX_CATEGORIES);
    categories.sort_by_key(|(column, _)| *column);
    let body = html! {
        p {
            (counted(compared.samples.nrows(), "generated row")) " against " (counted(compared.real.nrows(), "real row"))
            ". The Kolmogorov-Smirnov statistic is the largest difference of the two cumulative distributions of a number, \
             and the total variation half of the sum of the differences of the frequencies of the levels of a category; \
             both are from 0 to 1. The Wasserstein distance is in the unit of the column."
            @if charts.len() < numbers.len() {
                " " (charts.len()) " of " (counted(numbers.len(), "number column")) ", those that differ most."
            }
            @if categories.len() < all {
                " " (categories.len()) " of " (counted(all, "category column")) ", those that differ most."
            }
        }
        div.charts { @for drawn in &charts { (number_chart(drawn, &number_names)) } }
        div.charts { @for &(column, distance) in &categories {
            div {
                h3 { (shown_name(names.get(column).map_or("", String::as_str))) }
                (levels_table(compared, column, looks.levels(column).unwrap_or_default()))
                p.note { span.figure { "total variation " (short(distance)) } }
            }
        } }
    };
    Ok(Section { id: "marginals", title: "Real and generated columns".to_owned(), body })
}

/// The frequencies of the levels of a category, the most frequent in the real rows first, with bars.
fn levels_table(compared: &Compared, column: usize, levels: &[String]) -> Markup {
    // The last one is for missing values.
    let position = |value: f32| if value.is_nan() { levels.len() + 1 } else { (value as usize).min(levels.len()) };
    let frequencies = |rows: &Array2<f32>| {
        let mut counts = vec![0_usize; levels.len() + 2];
        rows.column(column).iter().for_each(|&value| counts[position(value)] += 1);
        counts.into_iter().map(|count| count as f64 / rows.nrows().max(1) as f64).collect::<Vec<f64>>()
    };
    let (real, generated) = (frequencies(&compared.real), frequencies(&compared.samples));
    let mut order: Vec<usize> = (0..real.len()).filter(|&level| real[level] + generated[level] > 0.0).collect();
    order.sort_by(|&one, &other| real[other].total_cmp(&real[one]));
    let others = order.split_off(order.len().min(MAX_LEVELS));
    let sum = |frequencies: &[f64]| others.iter().map(|&level| frequencies[level]).sum::<f64>();
    let name = |level: usize| match level > levels.len() {
        true => "missing",
        false => level_name(levels, level as f32),
    };
    let line = |name: &str, [real, generated]: [f64; 2]| {
        html! { tr {
            td { (shown_name(name)) }
            @for (share, set) in [(real, "real"), (generated, "generated")] {
                td { (percent(share)) }
                td { meter min="0" max="1" value=(format!("{share:.4}")) aria-label={ (set) " rows with " (name) } {} }
            }
        } }
    };
    html! {
        table {
            thead { tr { th { "level" } th colspan="2" { "real" } th colspan="2" { "generated" } } }
            tbody {
                @for &level in &order { (line(name(level), [real[level], generated[level]])) }
                @if !others.is_empty() {
                    (line(&format!("{} more", others.len()), [sum(&real), sum(&generated)]))
                }
            }
        }
    }
}

fn associations(compared: &Compared, cells: &[Cell], names: &[String]) -> Result<Option<Section>, PageError> {
    let section = |body| Some(Section { id: "correlations", title: "Associations of columns".to_owned(), body });
    if cells.len() > MAX_ASSOCIATED {
        return Ok(section(html! {
            p { "The table has more than " (MAX_ASSOCIATED) " columns, so the associations of their pairs are left out." }
        }));
    }
    let Some(found) = Associations::of(cells, compared.real.view(), compared.samples.view()) else { return Ok(None) };
    let Some(difference) = found.mean_absolute_difference() else { return Ok(None) };
    // A column that does not vary has no association with any other.
    let varies = |matrix: &Array2<f64>, column: usize| {
        matrix.row(column).iter().enumerate().any(|(other, value)| other != column && !value.is_nan())
    };
    let varies = |&column: &usize| varies(&found.real, column) && varies(&found.generated, column);
    let columns: Vec<usize> = (0..cells.len()).filter(varies).collect();
    let pairs = |matrix: &Array2<f64>| {
        let pairs = matrix.select(Axis(0), &columns).select(Axis(1), &columns);
        pairs.mapv(|value| if value.is_nan() { 0.0 } else { value })
    };
    let constant = cells.len() - columns.len();
    if columns.len() < 2 {
        return Ok(None);
    }
    let pairs = Correlations { real: pairs(&found.real), generated: pairs(&found.generated), columns };
    let charts = correlation_charts(names, &pairs)?;
    Ok(section(html! {
        p {
            "The association of every pair of columns in real and in generated rows: the correlation of two numbers \
             (Pearson), Cramér's V of two categories, and the correlation ratio of a category and a number. They differ \
             by " (short(difference)) " on average."
            @if constant > 0 { " Without " (counted(constant, "column")) " of equal values." }
        }
        (matrices(&charts, "Associations"))
    }))
}
