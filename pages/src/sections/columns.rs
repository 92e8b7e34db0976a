//! Tables: the error of each column, and the columns of generated rows against those of real ones.

use maud::{Markup, html};
use narrows_evaluate::{Correlations, MarginalChart, correlation_charts, marginal_charts};
use narrows_runtime::bundle::counted;
use ndarray::Axis;

use crate::{
    chart::chart,
    error::PageError,
    frame::Section,
    gathered::{Compared, Gathered},
    look::Look,
    name::name as shown_name,
    number::short,
};

/// Largest number of columns with their errors.
const MAX_COLUMNS: usize = 40;
/// Matrices of more columns have small text, so fewer of them stand side by side.
const MAX_SMALL: usize = 12;
/// With fewer rows, distributions and correlations say nothing.
const MIN_ROWS: usize = 20;

/// Returns the sections of a table; none for images and series.
pub(super) fn sections(gathered: &Gathered) -> Result<Vec<Section>, PageError> {
    let Look::Table { columns } = Look::of(gathered) else { return Ok(Vec::new()) };
    let mut all = vec![errors(gathered, &columns)];
    let compared = gathered.generated.as_ref().and_then(|generated| generated.quality.as_ref());
    if let Some(compared) = compared.filter(|compared| compared.real.nrows() >= MIN_ROWS) {
        all.extend(marginals(compared, &columns)?);
        all.extend(correlations(compared, &columns)?);
    }
    Ok(all)
}

fn errors(gathered: &Gathered, names: &[String]) -> Section {
    let mut features: Vec<_> = gathered.figures.features.iter().collect();
    features.sort_by(|one, other| other.mse.total_cmp(&one.mse));
    let all = features.len();
    features.truncate(MAX_COLUMNS);
    let body = html! {
        p {
            "Mean squared error of each column over " (gathered.about.rows) ", in squared scaled units, and the fraction \
             of its variance that the reconstruction explains (R²); the largest error is first"
            @if features.len() < all { "; " (features.len()) " of " (counted(all, "column")) }
            "."
        }
        div.wide { table {
            thead { tr { th { "column" } th { "mean squared error" } th { "explained variance" } } }
            tbody { @for feature in features { tr {
                td { (shown_name(names.get(feature.feature).map_or("", String::as_str))) }
                td { (short(feature.mse)) }
                td { (feature.explained_variance.map_or("constant".to_owned(), short)) }
            } } }
        } }
    };
    Section { id: "columns", title: "Error of each column".to_owned(), body }
}

fn marginals(compared: &Compared, names: &[String]) -> Result<Option<Section>, PageError> {
    let all = names.len();
    // A column of equal values has no distribution.
    let varies = |column: &usize| {
        let mut values = compared.real.column(*column).into_iter().filter(|value| value.is_finite());
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let varying: Vec<usize> = (0..all).filter(varies).collect();
    let [real, samples] = [&compared.real, &compared.samples].map(|rows| rows.select(Axis(1), &varying));
    let names: Vec<String> = varying.iter().filter_map(|&column| names.get(column)).cloned().collect();
    let charts = marginal_charts(&names, real.view(), samples.view())?;
    if charts.is_empty() {
        return Ok(None);
    }
    let draw = |drawn: &MarginalChart| -> Markup {
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
    };
    let body = html! {
        p {
            (counted(compared.samples.nrows(), "generated row")) " against " (counted(compared.real.nrows(), "real row"))
            ". The Kolmogorov-Smirnov statistic is the largest difference of the two cumulative distributions, from 0 to \
             1; the Wasserstein distance is in the unit of the column."
            @if charts.len() < names.len() { " " (charts.len()) " of " (counted(names.len(), "column")) ", those that differ most." }
            @if names.len() < all { " Without " (counted(all - names.len(), "column")) " of equal values." }
        }
        div.charts { @for drawn in &charts { (draw(drawn)) } }
    };
    Ok(Some(Section { id: "marginals", title: "Real and generated columns".to_owned(), body }))
}

fn correlations(compared: &Compared, names: &[String]) -> Result<Option<Section>, PageError> {
    let Some(correlations) = Correlations::of(compared.real.view(), compared.samples.view()) else { return Ok(None) };
    let Some(difference) = correlations.mean_absolute_difference() else { return Ok(None) };
    let charts = correlation_charts(names, &correlations)?;
    let constant = compared.real.len_of(Axis(1)) - correlations.columns.len();
    let body = html! {
        p {
            "The correlation of every pair of columns (Pearson) in real and in generated rows. They differ by "
            (short(difference)) " on average, of at most 2."
            @if constant > 0 { " Without " (counted(constant, "column")) " of equal values." }
        }
        div class=(if charts.columns.len() > MAX_SMALL { "charts broad" } else { "charts" }) {
            (chart(&charts.real, "Correlations of the columns of real rows"))
            (chart(&charts.generated, "Correlations of the columns of generated rows"))
            (chart(&charts.difference, "Difference of the correlations, generated minus real"))
        }
    };
    Ok(Some(Section { id: "correlations", title: "Correlations of columns".to_owned(), body }))
}
