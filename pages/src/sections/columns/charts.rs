//! Parts of the sections of tables of numbers and of mixed tables.

use maud::{Markup, html};
use narrows_evaluate::{CorrelationCharts, MarginalChart};

use crate::{chart::chart, number::short};

/// Largest number of columns with their errors.
pub(super) const MAX_COLUMNS: usize = 40;
/// Matrices of more columns have small text, so fewer of them stand side by side.
const MAX_SMALL: usize = 12;
/// With fewer rows, distributions and correlations say nothing.
pub(super) const MIN_ROWS: usize = 20;

/// Puts the chart of a column of numbers into the page.
pub(super) fn number_chart(drawn: &MarginalChart, names: &[String]) -> Markup {
    let name = names.get(drawn.column).map_or("", String::as_str);
    let distance = short(drawn.distance.kolmogorov_smirnov);
    let description = format!("Distribution of {name} in real and in generated rows, which differ by {distance}");
    html! {
        div {
            (chart(&drawn.svg, &description))
            p.note {
                span.figure { "Kolmogorov-Smirnov " (distance) "," } " "
                span.figure { "Wasserstein " (short(drawn.distance.wasserstein)) }
            }
        }
    }
}

/// Puts the matrices of all pairs of columns into the page.
pub(super) fn matrices(charts: &CorrelationCharts, what: &str) -> Markup {
    html! {
        div class=(if charts.columns.len() > MAX_SMALL { "charts broad" } else { "charts" }) {
            (chart(&charts.real, &format!("{what} of the columns of real rows")))
            (chart(&charts.generated, &format!("{what} of the columns of generated rows")))
            (chart(&charts.difference, "Difference, generated minus real"))
        }
    }
}
