//! Tables: the error of each column, and the columns of generated rows against those of real ones.

mod charts;
mod mixed;

use maud::html;
use narrows_evaluate::{Correlations, correlation_charts, marginal_charts};
use narrows_runtime::bundle::counted;
use ndarray::Axis;

use self::charts::{MAX_COLUMNS, MIN_ROWS, matrices, number_chart};
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Compared, Gathered},
    look::Look,
    name::name as shown_name,
    number::short,
};

/// Returns the sections of a table; none for images and series.
pub(super) fn sections(gathered: &Gathered) -> Result<Vec<Section>, PageError> {
    let Look::Table { columns, cells } = Look::of(gathered) else { return Ok(Vec::new()) };
    if gathered.manifest.sample.table.is_some() {
        return mixed::sections(gathered, &columns, &cells);
    }
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
    let body = html! {
        p {
            (counted(compared.samples.nrows(), "generated row")) " against " (counted(compared.real.nrows(), "real row"))
            ". The Kolmogorov-Smirnov statistic is the largest difference of the two cumulative distributions, from 0 to \
             1; the Wasserstein distance is in the unit of the column."
            @if charts.len() < names.len() { " " (charts.len()) " of " (counted(names.len(), "column")) ", those that differ most." }
            @if names.len() < all { " Without " (counted(all - names.len(), "column")) " of equal values." }
        }
        div.charts { @for drawn in &charts { (number_chart(drawn, &names)) } }
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
        (matrices(&charts, "Correlations"))
    };
    Ok(Some(Section { id: "correlations", title: "Correlations of columns".to_owned(), body }))
}
